"""Keyed fingerprints of wording: copies are found again after the mark is gone.

Winnowing (Schleimer, Wilkerson, Aiken 2003) over shingles of three words, or
five characters where the script has no spaces. The hashes are keyed with the
epoch's fingerprint key: without it nobody can test words against a stored
fingerprint, and destroying the key destroys them all.
"""

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from blake3 import blake3

from audit.watermark._text import spellings

WINDOW = 4
"""Of this many neighbouring shingles the one with the smallest hash is kept."""
MOST = 144
"""Hashes kept at most, the smallest ones: 576 bytes for a text of any length."""

_IDEOGRAPHIC = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
_UNIT = re.compile(f"[{_IDEOGRAPHIC}]|[^\\W{_IDEOGRAPHIC}]+")
_SPACELESS = re.compile(f"[{_IDEOGRAPHIC}]")
_WORDS, _CHARACTERS = 3, 5


def fingerprint(text: str, key: bytes, *, most: int | None = MOST) -> tuple[int, ...]:
    """Return the fingerprint of a text, ascending 32-bit hashes; empty when it is too short.

    The plain spelling is taken, so invisible and look-alike characters change nothing.
    """
    hashes = [
        int.from_bytes(blake3(shingle.encode(), key=key).digest(length=4))
        for shingle in _shingles(text)
    ]
    if len(hashes) > WINDOW:
        kept = {min(hashes[at : at + WINDOW]) for at in range(len(hashes) - WINDOW + 1)}
    else:
        kept = set(hashes)
    return tuple(sorted(kept)[:most])


@dataclass(frozen=True, slots=True)
class Shared:
    """What two fingerprints have in common."""

    hashes: int
    of_text_permille: int
    """How much of the text's fingerprint the receipt's holds."""
    permille: int
    """The same, of the shorter fingerprint of the two."""


def compare(text: tuple[int, ...], kept: tuple[int, ...]) -> Shared:
    """Return what a text's fingerprint, complete or not, shares with one that was kept.

    A kept fingerprint may hold the smallest hashes only, so both are compared
    up to the largest hash that was kept.
    """
    limit = kept[-1] if len(kept) == MOST else 1 << 32
    within = {value for value in text if value <= limit}
    common = len(within & set(kept))
    if not common:
        return Shared(0, 0, 0)
    of_text, of_kept = 1000 * common // len(within), 1000 * common // len(kept)
    return Shared(common, of_text, max(of_text, of_kept))


def pack_fingerprint(hashes: Iterable[int]) -> bytes:
    """Return the hashes as big-endian 32-bit words."""
    return b"".join(struct.pack(">I", value) for value in hashes)


def unpack_fingerprint(data: bytes) -> tuple[int, ...]:
    """Return the hashes in bytes that `pack_fingerprint` wrote."""
    return tuple(value for (value,) in struct.iter_unpack(">I", data))


def _shingles(text: str) -> list[str]:
    units = _UNIT.findall(spellings(text)[-1].lower())
    found = []
    for at, unit in enumerate(units):
        size = _CHARACTERS if _SPACELESS.match(unit) else _WORDS
        if at + size <= len(units):
            found.append("\x1f".join(units[at : at + size]))
    return found
