"""The log as static files (C2SP tlog-tiles): written from rows, read for proofs."""

from audit.ledger.tiles._export import export_tiles, published_minimum
from audit.ledger.tiles._open import open_tiles
from audit.ledger.tiles._store import TileFolder, TileStore
from audit.ledger.tiles._tree import TiledTree, read_tiled

__all__ = [
    "TileFolder",
    "TileStore",
    "TiledTree",
    "export_tiles",
    "open_tiles",
    "published_minimum",
    "read_tiled",
]
