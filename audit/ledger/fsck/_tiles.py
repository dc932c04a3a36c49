"""Compare published tiles with the entries, and with one another."""

from collections.abc import Callable, Iterator

from audit.core.errors import AuditError
from audit.ledger._merkle import HASH_SIZE, fold_hashes
from audit.ledger.tiles._layout import HEIGHT, WIDTH, Tile, pack_bundle, tile_at
from audit.ledger.tiles._open import open_tiles
from audit.ledger.tiles._store import TileStore

Report = Callable[[int, int, str], None]
"""Takes the first and the last entry a tile is about, and what is wrong with it."""


class BlockCheck:
    """Compares the tile and the bundle of each 256 entries, as they are read."""

    def __init__(self, place: str | None, size: int, report: Report) -> None:
        self._store = None if place is None else open_tiles(place)
        self._size, self._report = size, report
        self._nodes: list[bytes] = []
        self._leaves: list[bytes] = []
        self._next = 0

    def add(self, seq: int, node: bytes, leaf: bytes) -> None:
        """Take in an entry; the first after a gap is one that begins a tile, or is left out."""
        if self._store is None or seq >= self._size:
            return
        if seq % WIDTH == 0 and not self._nodes:
            self._next = seq
        if seq != self._next:
            return
        self._nodes.append(node)
        self._leaves.append(leaf)
        self._next += 1
        if self._next % WIDTH == 0 or self._next == self._size:
            self._compare()

    def skip(self) -> None:
        """Leave out the tile in which an entry is missing."""
        self._nodes.clear()
        self._leaves.clear()
        self._next = -1

    def end(self) -> None:
        """Forget a tile that the range does not fill."""
        self.skip()

    def _compare(self) -> None:
        first = self._next - len(self._nodes)
        wanted = {
            tile_at(0, first // WIDTH, self._size): b"".join(self._nodes),
            tile_at(None, first // WIDTH, self._size): pack_bundle(self._leaves),
        }
        for tile, data in wanted.items():
            if self._store is not None and (what := differs(self._store, tile, data)) is not None:
                self._report(first, self._next - 1, what)
        self.skip()


def differs(store: TileStore, tile: Tile, data: bytes) -> str | None:
    """Return how a published tile differs from what it must be, if it does."""
    try:
        found = store.read(tile.path)
    except AuditError as exc:
        return f"cannot be read from {tile.path}: {exc}"
    if found is None:
        return f"lacks the tile {tile.path}"
    return None if found == data else f"is not what the tile {tile.path} holds"


def upper_damage(store: TileStore, size: int) -> Iterator[tuple[int, int, str]]:
    """Give what is wrong with the tiles above the lowest level: first entry, last entry, what."""
    level = 1
    while size >> (HEIGHT * level):
        span = 1 << (HEIGHT * level)
        count = size >> (HEIGHT * level)
        for index in range(-(-count // WIDTH)):
            tile = tile_at(level, index, size)
            below = [
                store.read(Tile(level - 1, index * WIDTH + at).path) for at in range(tile.width)
            ]
            first = index * WIDTH * span
            last = first + tile.width * span - 1
            if any(one is None or len(one) != WIDTH * HASH_SIZE for one in below):
                yield first, last, f"lacks a tile below {tile.path}"
                continue
            data = b"".join(fold_hashes(one) for one in below if one is not None)
            if (what := differs(store, tile, data)) is not None:
                yield first, last, what
        level += 1
