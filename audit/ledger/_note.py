"""Signed notes and verifier keys, as in C2SP signed-note.

A note is text that ends in a newline, a blank line, and signature lines
`— NAME BASE64`, where the base64 holds four bytes of key id and the signature.
A signature by an unknown key is skipped; one by a known key that does not
verify makes the whole note bad, as the specification asks.

Trust: a key counts only because the caller names it. Nothing is trusted for
standing in the note.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from audit.core.errors import SignatureMismatch
from audit.ledger._base64 import decode_base64, encode_base64
from audit.ledger._keys import KEY_ID_SIZE, NAME, VerifierKey

MAX_NOTE = 1 << 20
MAX_SIGNATURES = 64
"""More lines than any quorum needs; a note with more is refused, not checked at length."""


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature of a note, as it stands there."""

    name: str
    key_id: bytes
    signature: bytes

    @override
    def __str__(self) -> str:
        """Return the line, without its newline."""
        return f"\N{EM DASH} {self.name} {encode_base64(self.key_id + self.signature)}"


@dataclass(frozen=True, slots=True)
class Verified:
    """A key that signed a note, and for a cosignature when, in UTC seconds."""

    key: VerifierKey
    at: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A note; `verified` are the keys whose signature was checked and is right."""

    text: bytes
    signatures: tuple[SignatureLine, ...]
    verified: tuple[Verified, ...] = ()


def parse_note(note: bytes) -> Note:
    """Return the parts of a note; no signature is checked.

    Raises:
        SignatureMismatch: not a signed note.
    """
    text, blank, tail = note.rpartition(b"\n\n")
    if len(note) > MAX_NOTE or not blank or not text or not tail.endswith(b"\n"):
        raise SignatureMismatch("not a signed note: text, a blank line and signatures are needed")
    try:
        decoded = note.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise SignatureMismatch("not a signed note: not UTF-8") from exc
    if any(mark < " " and mark != "\n" for mark in decoded):
        raise SignatureMismatch("not a signed note: it holds a control character")
    return Note(text + b"\n", parse_signatures(tail))


def parse_signatures(lines: bytes) -> tuple[SignatureLine, ...]:
    """Return the signatures in lines as they stand below a note.

    Raises:
        SignatureMismatch: a line is no signature, or there are too many.
    """
    try:
        found = lines.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as exc:
        raise SignatureMismatch("not a signed note: not UTF-8") from exc
    if len(found) > MAX_SIGNATURES:
        raise SignatureMismatch(f"the note has more than {MAX_SIGNATURES} signatures")
    return tuple(_signature_line(line) for line in found)


def verify_note(note: bytes, vkeys: Sequence[str]) -> Note:
    """Return the note with the keys among `vkeys` that signed it, at least one.

    Raises:
        SignatureMismatch: not a note, a bad signature by a known key, or none by a known key.
        ConfigError: a vkey cannot be read.
    """
    parsed = parse_note(note)
    keys = {(key.name, key.key_id): key for key in map(VerifierKey.parse, vkeys)}
    verified: dict[tuple[str, bytes], Verified] = {}
    for line in parsed.signatures:
        known = (line.name, line.key_id)
        if known not in keys:
            continue
        if known in verified:
            raise SignatureMismatch(f"the note is signed twice by {line.name}")
        at = keys[known].check(parsed.text, line.signature)
        verified[known] = Verified(keys[known], at)
    if not verified:
        raise SignatureMismatch("the note is not signed by a key that is trusted here")
    return Note(parsed.text, parsed.signatures, tuple(verified.values()))


def _signature_line(line: str) -> SignatureLine:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    blob = decode_base64(encoded)
    if mark != "\N{EM DASH}" or not NAME.fullmatch(name) or len(blob) <= KEY_ID_SIZE:
        raise SignatureMismatch("not a signed note: a line below the blank one is no signature")
    return SignatureLine(name, blob[:KEY_ID_SIZE], blob[KEY_ID_SIZE:])
