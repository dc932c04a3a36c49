"""Verifier keys (C2SP signed-note) and what each algorithm's signature covers.

* 0x01: Ed25519 over the note's text. A log signs so.
* 0x04: Ed25519 over a time and the text (C2SP tlog-cosignature). A witness signs so.
* 0x06: ML-DSA-44 over name, time, origin, size and root (C2SP tlog-cosignature). Likewise.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from typing_extensions import override

from audit.core.errors import ConfigError, SignatureMismatch
from audit.ledger._base64 import decode_base64, encode_base64
from audit.ledger._treehead import parse_tree_head

ED25519, ED25519_COSIGNATURE, MLDSA44_COSIGNATURE = 0x01, 0x04, 0x06
_PUBLIC_SIZES = {ED25519: 32, ED25519_COSIGNATURE: 32, MLDSA44_COSIGNATURE: 1312}
KEY_ID_SIZE = 4
_TIME_SIZE = 8
NAME = re.compile(r"[^\s+\x00-\x1f\x7f\ud800-\udfff]{1,255}")
"""A key's name: no Unicode space, no plus, and short enough for one length byte."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with a name, written `NAME+KEYID+BASE64` (C2SP signed-note)."""

    name: str
    key_id: bytes
    algorithm: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key in a vkey.

        Raises:
            ConfigError: not a vkey, a wrong key id, or an algorithm not known here.
        """
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        material = decode_base64(encoded)
        if not NAME.fullmatch(name) or not re.fullmatch("[0-9a-f]{8}", key_id) or not material:
            raise ConfigError(f"{text[:80]!r} is not a verifier key (NAME+KEYID+BASE64)")
        key = cls.of(name, material[0], material[1:])
        if len(key.public) != _PUBLIC_SIZES.get(key.algorithm):
            raise ConfigError(f"the verifier key {name} is of an algorithm not known here")
        if key.key_id.hex() != key_id:
            raise ConfigError(f"the verifier key {name} does not have the key id {key_id}")
        return key

    @classmethod
    def of(cls, name: str, algorithm: int, public: bytes) -> Self:
        """Return the key with its key id."""
        material = name.encode() + b"\n" + bytes([algorithm]) + public
        return cls(name, hashlib.sha256(material).digest()[:KEY_ID_SIZE], algorithm, public)

    @property
    def is_witness(self) -> bool:
        """Whether the key makes cosignatures, not a log's signatures."""
        return self.algorithm != ED25519

    @override
    def __str__(self) -> str:
        """Return the vkey."""
        material = bytes([self.algorithm]) + self.public
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(material)}"

    def check(self, text: bytes, signature: bytes) -> int | None:
        """Return when a cosignature over `text` was made, in UTC seconds; a log's has no time.

        Raises:
            SignatureMismatch: the signature is not this key's over `text`.
        """
        at = None
        if self.is_witness:
            at = int.from_bytes(signature[:_TIME_SIZE], "big")
            signature = signature[_TIME_SIZE:]
        try:
            self._verify(signature, self.message(text, at))
        except InvalidSignature as exc:
            raise SignatureMismatch(f"the note's signature by {self.name} does not verify") from exc
        return at

    def _verify(self, signature: bytes, message: bytes) -> None:
        if self.algorithm == MLDSA44_COSIGNATURE:
            MLDSA44PublicKey.from_public_bytes(self.public).verify(signature, message)
        else:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)

    def message(self, text: bytes, at: int | None) -> bytes:
        """Return the bytes that are signed for the note's text.

        Raises:
            SignatureMismatch: a time beyond 2^63, or a text that is no checkpoint.
        """
        if at is None:
            return text
        if at >= 2**63:
            raise SignatureMismatch(f"the cosignature by {self.name} has no time")
        if self.algorithm == ED25519_COSIGNATURE:
            return f"cosignature/v1\ntime {at}\n".encode() + text
        head = parse_tree_head(text)
        name, origin = self.name.encode(), head.origin.encode()
        if max(len(name), len(origin)) > 255:
            raise SignatureMismatch("a name longer than 255 bytes cannot be cosigned")
        return b"".join(
            (
                b"subtree/v1\n\0",
                bytes([len(name)]) + name,
                at.to_bytes(_TIME_SIZE, "big"),
                bytes([len(origin)]) + origin,
                (0).to_bytes(8, "big"),
                head.size.to_bytes(8, "big"),
                head.root,
            )
        )
