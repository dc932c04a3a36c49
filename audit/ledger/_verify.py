"""Verification: everything that can be recomputed is, from the leaves alone.

Per entry: its form, its hash, its place, its time, the columns copied out of
it, and the link to the entry before. Over all: the head and every checkpoint.
Of entries that expired there are their hashes, which the same roots cover.

Trust: the rows prove that nobody edited *part* of the ledger. Whoever can
write the database can rewrite all of it, or cut its tail and mend the head;
only a checkpoint signed by a key that he does not hold, or kept elsewhere,
shows that. So a caller who needs more than consistency passes `vkeys`.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from audit.core.errors import AuditError, ChainBroken
from audit.core.progress import Progress
from audit.documents import (
    ANCHORED,
    GENESIS,
    Checkpoint,
    LedgerVerification,
    leaf_hash,
)
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._leaf import outline, read_leaf
from audit.ledger._merkle import Frontier
from audit.ledger._minimum import (
    MinimumIndex,
    check_expiries,
    expired_entries,
    kept_hashes,
)
from audit.ledger._outside import Outside, Words, check_times, describe, read_words
from audit.ledger.store._rows import NO_NOTES, CheckpointRow, EntryRow, Head, Snapshot, add_note

_PROGRESS_EVERY = 1 << 20
FIRST = -(2**63)
"""Below every number a row can have: rows that should not be there are read as well."""


@dataclass(slots=True)
class Scan:
    """What reading all entries gave: the tree, and its root and frontier at some sizes."""

    wanted: frozenset[int]
    tree: Frontier = field(default_factory=Frontier)
    at: dict[int, Frontier] = field(default_factory=dict)
    last_hash: bytes = bytes.fromhex(GENESIS)
    last_ns: int = 0
    first_ns: dict[int, int] = field(default_factory=dict)
    anchors: set[str] = field(default_factory=set)
    """Digests of the anchors that entries record."""
    expired: tuple[int, ...] = ()
    """Sizes whose next entry expired: the first that is kept speaks for it."""

    def mark(self) -> None:
        """Keep the tree if somebody signed it at this size."""
        if self.tree.size in self.wanted:
            self.at[self.tree.size] = self.tree.copy()

    def add(self, row: EntryRow) -> None:
        """Take in a row that holds."""
        if self.tree.size in self.wanted:
            self.first_ns[row.seq] = row.ts_ns
        if self.expired:
            self.first_ns |= dict.fromkeys(self.expired, row.ts_ns)
            self.expired = ()
        if row.type == ANCHORED:
            self.anchors |= {one.digest for one in read_leaf(row.leaf).event.outputs}
        self.last_hash, self.last_ns = row.leaf_hash, row.ts_ns
        self.tree.add(row.leaf_hash)
        self.mark()


def _sizes(
    stored: Sequence[CheckpointRow], outside: Sequence[Checkpoint], brought: Outside
) -> frozenset[int]:
    """Return the sizes at which somebody says what the tree was."""
    sizes = {row.size for row in stored if type(row.size) is int}
    sizes |= {0, *(checkpoint.size for checkpoint in outside)}
    return frozenset(
        sizes | {read_checkpoint(one.note, vkeys=None).size for one in brought.anchors}
    )


def _check_words(words: Words, scan: Scan) -> None:
    """Raise unless the tree is the one that everybody outside saw, as far as they saw it."""
    good = 0
    for one in sorted(words.seen, key=lambda seen: seen.word.size):
        if not one.is_stored:  # the roots of stored ones were compared already
            _check_root(one.checkpoint, scan, good=good, whose=f"with a {describe(one.word)} ")
        good = one.word.size


def _scan_expired(snapshot: Snapshot, scan: Scan, expiries: Sequence[MinimumIndex]) -> None:
    """Begin the tree with the hashes of entries that expired, and compare the roots signed then."""
    for leaf in kept_hashes(snapshot, expiries[-1].minimum if expiries else 0):
        scan.mark()
        scan.tree.add(leaf)
        scan.last_hash = leaf
    scan.mark()
    good = 0
    for one in expiries:
        if scan.at[one.minimum].root() != one.root:
            raise ChainBroken(good, f"or a later one before {one.minimum} is not what expired")
        good = one.minimum
    scan.expired = tuple(size for size in scan.wanted if size < scan.tree.size)


def read_entries(snapshot: Snapshot, scan: Scan, head: Head, progress: Progress) -> None:
    """Read every entry once, then the head; stop at the first that is not right."""
    tree, unreported = scan.tree, 0
    scan.mark()
    with contextlib.closing(snapshot.rows(start=FIRST, subject=None, type_=None)) as rows:
        for row in rows:
            if not holds(row, tree.size, scan.last_hash, scan.last_ns):
                raise _diagnosis(row, next(rows, None), scan, head)
            scan.add(row)
            unreported += len(row.leaf)
            if unreported > _PROGRESS_EVERY:
                progress.advance(unreported)
                unreported = 0
    progress.advance(unreported)
    check_head(head, scan)


def holds(row: EntryRow, seq: int, prev: bytes, prev_ns: int) -> bool:
    """Whether `row` is entry `seq`, has every column its leaf says, and links to `prev`."""
    try:
        return (
            type(row.seq) is int
            and type(row.ts_ns) is int
            and row.seq == seq
            and row.ts_ns > prev_ns
            and leaf_hash(row.leaf) == row.leaf_hash
            and outline(row.leaf) == (str(seq), str(row.ts_ns), prev.hex(), row.type, row.subject)
        )
    except (TypeError, AttributeError, ValueError):
        return False  # a column of another type, or text that is not UTF-8


def _diagnosis(row: EntryRow, following: EntryRow | None, scan: Scan, head: Head) -> ChainBroken:
    """Return what is wrong with `row`, which does not hold, and where."""
    seq = scan.tree.size
    if (what := fault_of(row, seq, scan.last_ns)) is not None:
        return ChainBroken(seq, what)
    entry = read_leaf(row.leaf)
    wanted, found = entry.prev, scan.last_hash.hex()
    vouched = (
        following is not None and _links(following, row.leaf_hash)
    ) or head.last_hash == row.leaf_hash
    if seq and vouched:
        return ChainBroken(
            seq - 1,
            f"is not the entry its successor committed to (expected sha256:{wanted}, "
            f"found sha256:{found})",
        )
    return ChainBroken(seq, f"does not follow the entry before it (sha256:{found})")


def fault_of(row: EntryRow, seq: int, prev_ns: int) -> str | None:
    """Return what is wrong with a row by itself, if anything is."""
    if type(row.seq) is not int or type(row.ts_ns) is not int or type(row.leaf) is not bytes:
        return "has a column of the wrong type"
    if row.seq != seq:
        return "is missing" if row.seq > seq else f"is out of place: a row says it is {row.seq}"
    if leaf_hash(row.leaf) != row.leaf_hash:
        return "does not have the hash that is stored with it"
    try:
        entry = read_leaf(row.leaf)
    except ValueError as exc:
        return str(exc)
    columns = {"seq": row.seq, "ts_ns": row.ts_ns, "type": row.type, "subject": row.subject}
    leaf = {
        "seq": entry.number,
        "ts_ns": entry.ts_ns,
        "type": entry.event.type,
        "subject": entry.event.subject,
    }
    for name, value in columns.items():
        if value != leaf[name]:
            return f"has a column {name} that is not what its leaf says"
    if row.ts_ns <= prev_ns:
        return "is not later than the entry before it"
    return None


def _links(row: EntryRow, prev: bytes) -> bool:
    try:
        return read_leaf(row.leaf).prev == prev.hex()
    except (TypeError, ValueError):
        return False


def check_head(head: Head, scan: Scan) -> None:
    size = scan.tree.size
    if size < head.size:
        raise ChainBroken(size, f"is missing: the head is over {head.size} entries")
    if size > head.size:
        raise ChainBroken(head.size, f"is one too many: the head is over {head.size} entries")
    found = (scan.tree.root(), scan.tree.pack(), scan.last_hash, scan.last_ns)
    if found != (head.root, head.frontier, head.last_hash, head.last_ns):
        raise ChainBroken(max(size - 1, 0), "is not the last entry of the tree in the head")


def _check_checkpoints(
    stored: Sequence[CheckpointRow], head: Head, scan: Scan
) -> list[tuple[Checkpoint, str]]:
    checked: list[tuple[Checkpoint, str]] = []
    notes_hash, good = NO_NOTES, 0
    for number, row in enumerate(stored):
        checkpoint = _check_checkpoint(row, number, scan, good)
        notes_hash, good = add_note(notes_hash, row.note), checkpoint.size
        checked.append((checkpoint, row.vkey))
    if (len(stored), notes_hash) != (head.checkpoints, head.notes_hash):
        raise ChainBroken(
            good, "or a later one lacks its checkpoint: not those the head commits to are here"
        )
    return checked


def _check_checkpoint(row: CheckpointRow, number: int, scan: Scan, good: int) -> Checkpoint:
    last = max(good - 1, 0)
    try:
        checkpoint = read_checkpoint(row.note, vkeys=(row.vkey,))
    except (AuditError, TypeError, ValueError, AttributeError) as exc:
        raise ChainBroken(last, f"is followed by checkpoint {number}, which is bad: {exc}") from exc
    columns = (row.number, row.size)
    if columns != (number, checkpoint.size) or [*map(type, columns)] != [int, int]:
        raise ChainBroken(last, f"is followed by checkpoint {number}, whose columns were edited")
    _check_root(checkpoint, scan, good=good, whose="")
    if scan.at[checkpoint.size].pack() != row.frontier:
        raise ChainBroken(last, f"is followed by checkpoint {number}, whose columns were edited")
    return checkpoint


def _check_root(checkpoint: Checkpoint, scan: Scan, *, good: int, whose: str) -> None:
    """Raise unless the tree had the checkpoint's root at its size; entries to `good` are known."""
    size = checkpoint.size
    if size > scan.tree.size:
        raise ChainBroken(scan.tree.size, f"is missing: a checkpoint {whose}is over {size} entries")
    if scan.at[size].root().hex() != checkpoint.root:
        raise ChainBroken(
            good,
            f"or a later one before {size} is not what the checkpoint {whose}over {size} signed",
        )


Read = Callable[[Snapshot, Scan, Head, Progress], None]
"""Reads all entries and the head into a scan, which has the expired ones already."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """What a ledger is compared with, and how its entries are read."""

    vkeys: Sequence[str]
    outside: Sequence[Checkpoint]
    progress: Progress
    anchors: Outside | None = None
    read: Read = read_entries

    def run(self, snapshot: Snapshot) -> LedgerVerification:
        """Return what the ledger holds, having recomputed all of it.

        Raises:
            ChainBroken: an entry, the head or a checkpoint is not what the others commit to.
            SignatureMismatch: an anchor by somebody whose word counts does not hold.
            QuorumMissing, AnchorMissing: too few, or too late, vouch for it outside.
        """
        stored, head, brought = snapshot.checkpoints(), snapshot.head(), self.anchors or Outside()
        expired = snapshot.expiries()
        expiries = check_expiries(expired, self.vkeys)
        scan = Scan(_sizes(stored, self.outside, brought) | {one.minimum for one in expiries})
        self.progress.start("ledger", snapshot.leaf_bytes())
        _scan_expired(snapshot, scan, expiries)
        self.read(snapshot, scan, head, self.progress)
        checkpoints = _check_checkpoints(stored, head, scan)
        for checkpoint in self.outside:
            _check_root(checkpoint, scan, good=0, whose="kept outside ")
        words = read_words(snapshot, brought, self.outside, self.vkeys)
        _check_words(words, scan)
        if (problem := snapshot.problem()) is not None:
            raise ChainBroken(head.size, f"cannot be added or read safely: {problem}")
        check_times(words.sorted(), head.size, scan.first_ns.__getitem__, brought)
        trusted = [one for one in checkpoints if not self.vkeys or one[1] in self.vkeys]
        last, vkey = max(trusted, key=lambda one: one[0].size, default=(None, None))
        anchored = max(words.sizes, default=0)
        return LedgerVerification(
            size=head.size,
            root=head.root.hex(),
            last_checkpoint=last,
            checkpoint_vkey=vkey,
            covered=last.size if last is not None and self.vkeys else 0,
            pinned=bool(self.vkeys),
            outside=words.sorted(),
            anchored=anchored,
            unanchored_since_ns=scan.first_ns.get(anchored),
            uncounted_anchors=words.uncounted,
            lost_anchors=len(scan.anchors - words.stored),
            expired=expired_entries(snapshot, expired, expiries),
        )


def verify_snapshot(
    snapshot: Snapshot,
    *,
    vkeys: Sequence[str],
    outside: Sequence[Checkpoint],
    progress: Progress,
    anchors: Outside | None = None,
) -> LedgerVerification:
    """Return what the ledger holds, having recomputed all of it, entry after entry.

    Raises:
        ChainBroken, SignatureMismatch, QuorumMissing, AnchorMissing: as `Verifying.run`.
    """
    return Verifying(vkeys, outside, progress, anchors).run(snapshot)


def read_rows(rows: Iterator[EntryRow]) -> Iterator[EntryRow]:
    """Give rows whose leaf is an entry with the columns stored beside it.

    Raises:
        ChainBroken: a row is not; a query must not answer from edited columns.
    """
    for row in rows:
        if (what := fault_of(row, row.seq, -1)) is not None:
            raise ChainBroken(row.seq, what)
        yield row
