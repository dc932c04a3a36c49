"""Bring the tiles of a ledger up to its last checkpoint."""

from audit.core.errors import EvidenceError
from audit.documents import Checkpoint
from audit.ledger._ledger import Ledger
from audit.ledger.tiles._store import TileStore
from audit.ledger.tiles._write import start_of, write_tiles


def export_tiles(ledger: Ledger, store: TileStore) -> tuple[Checkpoint, int]:
    """Write the tiles that are new, publish the ledger's last checkpoint, and return both.

    Raises:
        EvidenceError: the ledger has no checkpoint yet.
        ChainBroken: ledger, checkpoint and published tiles do not agree; nothing is published.
    """
    checkpoint = max(ledger.checkpoints(), key=lambda one: one.size, default=None)
    if checkpoint is None:
        raise EvidenceError(
            f"{ledger.url} has no checkpoint to export",
            hint="sign one: audit ledger checkpoint --ledger URL --key FILE",
        )
    start = start_of(store, checkpoint)
    return checkpoint, write_tiles(store, checkpoint, ledger.leaves(start=start), start)
