"""Bring the tiles of a ledger up to its last checkpoint."""

from collections.abc import Iterator
from itertools import islice

from audit.core.errors import EntryExpired, EvidenceError
from audit.documents import Checkpoint
from audit.ledger._ledger import Ledger
from audit.ledger._minimum import kept_hashes, read_minimum
from audit.ledger.store._rows import Snapshot
from audit.ledger.tiles._layout import MINIMUM, WIDTH, Tile
from audit.ledger.tiles._store import TileStore
from audit.ledger.tiles._write import Source, start_of, write_tiles


def export_tiles(
    ledger: Ledger, store: TileStore, *, checkpoint: Checkpoint | None = None
) -> tuple[Checkpoint, int]:
    """Write the tiles that are new, publish the ledger's last checkpoint, and return both.

    With `checkpoint`, one of the ledger's, that is published and not the last.

    Bundles of entries that expired are removed; the log's word on that is
    published as `minimum-index`, and their hashes stay.

    Raises:
        EvidenceError: the ledger has no checkpoint yet.
        EntryExpired: the entries under the checkpoint, and later ones, expired.
        ChainBroken: ledger, checkpoint and published tiles do not agree; nothing is published.
    """
    if checkpoint is None:
        checkpoint = max(ledger.checkpoints(), key=lambda one: one.size, default=None)
    if checkpoint is None:
        raise EvidenceError(
            f"{ledger.url} has no checkpoint to export",
            hint="sign one: audit ledger checkpoint --ledger URL --key FILE",
        )
    start = start_of(store, checkpoint)
    with ledger.reading() as snapshot:
        last = max(snapshot.expiries(), key=lambda row: row.minimum, default=None)
        minimum = last.minimum if last else 0
        if minimum > checkpoint.size:
            raise EntryExpired(f"entries below {minimum} expired, all under the checkpoint as well")
        expired = islice(kept_hashes(snapshot, minimum), start, None) if start < minimum else ()
        source = Source(start, _leaves(snapshot, max(start, minimum)), expired)
        written = write_tiles(store, checkpoint, source)
    if last is not None and store.read(MINIMUM) != last.note:
        _prune(store, published_minimum(store), minimum)
        store.publish(MINIMUM, last.note)
    return checkpoint, written


def published_minimum(store: TileStore) -> int:
    """Return below which number the published entries expired; 0 if there are all.

    The note's signature is not checked: it only explains why a bundle is gone.
    """
    note = store.read(MINIMUM)
    return 0 if note is None else read_minimum(note, vkeys=None).minimum


def _leaves(snapshot: Snapshot, start: int) -> Iterator[bytes]:
    for row in snapshot.rows(start=start, subject=None, type_=None):
        yield row.leaf


def _prune(store: TileStore, before: int, minimum: int) -> None:
    """Remove the bundles of entries that expired since, and what is left of partial ones."""
    for index in range(before // WIDTH, minimum // WIDTH):
        path = Tile(None, index).path
        store.remove(path)
        store.remove(f"{path}.p")
