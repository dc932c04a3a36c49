"""The whole stack, and bundles signed with it."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.sigstack.authority import Fulcio, TimestampAuthority, Wanted, der, derived, spki
from tests.sigstack.merkle import Log, b64, sha256

Json = dict[str, Any]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
INTOTO = "application/vnd.in-toto+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMAIL = "ci@audit.test"


def canonical(value: Json) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def seconds(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Signer:
    """A key, and the certificate it got; without one it is a plain key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate | None = None

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    @property
    def verifier_der(self) -> bytes:
        return der(self.certificate) if self.certificate else spki(self.key.public_key())

    @property
    def verifier_pem(self) -> bytes:
        if self.certificate:
            return self.certificate.public_bytes(Encoding.PEM)
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Stack:
    """One private Sigstore under one URL."""

    seed: str = "audit"
    url: str = "http://127.0.0.1:8002"
    now: Callable[[], datetime] = lambda: NOON
    padding: int = 3
    fulcio: Fulcio = field(init=False)
    tsa: TimestampAuthority = field(init=False)
    rekor1: Log = field(init=False)
    rekor2: Log = field(init=False)

    def __post_init__(self) -> None:
        start = self.now() - timedelta(hours=2)
        self.start = start - timedelta(microseconds=start.microsecond)
        self.fulcio = Fulcio(self.seed, self.start)
        self.tsa = TimestampAuthority(self.seed, self.start)
        host = self.url.partition("//")[2]
        tree = "1193050959916656506"
        self.rekor1 = Log(f"{host} - {tree}", derived(self.seed + " rekor1"))
        secret = hashlib.sha256(f"{self.seed} rekor2".encode()).digest()
        key = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
        self.rekor2 = Log(host.partition(":")[0], key, tiled=True)
        for at in range(self.padding):
            self.rekor1.add(b"before %d" % at)
            self.rekor2.add(b"before %d" % at)

    # What clients are told

    def trusted_root(self) -> Json:
        valid = {"start": seconds(self.start)}

        def log(spki_der: bytes, log_id: bytes, details: str) -> Json:
            return {
                "baseUrl": self.url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": b64(spki_der),
                    "keyDetails": details,
                    "validFor": dict(valid),
                },
                "logId": {"keyId": b64(log_id)},
            }

        def authority(chain: tuple[x509.Certificate, ...]) -> Json:
            return {
                "subject": {"organization": "audit.test", "commonName": "sigstore"},
                "uri": self.url,
                "certChain": {"certificates": [{"rawBytes": b64(der(one))} for one in chain]},
                "validFor": dict(valid),
            }

        ct = spki(self.fulcio.ct_key.public_key())
        ecdsa = "PKIX_ECDSA_P256_SHA_256"
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                log(self.rekor1.spki, self.rekor1.log_id, ecdsa),
                log(self.rekor2.spki, self.rekor2.log_id, "PKIX_ED25519"),
            ],
            "certificateAuthorities": [authority(self.fulcio.chain)],
            "ctlogs": [log(ct, sha256(ct), ecdsa)],
            "timestampAuthorities": [authority(self.tsa.chain)],
        }

    def signing_config(self, version: int) -> Json:
        def service(url: str, major: int) -> Json:
            return {
                "url": url,
                "majorApiVersion": major,
                "validFor": {"start": seconds(self.start)},
                "operator": "audit.test",
            }

        return {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service(self.url, 1)],
            "oidcUrls": [service(self.url, 1)],
            "rekorTlogUrls": [service(self.url, version)],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [service(f"{self.url}/api/v1/timestamp", 1)],
            "tsaConfig": {"selector": "ANY"},
        }

    def client_config(self, version: int) -> Json:
        return {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.trusted_root(),
            "signingConfig": self.signing_config(version),
        }

    # Certificates

    def wanted(self, **changes: Any) -> Wanted:
        """Return what Fulcio would issue, with changes."""
        usual = Wanted(
            names=(x509.RFC822Name(EMAIL),),
            issuer_v1=self.url,
            issuer_v2=self.url,
            start=self.now().replace(microsecond=0),
            sct_by=(self.fulcio.ct_key,),
        )
        return replace(usual, **changes)

    def signer(self, name: str = "signer", **changes: Any) -> Signer:
        """Return a key with a certificate."""
        key = derived(f"{self.seed} {name}")
        return Signer(key, self.fulcio.issue(key.public_key(), self.wanted(**changes)))

    # Log entries, as a bundle has them

    def entry_v1(self, body: Json, *, when: datetime | None = None) -> Json:
        return self.raw_v1(canonical(body), (body["kind"], body["apiVersion"]), when=when)

    def raw_v1(
        self,
        raw: bytes,
        kind: tuple[str, str],
        *,
        when: datetime | None = None,
        index: int | None = None,
    ) -> Json:
        """Return an entry with any body, and any index that the log would promise."""
        integrated = int((when or self.now()).timestamp())
        proof = self.rekor1.add(raw)
        at = int(str(proof["logIndex"])) if index is None else index
        promised = canonical(
            {
                "body": b64(raw),
                "integratedTime": integrated,
                "logID": self.rekor1.log_id.hex(),
                "logIndex": at,
            }
        )
        return {
            "logIndex": str(at),
            "logId": {"keyId": b64(self.rekor1.log_id)},
            "kindVersion": {"kind": kind[0], "version": kind[1]},
            "integratedTime": str(integrated),
            "inclusionPromise": {"signedEntryTimestamp": b64(self.rekor1.sign(promised))},
            "inclusionProof": proof,
            "canonicalizedBody": b64(raw),
        }

    def entry_v2(self, body: Json) -> Json:
        raw = canonical(body)
        proof = self.rekor2.add(raw)
        return {
            "logIndex": proof["logIndex"],
            "logId": {"keyId": b64(self.rekor2.log_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "inclusionProof": proof,
            "canonicalizedBody": b64(raw),
        }

    @staticmethod
    def body_dsse_v1(envelope: Json, signer: Signer) -> Json:
        payload = base64.b64decode(envelope["payload"])
        text = json.dumps(envelope).encode()
        return {
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": sha256(text).hex()},
                "payloadHash": {"algorithm": "sha256", "value": sha256(payload).hex()},
                "signatures": [
                    {"signature": one["sig"], "verifier": b64(signer.verifier_pem)}
                    for one in envelope["signatures"]
                ],
            },
        }

    @staticmethod
    def body_rekord_v1(digest: bytes, signature: bytes, signer: Signer) -> Json:
        return {
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
                "signature": {
                    "content": b64(signature),
                    "publicKey": {"content": b64(signer.verifier_pem)},
                },
            },
        }

    @staticmethod
    def verifier(signer: Signer) -> Json:
        name = "x509Certificate" if signer.certificate else "publicKey"
        return {
            name: {"rawBytes": b64(signer.verifier_der)},
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        }

    def body_rekord_v2(self, digest: bytes, signature: bytes, signer: Signer) -> Json:
        return {
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": {
                "hashedRekordV002": {
                    "data": {"algorithm": "SHA2_256", "digest": b64(digest)},
                    "signature": {"content": b64(signature), "verifier": self.verifier(signer)},
                }
            },
        }

    def body_dsse_v2(self, payload: bytes, signature: bytes, signer: Signer) -> Json:
        return {
            "apiVersion": "0.0.2",
            "kind": "dsse",
            "spec": {
                "dsseV002": {
                    "payloadHash": {"algorithm": "SHA2_256", "digest": b64(sha256(payload))},
                    "signatures": [{"content": b64(signature), "verifier": self.verifier(signer)}],
                }
            },
        }

    # Bundles

    def material(self, signer: Signer, entry: Json, stamps: list[bytes]) -> Json:
        if signer.certificate:
            found: Json = {"certificate": {"rawBytes": b64(der(signer.certificate))}}
        else:
            found = {"publicKey": {"hint": b64(sha256(signer.verifier_der))}}
        found["tlogEntries"] = [entry]
        if stamps:
            found["timestampVerificationData"] = {
                "rfc3161Timestamps": [{"signedTimestamp": b64(one)} for one in stamps]
            }
        return found

    def statement_bundle(
        self,
        payload: bytes,
        version: int,
        *,
        signer: Signer | None = None,
        kind: str = INTOTO,
        when: datetime | None = None,
    ) -> Json:
        """Return a bundle over any payload, as a client of this stack would make it."""
        by = signer or self.signer()
        message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
        signature = by.sign(message)
        envelope = {
            "payload": b64(payload),
            "payloadType": kind,
            "signatures": [{"sig": b64(signature)}],
        }
        if version == 1:
            entry = self.entry_v1(self.body_dsse_v1(envelope, by), when=when)
        else:
            entry = self.entry_v2(self.body_rekord_v2(sha256(message), signature, by))
        stamp = self.tsa.stamp(signature, when or self.now())
        return {
            "mediaType": BUNDLE,
            "verificationMaterial": self.material(by, entry, [stamp]),
            "dsseEnvelope": envelope,
        }

    def artifact_bundle(
        self, digest: bytes, version: int, *, signature: bytes, signer: Signer
    ) -> Json:
        """Return a bundle over an artifact itself."""
        if version == 1:
            entry = self.entry_v1(self.body_rekord_v1(digest, signature, signer))
        else:
            entry = self.entry_v2(self.body_rekord_v2(digest, signature, signer))
        stamp = self.tsa.stamp(signature, self.now())
        return {
            "mediaType": BUNDLE,
            "verificationMaterial": self.material(signer, entry, [stamp]),
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest)},
                "signature": b64(signature),
            },
        }
