"""Write tiles from rows: only what is new since the checkpoint published before.

The tree over the old tiles and the new rows must have the root of the
checkpoint that is published; else nothing is. So tiles that were altered, or a
ledger that was, stop an export instead of spreading.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from audit.core.errors import ChainBroken, VerificationError
from audit.documents import Checkpoint, leaf_hash
from audit.ledger._merkle import fold_hashes, split_hashes
from audit.ledger.tiles._layout import CHECKPOINT, HEIGHT, WIDTH, Tile, pack_bundle, tile_at
from audit.ledger.tiles._store import TileStore
from audit.ledger.tiles._tree import TiledTree, read_tiled


@dataclass(frozen=True, slots=True)
class Source:
    """The log from entry `start` on, which is the first of a bundle.

    `expired` are the leaf hashes of entries that are not kept, in whole bundles;
    `leaves` those that are.
    """

    start: int
    leaves: Iterable[bytes]
    expired: Iterable[bytes] = ()


def write_tiles(store: TileStore, checkpoint: Checkpoint, source: Source) -> int:
    """Publish `checkpoint` and its tiles, and return how many files were written.

    The source begins not above the size published before. Of entries that
    expired there are tiles of hashes, and no bundles.

    Raises:
        ChainBroken: the tiles and leaves do not make the tree the checkpoint signs.
        StorageFailed: a file cannot be written; the old checkpoint still stands.
    """
    written, level_hashes, start = 0, _Level(store, source.start, checkpoint.size), source.start
    first = start // WIDTH
    for hashes in _bundles(iter(source.expired)):
        written += level_hashes.add(0, first, hashes)
        first += 1
    leaves = islice(source.leaves, checkpoint.size - first * WIDTH)
    for index, bundle in enumerate(_bundles(leaves), first):
        hashes = [leaf_hash(leaf) for leaf in bundle]
        width = len(bundle)
        store.write(Tile(None, index, width).path, pack_bundle(bundle))
        written += 1 + level_hashes.add(0, index, hashes)
    tree = TiledTree(store, checkpoint.size)
    try:
        root = tree.root().hex()
    except VerificationError as exc:
        raise ChainBroken(start, f"or a later one cannot be exported: {exc}") from exc
    if root != checkpoint.root:
        raise ChainBroken(
            start, f"or an earlier one is not what the checkpoint over {tree.size} signed"
        )
    store.publish(CHECKPOINT, checkpoint.note.encode())
    return written + 1


def start_of(store: TileStore, checkpoint: Checkpoint) -> int:
    """Return the entry to export from: the first of the bundle that is not full yet.

    Raises:
        ChainBroken: more is published than the checkpoint is over.
        VerificationError: what is published does not hold.
    """
    if store.read(CHECKPOINT) is None:
        return 0
    published, _ = read_tiled(store, vkeys=None)
    if published.size > checkpoint.size:
        raise ChainBroken(
            checkpoint.size, f"is missing: a checkpoint over {published.size} was published"
        )
    return published.size // WIDTH * WIDTH


def _bundles(leaves: Iterator[bytes]) -> Iterator[list[bytes]]:
    while bundle := list(islice(leaves, WIDTH)):
        yield bundle


class _Level:
    """The tiles that are being filled, one per level."""

    def __init__(self, store: TileStore, start: int, size: int) -> None:
        self._store, self._start, self._size = store, start, size
        self._filling: dict[int, list[bytes]] = {}

    def add(self, level: int, index: int, hashes: list[bytes]) -> int:
        """Write tile `index` of a level, and what follows from it above; return the files."""
        self._store.write(Tile(level, index, len(hashes)).path, b"".join(hashes))
        if len(hashes) < WIDTH:
            return 1
        above = self._above(level + 1, index // WIDTH)
        above.append(fold_hashes(b"".join(hashes)))
        written = 1
        last = index == (self._size >> (HEIGHT * (level + 1))) - 1
        if len(above) == WIDTH or last:
            written += self.add(level + 1, index // WIDTH, list(above))
        if len(above) == WIDTH:
            above.clear()
        return written

    def _above(self, level: int, index: int) -> list[bytes]:
        """Return the tile being filled on a level, which another export may have begun."""
        if level not in self._filling:
            count = (self._start >> (HEIGHT * level)) % WIDTH
            begun: list[bytes] = []
            if count:
                tree = TiledTree(self._store, self._start)
                begun = split_hashes(tree.hashes(tile_at(level, index, self._start)))
            self._filling[level] = begun
        return self._filling[level]
