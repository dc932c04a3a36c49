"""A certificate authority with a certificate log, and a timestamp authority."""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ISSUER_V1 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
ISSUER_V2 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
YEARS = timedelta(days=3650)


def derived(seed: str, curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    """Return a key that follows from a text. It is no secret."""
    number = int.from_bytes(hashlib.sha512(seed.encode()).digest()[:31], "big")
    return ec.derive_private_key(number + 1, curve or ec.SECP256R1())


def serial(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:16], "big") | 1


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def spki(key: Any) -> bytes:
    data: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return data


def named(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "audit.test"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def chained(  # noqa: PLR0913
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[str, ec.EllipticCurvePrivateKey],
    start: datetime,
    *,
    path_length: int | None = 0,
    purposes: tuple[x509.ObjectIdentifier, ...] = (),
    critical: bool | None = None,
) -> x509.Certificate:
    """Return a certificate of an authority, or of a timestamp signer without a path length."""
    authority = path_length is not None
    usage = x509.KeyUsage(
        not authority, False, False, False, False, authority, authority, False, False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer[0]))
        .public_key(key.public_key())
        .serial_number(serial(name, issuer[0]))
        .not_valid_before(start)
        .not_valid_after(start + YEARS)
        .add_extension(x509.BasicConstraints(authority, path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()),
            critical=False,
        )
    )
    if purposes:
        strict = not authority if critical is None else critical
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=strict)
    return builder.sign(issuer[1], hashes.SHA384(), ecdsa_deterministic=True)


@dataclass(frozen=True)
class Wanted:
    """A certificate to issue; the defaults are what Fulcio issues."""

    names: tuple[x509.GeneralName, ...]
    issuer_v1: str | None
    issuer_v2: str | None
    start: datetime
    lifetime: timedelta = timedelta(minutes=10)
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CODE_SIGNING,)
    signs_certificates: bool = False
    sct_by: tuple[ec.EllipticCurvePrivateKey, ...] = ()
    """Certificate logs that record it."""
    sct_at: datetime | None = None


@dataclass
class Fulcio:
    """Root, intermediate, and the key of a certificate log."""

    seed: str
    start: datetime
    ct_key: ec.EllipticCurvePrivateKey = field(init=False)
    chain: tuple[x509.Certificate, x509.Certificate] = field(init=False)

    def __post_init__(self) -> None:
        root = derived(self.seed + " root", ec.SECP384R1())
        self._key = derived(self.seed + " intermediate", ec.SECP384R1())
        self.ct_key = derived(self.seed + " ct")
        name, inner = "sigstore", "sigstore-intermediate"
        code = (ExtendedKeyUsageOID.CODE_SIGNING,)
        self.chain = (
            chained(inner, self._key, (name, root), self.start, purposes=code),
            chained(name, root, (name, root), self.start, path_length=1),
        )

    def issue(self, key: Any, wanted: Wanted) -> x509.Certificate:
        usage = x509.KeyUsage(
            True, False, False, False, False, wanted.signs_certificates, False, False, False
        )
        names = ",".join(repr(name) for name in wanted.names)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.chain[0].subject)
            .public_key(key)
            .serial_number(serial(names, wanted.start.isoformat(), spki(key).hex()))
            .not_valid_before(wanted.start)
            .not_valid_after(wanted.start + wanted.lifetime)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if wanted.purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(wanted.purposes), critical=False)
        if wanted.names:
            names_extension = x509.SubjectAlternativeName(wanted.names)
            builder = builder.add_extension(names_extension, critical=True)
        for oid, value in (
            (ISSUER_V1, wanted.issuer_v1 and wanted.issuer_v1.encode()),
            (ISSUER_V2, wanted.issuer_v2 and core.UTF8String(wanted.issuer_v2).dump()),
        ):
            if value:
                extension = x509.UnrecognizedExtension(oid, value)
                builder = builder.add_extension(extension, critical=False)
        if wanted.sct_by:
            before = builder.sign(self._key, hashes.SHA384(), ecdsa_deterministic=True)
            stamps = [
                self._sct(before, log, wanted.sct_at or wanted.start) for log in wanted.sct_by
            ]
            listed = b"".join(struct.pack("!H", len(stamp)) + stamp for stamp in stamps)
            value = core.OctetString(struct.pack("!H", len(listed)) + listed).dump()
            extension = x509.UnrecognizedExtension(SCT_LIST, value)
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self._key, hashes.SHA384(), ecdsa_deterministic=True)

    def reissued(
        self, certificate: x509.Certificate, change: Callable[[Any], object]
    ) -> x509.Certificate:
        """Return a certificate after `change` has been at its TBSCertificate, signed again."""
        value = asn1_x509.Certificate.load(der(certificate))
        change(value["tbs_certificate"])
        value["signature_value"] = self._key.sign(
            value["tbs_certificate"].dump(force=True),
            ec.ECDSA(hashes.SHA384(), deterministic_signing=True),
        )
        return x509.load_der_x509_certificate(value.dump(force=True))

    def _sct(
        self, before: x509.Certificate, log: ec.EllipticCurvePrivateKey, when: datetime
    ) -> bytes:
        tbs, millis = before.tbs_certificate_bytes, int(when.timestamp() * 1000)
        signed = (
            struct.pack("!BBQH", 0, 0, millis, 1)
            + hashlib.sha256(spki(self._key.public_key())).digest()
            + struct.pack("!I", len(tbs))[1:]
            + tbs
            + struct.pack("!H", 0)
        )
        signature = log.sign(signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return (
            b"\x00"
            + hashlib.sha256(spki(log.public_key())).digest()
            + struct.pack("!QH", millis, 0)
            + bytes([4, 3])
            + struct.pack("!H", len(signature))
            + signature
        )


@dataclass
class TimestampAuthority:
    """RFC 3161."""

    seed: str
    start: datetime
    name: str = "tsa"
    purpose: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.TIME_STAMPING
    other_purposes: tuple[x509.ObjectIdentifier, ...] = ()
    critical: bool = True
    """Whether the purposes of its certificate are marked so."""

    def __post_init__(self) -> None:
        root, self._key = (
            derived(self.seed + " tsa root", ec.SECP384R1()),
            derived(self.seed + " tsa"),
        )
        top = (f"{self.name} root", root)
        purposes = (*([self.purpose] if self.purpose else []), *self.other_purposes)
        self.chain = (
            chained(
                self.name,
                self._key,
                top,
                self.start,
                path_length=None,
                purposes=purposes,
                critical=self.critical,
            ),
            chained(top[0], root, top, self.start, path_length=1),
        )

    def stamp(  # noqa: PLR0913
        self,
        signature: bytes,
        when: datetime,
        *,
        nonce: int = 7,
        algorithm: str = "sha256",
        with_certificate: bool = True,
        change: Callable[[list[Any]], list[Any]] | None = None,
        status: str = "granted",
    ) -> bytes:
        """Return a response over the digest of a signature.

        `change` gives other attributes to be put under its own signature.
        """
        imprint = tsp.MessageImprint(
            {
                "hash_algorithm": {"algorithm": algorithm},
                "hashed_message": hashlib.new(algorithm, signature).digest(),
            }
        )
        return self.respond(
            imprint,
            when,
            nonce=nonce,
            with_certificate=with_certificate,
            change=change,
            status=status,
        )

    @staticmethod
    def names_certificate(certificate: bytes) -> cms.CMSAttribute:
        """Return the attribute by which a signer names its certificate."""
        named = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate).digest()})
        value = tsp.SigningCertificateV2({"certs": [named]})
        return cms.CMSAttribute({"type": "signing_certificate_v2", "values": [value]})

    @staticmethod
    def names_certificate_by_sha1(certificate: bytes) -> cms.CMSAttribute:
        """Return the same as RFC 2634 has it."""
        digest = hashlib.sha1(certificate, usedforsecurity=False).digest()
        value = tsp.SigningCertificate({"certs": [tsp.ESSCertID({"cert_hash": digest})]})
        return cms.CMSAttribute({"type": "signing_certificate", "values": [value]})

    def answer(self, request: bytes, when: datetime) -> bytes:
        """Return the response to a request in DER."""
        asked = tsp.TimeStampReq.load(request)
        return self.respond(
            asked["message_imprint"],
            when,
            nonce=asked["nonce"].native,
            with_certificate=bool(asked["cert_req"].native),
        )

    def respond(  # noqa: PLR0913
        self,
        imprint: tsp.MessageImprint,
        when: datetime,
        *,
        nonce: int | None,
        with_certificate: bool,
        change: Callable[[list[Any]], list[Any]] | None = None,
        status: str = "granted",
    ) -> bytes:
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.3.6.1.4.1.57264.2",
                "message_imprint": imprint,
                "serial_number": serial(imprint.dump().hex(), when.isoformat()) >> 64,
                "gen_time": when.replace(microsecond=0),
                "accuracy": {"seconds": 1},
            }
        )
        if nonce is not None:
            info["nonce"] = nonce
        certificate = asn1_x509.Certificate.load(der(self.chain[0]))
        attributes = [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": when})]}),
            cms.CMSAttribute(
                {
                    "type": "message_digest",
                    "values": [hashlib.sha256(info.dump()).digest()],
                }
            ),
            self.names_certificate(certificate.dump()),
        ]
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": cms.ParsableOctetString(info.dump()),
                },
                "signer_infos": [
                    self._signer_info(
                        certificate,
                        cms.CMSAttributes(change(attributes) if change else attributes),
                    )
                ],
            }
        )
        if with_certificate:
            signed["certificates"] = [cms.CertificateChoices({"certificate": certificate})]
        token = cms.ContentInfo({"content_type": "signed_data", "content": signed})
        response = tsp.TimeStampResp({"status": {"status": status}, "time_stamp_token": token})
        data: bytes = response.dump()
        return data

    def _signer_info(
        self, certificate: asn1_x509.Certificate, attributes: cms.CMSAttributes
    ) -> cms.SignerInfo:
        signature = self._key.sign(
            attributes.dump(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        )
        return cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {
                        "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                            {
                                "issuer": certificate.issuer,
                                "serial_number": certificate.serial_number,
                            }
                        )
                    }
                ),
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                "signature": signature,
            }
        )
