"""Have bytes anchored by a service.

The rules:

* Nothing is given out that does not verify against the caller's trusted root.
* A timestamp carries the random number that was asked for, so an old answer does not pass.
* The log's place comes from the caller. A tiled log moves to a new place about twice a
  year, so none is written down here.

Trust: the services, for as long as the call takes; afterwards, the trusted root.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from audit.core import strict_json
from audit.core.errors import (
    ConfigError,
    ExtraMissing,
    SignatureMismatch,
    SigningFailed,
    UsageError,
)
from audit.documents import AnchorKind, AnchorWord
from audit.sign import _base64
from audit.sign._timestamp import read_timestamp
from audit.sign.anchor._http import post
from audit.sign.anchor._verify import AnchorTrust
from audit.sign.bundle import BUNDLE_TYPE
from audit.sign.keys import Signer

_CURVE = "secp256r1"
_ENTRIES = "/api/v2/log/entries"


@dataclass(frozen=True, slots=True)
class TimestampMaker:
    """Asks one timestamp authority (RFC 3161)."""

    place: str
    trust: AnchorTrust = field(repr=False)
    kind: AnchorKind = AnchorKind.TIMESTAMP

    def make(self, note: bytes) -> tuple[bytes, AnchorWord]:
        """Return a timestamp over `note` and what it says.

        Raises:
            SigningFailed: the authority refused, cannot be reached, answers something
                else than it was asked, or is not one whose word counts.
            ExtraMissing: the part of this package that reads timestamps is not installed.
        """
        try:
            from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
        except ModuleNotFoundError as exc:
            raise ExtraMissing("reading timestamps", extra="keyless") from exc
        builder = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256)
        request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
        stamp = post(self.place, request.as_bytes(), kind="application/timestamp-query")
        try:
            nonce = read_timestamp(stamp).nonce
        except ValueError as exc:
            raise SigningFailed(f"{self.place} gives no timestamp") from exc
        if nonce != request.nonce:
            raise SigningFailed(f"{self.place} answers another request: its nonce is not ours")
        return stamp, _verified(self.trust, self.kind, stamp, note, self.place)


@dataclass(frozen=True, slots=True)
class LogMaker:
    """Puts bytes into one Rekor v2 log, signed with a key of the caller's."""

    place: str
    key: Signer = field(repr=False)
    trust: AnchorTrust = field(repr=False)
    kind: AnchorKind = AnchorKind.LOG

    def __post_init__(self) -> None:
        """Refuse a key whose signatures cannot be checked against a digest.

        Raises:
            UsageError: not a P-256 key.
        """
        math = self.key.public.math
        if not isinstance(math, ec.EllipticCurvePublicKey) or math.curve.name != _CURVE:
            raise UsageError(
                "anchors in a log are signed with a P-256 key",
                hint="make one: audit sign key generate --help",
            )

    def make(self, note: bytes) -> tuple[bytes, AnchorWord]:
        """Return a bundle over `note` with its entry in the log, and what it says.

        Raises:
            SigningFailed: the log refused, cannot be reached, gives an entry that does not
                verify, or is not one whose word counts.
        """
        digest, signature = hashlib.sha256(note).digest(), self.key.sign(note)
        asked = {
            "hashedRekordRequestV002": {
                "digest": _base64.encode(digest),
                "signature": {
                    "content": _base64.encode(signature),
                    "verifier": {
                        "publicKey": {"rawBytes": _base64.encode(self.key.public.spki)},
                        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    },
                },
            }
        }
        answer = post(
            self.place.rstrip("/") + _ENTRIES, json.dumps(asked).encode(), kind="application/json"
        )
        bundle = self._bundle(digest, signature, self._entry(answer))
        return bundle, _verified(self.trust, self.kind, bundle, note, self.place)

    def _entry(self, answer: bytes) -> dict[str, Any]:
        try:
            entry = strict_json.loads(answer, source=self.place)
        except ConfigError as exc:
            raise SigningFailed(f"{self.place} gives no log entry: {exc}") from exc
        if not isinstance(entry, dict):
            raise SigningFailed(f"{self.place} gives no log entry")
        return {name: value for name, value in entry.items() if value is not None}

    def _bundle(self, digest: bytes, signature: bytes, entry: dict[str, Any]) -> bytes:
        hint = hashlib.sha256(self.key.public.spki).digest()
        document = {
            "mediaType": BUNDLE_TYPE,
            "verificationMaterial": {
                "publicKey": {"hint": _base64.encode(hint)},
                "tlogEntries": [entry],
            },
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": _base64.encode(digest)},
                "signature": _base64.encode(signature),
            },
        }
        return json.dumps(document, separators=(",", ":")).encode("ascii")


def _verified(
    trust: AnchorTrust, kind: AnchorKind, data: bytes, note: bytes, place: str
) -> AnchorWord:
    try:
        word = trust.verify(kind, data, note)
    except SignatureMismatch as exc:
        raise SigningFailed(f"{place} gives an anchor that does not hold: {exc}") from exc
    if word is None:
        raise SigningFailed(
            f"{place} is not in {trust.root.source}, so its word would count for nothing",
            hint="name its certificates or key: --trusted-root FILE, or --tsa-chain FILE",
        )
    return word
