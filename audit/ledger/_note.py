"""Signed notes and verifier keys, as in C2SP signed-note.

A note is text that ends in a newline, a blank line, and signature lines
`— NAME BASE64`, where the base64 holds four bytes of key id and the signature.
A signature by an unknown key is skipped; one by a known key that does not
verify makes the whole note bad, as the specification asks.

Trust: a key counts only because the caller names it. Nothing is trusted for
standing in the note.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from typing_extensions import override

from audit.core.errors import ConfigError, SignatureMismatch

ED25519 = 0x01
MAX_NOTE = 1 << 20
MAX_SIGNATURES = 64
"""More lines than any quorum needs; a note with more is refused, not checked at length."""
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_KEY_ID_SIZE = 4


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
        material = _base64(encoded)
        if not _NAME.fullmatch(name) or not re.fullmatch("[0-9a-f]{8}", key_id) or not material:
            raise ConfigError(f"{text[:80]!r} is not a verifier key (NAME+KEYID+BASE64)")
        key = cls(name, bytes.fromhex(key_id), material[0], material[1:])
        if key.algorithm != ED25519 or len(key.public) != 32:
            raise ConfigError(f"the verifier key {name} is not an Ed25519 key")
        if key.key_id != key_id_of(name, material):
            raise ConfigError(f"the verifier key {name} does not have the key id {key_id}")
        return key

    @override
    def __str__(self) -> str:
        """Return the vkey."""
        material = bytes([self.algorithm]) + self.public
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(material).decode()}"

    def check(self, text: bytes, signature: bytes) -> None:
        """Return if `signature` is this key's over `text`.

        Raises:
            SignatureMismatch: it is not.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature as exc:
            raise SignatureMismatch(f"the note's signature by {self.name} does not verify") from exc


def key_id_of(name: str, material: bytes) -> bytes:
    """Return the key id of `material`, the algorithm byte and the public key."""
    return hashlib.sha256(name.encode() + b"\n" + material).digest()[:_KEY_ID_SIZE]


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature of a note, as it stands there."""

    name: str
    key_id: bytes
    signature: bytes

    @override
    def __str__(self) -> str:
        """Return the line, without its newline."""
        return f"\N{EM DASH} {self.name} {base64.b64encode(self.key_id + self.signature).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose signatures were checked; `verified` are the keys that signed it."""

    text: bytes
    signatures: tuple[SignatureLine, ...]
    verified: tuple[VerifierKey, ...] = ()


def parse_note(note: bytes) -> Note:
    """Return the parts of a note; no signature is checked.

    Raises:
        SignatureMismatch: not a signed note.
    """
    text, blank, tail = note.rpartition(b"\n\n")
    if len(note) > MAX_NOTE or not blank or not text or not tail.endswith(b"\n"):
        raise SignatureMismatch("not a signed note: text, a blank line and signatures are needed")
    text += b"\n"
    try:
        decoded = note.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise SignatureMismatch("not a signed note: not UTF-8") from exc
    if any(ord(mark) < 0x20 and mark != "\n" for mark in decoded):
        raise SignatureMismatch("not a signed note: it holds a control character")
    lines = tail.decode("utf-8").removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise SignatureMismatch(f"the note has more than {MAX_SIGNATURES} signatures")
    return Note(text, tuple(_signature_line(line) for line in lines))


def verify_note(note: bytes, vkeys: Sequence[str]) -> Note:
    """Return the note with the keys among `vkeys` that signed it, at least one.

    Raises:
        SignatureMismatch: not a note, a bad signature by a known key, or none by a known key.
        ConfigError: a vkey cannot be read.
    """
    parsed = parse_note(note)
    keys = {(key.name, key.key_id): key for key in map(VerifierKey.parse, vkeys)}
    verified: dict[tuple[str, bytes], VerifierKey] = {}
    for line in parsed.signatures:
        known = (line.name, line.key_id)
        if known not in keys:
            continue
        if known in verified:
            raise SignatureMismatch(f"the note is signed twice by {line.name}")
        keys[known].check(parsed.text, line.signature)
        verified[known] = keys[known]
    if not verified:
        raise SignatureMismatch("the note is not signed by a key that is trusted here")
    return Note(parsed.text, parsed.signatures, tuple(verified.values()))


def _signature_line(line: str) -> SignatureLine:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    blob = _base64(encoded)
    if mark != "\N{EM DASH}" or not _NAME.fullmatch(name) or len(blob) <= _KEY_ID_SIZE:
        raise SignatureMismatch("not a signed note: a line below the blank one is no signature")
    return SignatureLine(name, blob[:_KEY_ID_SIZE], blob[_KEY_ID_SIZE:])


def _base64(text: str) -> bytes:
    """Return the bytes of canonical base64, or nothing when it is not that."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if base64.b64encode(data).decode() == text else b""
