"""Read a ledger in ranges, put them together, and judge the whole.

The rules:

* Everything that follows from the entries is computed again; nothing that is
  stored is believed: hashes, columns, links, head, checkpoints, tiles, anchors.
* It goes on after the first thing that is wrong, and says what was done and where.
* A range is read by one process; memory does not grow with the ledger.

Trust: what looks right here may still have been rewritten whole. Only what was
kept or seen outside shows that, so bring it along (`Brought`).
"""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from audit.core.clock import Clock, now_ns
from audit.core.errors import ChainBroken, LedgerUnavailable
from audit.documents import GENESIS, Checkpoint, Damage, LedgerCheck, leaf_hash
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._merkle import Frontier, split_hashes
from audit.ledger._open import open_store
from audit.ledger._outside import Outside
from audit.ledger._treehead import TreeHead
from audit.ledger.fsck._judge import Judge, Trees
from audit.ledger.fsck._range import Range, RangeFound, read_range
from audit.ledger.fsck._run import extended
from audit.ledger.store._rows import Head, Snapshot
from audit.ledger.tiles._layout import CHECKPOINT, WIDTH
from audit.ledger.tiles._store import TileFolder
from audit.ledger.vault import VaultKey

_PER_PROCESS = 4
"""Ranges for each process: enough that none waits long for the last one."""
_SMALLEST = 1 << 12
"""Entries that are worth a range of their own."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a caller knows or keeps outside the database."""

    vkeys: Sequence[str] = ()
    checkpoints: Sequence[Checkpoint] = ()
    anchors: Outside = field(default_factory=Outside)
    last_signed: TreeHead | None = None
    """What the log's key signed last, as its own memory has it."""
    tiles: Path | None = None
    vault_key: VaultKey | None = None
    max_age_ns: int | None = None
    """How old cosignatures may be, under the policy in `anchors`."""
    clock: Clock = field(default=now_ns, repr=False)


def check_ledger(url: str, brought: Brought, *, processes: int = 1) -> LedgerCheck:
    """Return everything that is wrong with the ledger at `url`, and where.

    Raises:
        UsageError: not a URL of a database this version knows.
        LedgerUnavailable: it cannot be read.
        SignatureMismatch, ConfigError: what was brought along is not what it must be.
    """
    store = open_store(url, create=False, read_only=True)
    with contextlib.closing(store), store.reading() as snapshot:
        published = _published(brought)
        head, problem = _head(snapshot)
        before, prefix = _expired(snapshot)
        asked = _ranges(url, snapshot, head, brought, (before, prefix.size, published, processes))
        found = _read_all(asked, processes)
        trees = _join(prefix, found)
        judge = Judge(snapshot, head, trees, brought.vkeys)
        if problem is not None:
            judge.report(Damage.HEAD, problem)
        judge.judge_entries(found)
        judge.judge_head(found[-1].last, is_there=problem is None)
        judge.judge_checkpoints()
        judge.judge_outside(brought, published)
        judge.judge_rest(brought, published)
        if brought.vault_key is not None:
            judge.judge_payloads(store, brought.vault_key)
        return judge.verdict()


def _published(brought: Brought) -> Checkpoint | None:
    """Return the checkpoint that is published with the tiles."""
    if brought.tiles is None:
        return None
    note = TileFolder(brought.tiles).read(CHECKPOINT)
    return None if note is None else read_checkpoint(note, vkeys=brought.vkeys or None)


def _head(snapshot: Snapshot) -> tuple[Head, str | None]:
    """Return the head, or what stands in for it and why."""
    try:
        return snapshot.head(), None
    except ChainBroken as exc:
        last = snapshot.last_row()
        if last is None:
            return Head(), str(exc)
        return Head(size=last.seq + 1, last_hash=leaf_hash(last.leaf)), str(exc)


def _expired(snapshot: Snapshot) -> tuple[bytes, Frontier]:
    """Return the hash before the first entry that is kept, and the tree over those that are not."""
    minimum = max((one.minimum for one in snapshot.expiries()), default=0)
    tree, last = Frontier(), bytes.fromhex(GENESIS)
    if minimum:
        for stub in snapshot.stubs():
            for last in split_hashes(stub.hashes):
                if tree.size < minimum:
                    tree.add(last)
    return last, tree


def _ranges(
    url: str,
    snapshot: Snapshot,
    head: Head,
    brought: Brought,
    scope: tuple[bytes, int, Checkpoint | None, int],
) -> list[Range]:
    before, start, published, processes = scope
    sizes = {row.size for row in snapshot.checkpoints() if type(row.size) is int}
    sizes |= {one.size for one in brought.checkpoints}
    sizes |= {read_checkpoint(one.note, vkeys=None).size for one in brought.anchors.anchors}
    sizes |= {0, head.size, head.size - 1, published.size if published else 0}
    sizes |= {brought.last_signed.size} if brought.last_signed else set()
    end = max(head.size, start)
    width = max(_SMALLEST, -(-(end - start) // (processes * _PER_PROCESS)))
    width = -(-width // WIDTH) * WIDTH
    starts = list(range(start, end, width)) or [start]
    return [
        Range(
            url,
            at,
            min(at + width, end),
            before if at == start else None,
            is_last=at == starts[-1],
            last_hash=head.last_hash if at == starts[-1] else None,
            wanted=frozenset(one for one in sizes if at <= one <= at + width),
            tiles=brought.tiles if published else None,
            tiled=published.size if published else 0,
        )
        for at in starts
    ]


def _read_all(asked: Sequence[Range], processes: int) -> list[RangeFound]:
    """Read all ranges, in their order.

    Raises:
        LedgerUnavailable: one could not be read.
    """
    if processes == 1 or len(asked) == 1:
        found = [read_range(one) for one in asked]
    else:
        pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
        with pool:
            found = list(pool.map(read_range, asked))
    for one in found:
        if one.failure is not None:
            raise LedgerUnavailable(f"entries from {one.start} on cannot be read: {one.failure[1]}")
    return found


def _join(prefix: Frontier, found: Sequence[RangeFound]) -> Trees:
    """Return the tree at every size that is of interest, as far as no entry is lost."""
    trees, tree = Trees({prefix.size: prefix}), prefix
    for part in found:
        trees.first_ns |= part.first_ns
        for size, nodes in _marks(part):
            trees.at[size] = extended(tree, nodes)
        if part.nodes is None:
            trees.is_whole = False
            return trees
        tree = extended(tree, part.nodes)
    trees.at[tree.size] = tree
    return trees


def _marks(part: RangeFound) -> Iterator[tuple[int, Sequence[tuple[int, bytes]]]]:
    yield from sorted(part.marks.items())
