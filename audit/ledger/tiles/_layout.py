"""Names and contents of tiles and entry bundles (C2SP tlog-tiles)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.core.errors import VerificationError

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""
HEIGHT = 8
CHECKPOINT = "checkpoint"
MINIMUM = "minimum-index"
"""The log's signed note on the entries that are not kept, if some expired; our own name."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: its level (None for entry bundles), its index there, and how full it is."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The tile's path below the log's prefix, such as `tile/0/x001/234.p/5`."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
        part = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level is None else self.level}/{name}{part}"


def tile_at(level: int | None, index: int, size: int) -> Tile:
    """Return tile `index` of a level as it is in a tree of `size` entries."""
    count = size >> (HEIGHT * (level or 0))
    return Tile(level, index, min(WIDTH, count - index * WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """Give every tile and bundle of a tree of `size` entries."""
    for level in (None, *range(8)):
        count = size >> (HEIGHT * (level or 0))
        yield from (tile_at(level, index, size) for index in range(-(-count // WIDTH)))


def pack_bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length in two bytes, big-endian."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack_bundle(data: bytes, width: int) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        VerificationError: not exactly `width` entries.
    """
    entries, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if at + 2 + length > len(data):
            raise VerificationError("an entry bundle ends inside an entry")
        entries.append(entry)
        at += 2 + length
    if len(entries) != width:
        raise VerificationError(f"an entry bundle holds {len(entries)} entries, not {width}")
    return entries
