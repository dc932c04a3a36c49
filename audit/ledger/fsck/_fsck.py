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
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from audit.core.clock import Clock, now_ns
from audit.core.errors import ChainBroken
from audit.documents import GENESIS, Checkpoint, Damage, LedgerCheck, leaf_hash
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._merkle import Frontier
from audit.ledger._minimum import check_expiries, expired_entries, kept_hashes, minimum_of
from audit.ledger._open import open_store
from audit.ledger._outside import Outside
from audit.ledger._treehead import TreeHead
from audit.ledger.fsck._judge import Judge, Trees
from audit.ledger.fsck._range import RangeFound
from audit.ledger.fsck._run import extended
from audit.ledger.fsck._together import Span, read_ranges, split
from audit.ledger.store._rows import Head, Snapshot
from audit.ledger.tiles._layout import CHECKPOINT
from audit.ledger.tiles._open import open_tiles
from audit.ledger.vault import VaultKey


@dataclass(frozen=True, slots=True)
class Brought:
    """What a caller knows or keeps outside the database."""

    vkeys: Sequence[str] = ()
    checkpoints: Sequence[Checkpoint] = ()
    anchors: Outside = field(default_factory=Outside)
    last_signed: TreeHead | None = None
    """What the log's key signed last, as its own memory has it."""
    tiles: str | None = None
    """Where tiles are published: a folder, or `s3://BUCKET/PREFIX`."""
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
        sizes = _sizes(snapshot, head, brought, published)
        start = _expired(snapshot, brought.vkeys, sizes)
        asked = split(
            Span(url, start.minimum, start.before, head), sizes | {start.minimum}, processes
        )
        if published is not None:
            asked = [replace(one, tiles=brought.tiles, tiled=published.size) for one in asked]
        found = read_ranges(asked, processes)
        judge = Judge(snapshot, head, _join(start, found), brought.vkeys)
        for what in start.problems:
            judge.report(Damage.EXPIRY, what)
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
    note = open_tiles(brought.tiles).read(CHECKPOINT)
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


@dataclass(frozen=True, slots=True)
class _Start:
    """Where the entries that are kept begin, and the tree over those that expired."""

    minimum: int = 0
    tree: Frontier | None = field(default_factory=Frontier)
    """None where hashes that have to be kept are gone."""
    before: bytes | None = bytes.fromhex(GENESIS)
    marks: dict[int, Frontier] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def _expired(snapshot: Snapshot, vkeys: Sequence[str], wanted: set[int]) -> _Start:
    """Return where to start, having checked the log's word about what expired."""
    rows = snapshot.expiries()
    if not rows:
        return _Start()
    minimum = minimum_of(snapshot)
    try:
        said = check_expiries(rows, vkeys)
        expired_entries(snapshot, rows, said)
    except ChainBroken as exc:
        said, problems = [], [str(exc)]
    else:
        problems = []
    tree, last, marks = Frontier(), b"", dict[int, Frontier]()
    roots = {one.minimum: one.root for one in said}
    try:
        for last in kept_hashes(snapshot, minimum):
            tree.add(last)
            if tree.size in wanted or tree.size in roots:
                marks[tree.size] = tree.copy()
    except ChainBroken as exc:
        return _Start(minimum, None, None, {}, (*problems, str(exc)))
    wrong = [size for size, root in roots.items() if marks[size].root() != root]
    what = [f"ledger entries below {size} are not those that expired" for size in wrong]
    return _Start(minimum, tree, last, marks, (*problems, *what))


def _sizes(
    snapshot: Snapshot, head: Head, brought: Brought, published: Checkpoint | None
) -> set[int]:
    """Return the sizes at which somebody says what the tree was, and that before the last entry."""
    sizes = {row.size for row in snapshot.checkpoints() if type(row.size) is int}
    sizes |= {one.size for one in brought.checkpoints}
    sizes |= {read_checkpoint(one.note, vkeys=None).size for one in brought.anchors.anchors}
    sizes |= {0, head.size, head.size - 1, published.size if published else 0}
    return sizes | ({brought.last_signed.size} if brought.last_signed else set())


def _join(start: _Start, found: Sequence[RangeFound]) -> Trees:
    """Return the tree at every size that is of interest, as far as no entry is lost."""
    trees = Trees(dict(start.marks))
    for part in found:
        trees.first_ns |= part.first_ns
    if start.minimum in trees.first_ns:  # of what expired no time is kept but that of the next
        first = trees.first_ns[start.minimum]
        trees.first_ns |= dict.fromkeys((0, *start.marks), first)
    tree = start.tree
    for part in found:
        if tree is None:
            break
        for size, nodes in part.marks.items():
            trees.at[size] = extended(tree, nodes)
        tree = None if part.nodes is None else extended(tree, part.nodes)
    trees.is_whole = tree is not None
    if tree is not None:
        trees.at[tree.size] = tree
    return trees
