"""Keyed fingerprints of wording: copies are found again after the mark is gone.

Winnowing (Schleimer, Wilkerson, Aiken 2003) over shingles of three words, or
five characters where the script has no spaces. The hashes are keyed with the
epoch's fingerprint key: without it nobody can test words against a stored
fingerprint, and destroying the key destroys them all.
"""

import re
import struct
import unicodedata
from collections.abc import Iterable

from blake3 import blake3

WINDOW = 4
"""Of this many neighbouring shingles the one with the smallest hash is kept."""
MOST = 144
"""Hashes kept at most, the smallest ones: 576 bytes for a text of any length."""

_IDEOGRAPHIC = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
_UNIT = re.compile(f"[{_IDEOGRAPHIC}]|[^\\W{_IDEOGRAPHIC}]+")
_SPACELESS = re.compile(f"[{_IDEOGRAPHIC}]")
_WORDS, _CHARACTERS = 3, 5


def fingerprint(text: str, key: bytes) -> tuple[int, ...]:
    """Return the fingerprint of a text, ascending 32-bit hashes; empty when it is too short."""
    hashes = [
        int.from_bytes(blake3(shingle.encode(), key=key).digest(length=4))
        for shingle in _shingles(text)
    ]
    if len(hashes) > WINDOW:
        kept = {min(hashes[at : at + WINDOW]) for at in range(len(hashes) - WINDOW + 1)}
    else:
        kept = set(hashes)
    return tuple(sorted(kept)[:MOST])


def shared_permille(part: tuple[int, ...], whole: tuple[int, ...]) -> int:
    """Return how much of `part` is in `whole`, in thousandths.

    Fingerprints hold the smallest hashes only, so they are compared up to the
    largest hash that both could have kept.
    """
    limit = min((max(hashes) for hashes in (part, whole) if len(hashes) == MOST), default=1 << 32)
    within = [value for value in part if value <= limit]
    if not within:
        return 0
    return 1000 * len(set(within) & set(whole)) // len(within)


def pack_fingerprint(hashes: Iterable[int]) -> bytes:
    """Return the hashes as big-endian 32-bit words."""
    return b"".join(struct.pack(">I", value) for value in hashes)


def unpack_fingerprint(data: bytes) -> tuple[int, ...]:
    """Return the hashes in bytes that `pack_fingerprint` wrote."""
    return tuple(value for (value,) in struct.iter_unpack(">I", data))


def _shingles(text: str) -> list[str]:
    units = _UNIT.findall(unicodedata.normalize("NFKC", text).lower())
    found = []
    for at, unit in enumerate(units):
        size = _CHARACTERS if _SPACELESS.match(unit) else _WORDS
        if at + size <= len(units):
            found.append("\x1f".join(units[at : at + size]))
    return found
