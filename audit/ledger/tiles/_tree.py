"""Proofs from tiles, without the database.

Every hash a proof is made of comes from a tile, and is checked by whoever
checks the proof against a signed root: tiles need no trust.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from audit.core.errors import EvidenceError, VerificationError
from audit.documents import Checkpoint, leaf_hash
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    consistency_path,
    fold_hashes,
    inclusion_path,
    node_hash,
    split_hashes,
)
from audit.ledger.tiles._layout import CHECKPOINT, HEIGHT, WIDTH, Tile, tile_at, unpack_bundle
from audit.ledger.tiles._store import TileStore

_KEPT_TILES = 64


class TiledTree:
    """The tree of `size` entries that the tiles in a store hold."""

    def __init__(self, store: TileStore, size: int) -> None:
        self._store = store
        self.size = size
        self.hashes = lru_cache(_KEPT_TILES)(self._read_hashes)

    def root(self) -> bytes:
        """Return the tree's root, recomputed from the tiles."""
        return self.subtree(0, self.size) if self.size else EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """Return the proof that entry `index` is in this tree.

        Raises:
            ValueError: there is no such entry.
            EvidenceError: a tile is missing.
        """
        return inclusion_path(index, self.size, self.subtree)

    def consistency(self, old: int) -> list[bytes]:
        """Return the proof that this tree extends that of `old` entries.

        Raises:
            ValueError: `old` is larger than this tree.
            EvidenceError: a tile is missing.
        """
        return consistency_path(old, self.size, self.subtree)

    def leaf_hash(self, index: int) -> bytes:
        """Return the leaf hash of an entry."""
        return self.subtree(index, index + 1)

    def leaf(self, index: int) -> bytes:
        """Return an entry's leaf, whose hash is the one in the tree.

        Raises:
            VerificationError: the bundle does not hold the entry that the tile commits to.
            EvidenceError: a tile or bundle is missing.
        """
        tile = tile_at(None, index // WIDTH, self.size)
        leaf = unpack_bundle(self._read(tile), tile.width)[index % WIDTH]
        if leaf_hash(leaf) != self.leaf_hash(index):
            raise _other_entry(tile, index)
        return leaf

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Give the leaves from entry `start` to before `end`, each checked as `leaf` does.

        Raises:
            VerificationError, EvidenceError: as `leaf`.
        """
        for index in range(start // WIDTH, -(-end // WIDTH)):
            tile = tile_at(None, index, self.size)
            hashes = split_hashes(self.hashes(tile_at(0, index, self.size)))
            bundle = unpack_bundle(self._read(tile), tile.width)
            for number, (leaf, wanted) in enumerate(
                zip(bundle, hashes, strict=True), index * WIDTH
            ):
                if start <= number < end:
                    if leaf_hash(leaf) != wanted:
                        raise _other_entry(tile, number)
                    yield leaf

    def subtree(self, start: int, end: int) -> bytes:
        """Return the Merkle tree hash over the leaves from `start` to before `end`."""
        count = end - start
        if count & (count - 1) == 0 and start % count == 0:
            return self._full(start, count.bit_length() - 1)
        left = 1 << ((count - 1).bit_length() - 1)
        return node_hash(self.subtree(start, start + left), self.subtree(start + left, end))

    def _full(self, start: int, height: int) -> bytes:
        """Return the root of the full subtree of `height` that begins at `start`."""
        level, above = divmod(height, HEIGHT)
        first = start >> (HEIGHT * level)
        tile = tile_at(level, first // WIDTH, self.size)
        at = first % WIDTH * HASH_SIZE
        return fold_hashes(self.hashes(tile)[at : at + (HASH_SIZE << above)])

    def _read_hashes(self, tile: Tile) -> bytes:
        packed = self._read(tile)
        if len(packed) != tile.width * HASH_SIZE:
            raise VerificationError(f"{tile.path} does not hold {tile.width} hashes")
        return packed

    def _read(self, tile: Tile) -> bytes:
        data = self._store.read(tile.path)
        if data is None and tile.width < WIDTH:  # a log may drop a partial tile once it is full
            full = self._store.read(Tile(tile.level, tile.index).path)
            data = full and _first(full, tile)
        if data is None:
            raise EvidenceError(
                f"the tile {tile.path} is missing", hint="export again: audit ledger tiles --help"
            )
        return data


def _other_entry(tile: Tile, number: int) -> VerificationError:
    return VerificationError(f"{tile.path} does not hold the entry {number} of the tree")


def _first(full: bytes, tile: Tile) -> bytes:
    """Return what a full tile held when it was `tile`."""
    if tile.level is not None:
        return full[: tile.width * HASH_SIZE]
    at = 0
    for _ in range(tile.width):
        at += 2 + int.from_bytes(full[at : at + 2], "big")
    return full[:at]


def read_tiled(store: TileStore, *, vkeys: Sequence[str] | None) -> tuple[Checkpoint, TiledTree]:
    """Return the published checkpoint and its tree, whose root is the one it says.

    Raises:
        EvidenceError: there is none, or a tile is missing.
        VerificationError: the checkpoint is not signed by one of `vkeys`, or has another root.
    """
    note = store.read(CHECKPOINT)
    if note is None:
        raise EvidenceError("no checkpoint is published with the tiles")
    checkpoint = read_checkpoint(note, vkeys=vkeys)
    tree = TiledTree(store, checkpoint.size)
    if tree.root().hex() != checkpoint.root:
        raise VerificationError(f"the tiles are not those of the tree of {tree.size} signed")
    return checkpoint, tree
