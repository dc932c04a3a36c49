"""DSSE envelopes (Dead Simple Signing Envelope, protocol v1)."""

from dataclasses import dataclass
from typing import Any

from audit.sign import _base64
from audit.sign._fields import Fields


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, what it is, and the one signature over both."""

    payload_type: str
    payload: bytes
    signature: bytes

    @property
    def signed_bytes(self) -> bytes:
        """Return the bytes the signature is over."""
        return pre_authentication(self.payload_type, self.payload)

    def json(self) -> dict[str, Any]:
        """Return the envelope as protobuf JSON writes it."""
        return {
            "payload": _base64.encode(self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"sig": _base64.encode(self.signature)}],
        }

    @classmethod
    def parse(cls, fields: Fields) -> "Envelope":
        """Read an envelope with exactly one signature.

        Raises:
            ValueError: no signature, several, or a malformed member. With several it
                would be open which of them counts.
        """
        payload, kind = fields.data("payload"), fields.text("payloadType")
        where = fields.path("signatures")
        signatures = fields.take("signatures")
        fields.done()
        if not isinstance(signatures, list) or len(signatures) != 1:
            raise ValueError(f"{where} does not hold exactly one signature")
        one = Fields(signatures[0], f"{where}.0")
        signature = one.data("sig")
        if "keyid" in one:  # an unauthenticated hint (DSSE, 2.1): nothing follows from it
            one.take("keyid")
        one.done()
        return cls(kind, payload, signature)


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: lengths are in bytes."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
