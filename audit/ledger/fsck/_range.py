"""Read one range of entries, find what is wrong in it, and hash the rest.

The rules:

* An entry that is damaged is known by its successor: `prev` there is the hash it had. So
  the tree over all entries can be computed although one of them was edited.
* Two entries that do not link: the later one is right if the one after it commits to it.
* A range speaks of its own entries only; it reads one before and two after to do so.

What is too much to list is counted. Memory does not grow with the range.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from audit.core.errors import AuditError
from audit.documents import ANCHORED, Damage, LedgerEntry, leaf_hash
from audit.ledger._leaf import read_leaf
from audit.ledger._open import open_store
from audit.ledger._verify import FIRST, fault_of, holds
from audit.ledger.fsck._run import Node, Run
from audit.ledger.fsck._tiles import BlockCheck
from audit.ledger.store._rows import EntryRow

LISTED = 100
"""Findings of one range that are listed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Range:
    """Which entries to read, and what the head and others say of them."""

    url: str
    start: int
    end: int
    before: bytes | None
    """The hash of the entry before the first range; None in the other ranges, which read it."""
    is_last: bool
    last_hash: bytes | None
    """The head's hash of the last entry, in the last range; None if there is no head."""
    wanted: frozenset[int]
    """Sizes at which somebody says what the tree was."""
    tiles: str | None = None
    tiled: int = 0

    @property
    def first_row(self) -> int:
        """The lowest number that is read."""
        return self.start - 1 if self.before is None else FIRST


@dataclass(frozen=True, slots=True)
class Spot:
    """Something wrong with rows; `claims` is the number that a misplaced leaf has."""

    kind: Damage
    seq: int
    until: int
    what: str
    claims: int | None = None


@dataclass(slots=True)
class RangeFound:
    """What reading a range gave; `nodes` is None where entries were lost."""

    start: int
    nodes: tuple[Node, ...] | None = None
    marks: dict[int, tuple[Node, ...]] = field(default_factory=dict)
    first_ns: dict[int, int] = field(default_factory=dict)
    anchors: dict[str, int] = field(default_factory=dict)
    spots: list[Spot] = field(default_factory=list)
    unlisted: int = 0
    last: tuple[bytes, int] | None = None
    """Hash and time of the range's last entry, if it is there."""
    failure: tuple[str, str] | None = None
    """Slug and text of the error that kept the range from being read."""

    def report(self, spot: Spot) -> None:
        """List a finding, or count it."""
        if len(self.spots) < LISTED:
            self.spots.append(spot)
        else:
            self.unlisted += 1


def read_range(asked: Range) -> RangeFound:
    """Return what is in a range; an error is returned as well, since this runs in a process."""
    try:
        store = open_store(asked.url, create=False, read_only=True)
        with contextlib.closing(store), store.reading() as snapshot:
            rows = snapshot.rows(start=asked.first_row, subject=None, type_=None)
            with contextlib.closing(rows):
                return _Reader(asked, rows, snapshot.row_at).read()
    except AuditError as exc:
        return RangeFound(asked.start, failure=(exc.slug, str(exc)))


class _Ahead:
    """Rows, with a look at those that come."""

    def __init__(self, rows: Iterator[EntryRow]) -> None:
        self._rows, self._waiting = rows, deque[EntryRow]()

    def next(self) -> EntryRow | None:
        return self._waiting.popleft() if self._waiting else next(self._rows, None)

    def peek(self) -> EntryRow | None:
        if not self._waiting and (row := next(self._rows, None)) is not None:
            self._waiting.append(row)
        return self._waiting[0] if self._waiting else None


class _Reader:
    """Walks over rows; the last one is held until the next says what its hash must be."""

    def __init__(
        self,
        asked: Range,
        rows: Iterator[EntryRow],
        row_at: Callable[[int], EntryRow | None],
    ) -> None:
        self._asked, self._ahead, self._row_at = asked, _Ahead(rows), row_at
        self._found, self._run = RangeFound(asked.start), Run(asked.start)
        self._blocks = BlockCheck(asked.tiles, asked.tiled, self._found_tile)
        self._expect = asked.start
        self._held: EntryRow | None = None
        self._hash = asked.before or bytes(32)
        """What the held row hashes to."""
        self._linked = asked.before is not None
        """Whether `_hash` is known, so that a link can be compared with it."""
        self._ns = self._older_ns = -1
        self._blamed = -1
        self._lost = False

    def read(self) -> RangeFound:
        """Read the range and return what it holds."""
        asked, found = self._asked, self._found
        if asked.start in asked.wanted:
            found.marks[asked.start] = ()
        after = None
        while (row := self._ahead.next()) is not None:
            if type(row.seq) is int and asked.start <= row.seq < asked.end:
                self._take(row)
            elif row.seq == asked.start - 1 and asked.before is None:
                self._hold(row, trusted=fault_of(row, row.seq, -1) is None)
            elif asked.is_last or row.seq < asked.start:
                self._stray(row)
            else:
                after = row
                break
        self._finish(after)
        self._blocks.end()
        found.nodes = None if self._lost else self._run.nodes()
        return found

    def _take(self, row: EntryRow) -> None:
        if row.seq == self._expect and self._linked and holds(row, row.seq, self._hash, self._ns):
            self._follow(row)
            return
        row, entry = self._in_its_place(row)
        if row.seq > self._expect:
            self._gap(row.seq, entry)
        else:
            self._settle(self._linked_hash(row, entry))
        if (what := fault_of(row, row.seq, self._ns)) is not None:
            self._report(Spot(Damage.EDITED, row.seq, row.seq, what))
        self._hold(row)

    def _in_its_place(self, row: EntryRow) -> tuple[EntryRow, LedgerEntry | None]:
        """Return a row and its entry; if it changed places with another, that one's."""
        entry = _read(row)
        if entry is None or entry.number == row.seq:
            return row, entry
        what = fault_of(row, row.seq, -1) or "is out of place"
        self._report(Spot(Damage.EDITED, row.seq, row.seq, what, entry.number))
        there = self._row_at(entry.number)
        other = None if there is None else _read(there)
        if there is None or other is None or other.number != row.seq:
            return row, entry
        return there._replace(seq=row.seq), other

    def _linked_hash(self, row: EntryRow, entry: LedgerEntry | None) -> bytes:
        """Return the hash of the held row, by itself or by what `row` commits to."""
        if not self._linked or entry is None or entry.prev == self._hash.hex():
            return self._hash
        if self._is_vouched(row):
            if self._held is not None:
                what = (
                    f"is not the entry its successor committed to (expected sha256:{entry.prev}, "
                    f"found sha256:{self._hash.hex()})"
                )
                self._report(Spot(Damage.EDITED, self._held.seq, self._held.seq, what))
                self._ns = self._older_ns
                return bytes.fromhex(entry.prev)
        elif fault_of(row, row.seq, -1) is None:
            what = f"does not follow the entry before it (sha256:{self._hash.hex()})"
            self._report(Spot(Damage.EDITED, row.seq, row.seq, what))
        return self._hash

    def _is_vouched(self, row: EntryRow) -> bool:
        """Whether what comes after `row` commits to it."""
        own, after = leaf_hash(row.leaf), self._ahead.peek()
        if after is not None and after.seq == row.seq + 1:
            entry = _placed(after, self._row_at)
            return entry is not None and entry.prev == own.hex()
        return self._asked.is_last and own == self._asked.last_hash

    def _follow(self, row: EntryRow) -> None:
        """Hold a row that holds; the same as below, without a second look at it."""
        self._settle(self._hash)
        self._held, self._hash, self._expect = row, row.leaf_hash, row.seq + 1
        self._older_ns, self._ns = self._ns, row.ts_ns
        if row.seq in self._asked.wanted or row.type == ANCHORED:
            self._note(row)

    def _hold(self, row: EntryRow, *, trusted: bool = True) -> None:
        """Keep a row until the next one; one that is not `trusted` says nothing about time."""
        self._held, self._linked, self._expect = row, type(row.leaf) is bytes, row.seq + 1
        self._hash = leaf_hash(row.leaf) if self._linked else bytes(32)
        self._older_ns = self._ns
        if trusted and self._blamed != row.seq and type(row.ts_ns) is int:
            self._ns = row.ts_ns
        if row.seq >= self._asked.start:
            self._note(row)

    def _note(self, row: EntryRow) -> None:
        """Remember the time of a row that somebody may ask for, and the anchors it records."""
        if row.seq in self._asked.wanted and type(row.ts_ns) is int:
            self._found.first_ns[row.seq] = row.ts_ns
        if row.type == ANCHORED and (entry := _read(row)) is not None:
            self._found.anchors |= {one.digest: row.seq for one in entry.event.outputs}

    def _settle(self, node: bytes) -> None:
        """Add the held row to the tree under the hash `node`."""
        held, self._held = self._held, None
        if held is None or held.seq < self._asked.start:
            return
        if self._asked.tiles is None:
            pass
        elif type(held.leaf) is bytes:
            self._blocks.add(held.seq, node, held.leaf)
        else:
            self._blocks.skip()
        self._add(node)

    def _add(self, node: bytes) -> None:
        if self._lost:
            return
        self._run.add(node)
        if self._run.end in self._asked.wanted:
            self._found.marks[self._run.end] = self._run.nodes()

    def _gap(self, seq: int, entry: LedgerEntry | None) -> None:
        """Report that the entries before `seq` are missing; the last one's hash is in `entry`."""
        self._settle(self._hash)
        first = self._expect
        self._report(Spot(Damage.MISSING, first, seq - 1, "missing"))
        self._blocks.skip()
        if seq - first == 1 and entry is not None:
            self._add(bytes.fromhex(entry.prev))
            self._hash, self._linked = bytes.fromhex(entry.prev), True
        else:
            self._lost, self._linked = True, False

    def _finish(self, after: EntryRow | None) -> None:
        """Settle the last row, with what comes after the range."""
        end, held = self._asked.end, self._held
        if after is not None and after.seq != end:
            after = None
        entry = None if after is None else _read(after)
        if self._expect < end:
            self._gap(end, entry)
        elif after is not None:
            after, entry = self._in_its_place(after)
            self._settle(self._linked_hash(after, entry))
        else:
            self._settle(self._hash)
        if held is not None and held.seq == end - 1 and _is_typed(held):
            self._found.last = (leaf_hash(held.leaf), held.ts_ns)

    def _stray(self, row: EntryRow) -> None:
        """Report a row outside of what the head commits to."""
        entry, seq = _read(row), row.seq if type(row.seq) is int else self._expect
        claims = entry.number if entry is not None else None
        self._report(Spot(Damage.UNACCOUNTED, seq, seq, "is one too many", claims))

    def _report(self, spot: Spot) -> None:
        """List a finding about this range; not twice about one entry."""
        mine = spot.kind is Damage.UNACCOUNTED or self._asked.start <= spot.seq < self._asked.end
        if spot.kind is Damage.EDITED and self._blamed == spot.seq:
            return
        if spot.kind is Damage.EDITED:
            self._blamed = spot.seq
        if mine:
            self._found.report(spot)

    def _found_tile(self, seq: int, until: int, what: str) -> None:
        self._found.report(Spot(Damage.TILE, seq, until, what))


def _placed(row: EntryRow, row_at: Callable[[int], EntryRow | None]) -> LedgerEntry | None:
    """Return the entry of a row, or the one that it changed places with."""
    entry = _read(row)
    if entry is None or entry.number == row.seq:
        return entry
    there = row_at(entry.number)
    other = None if there is None else _read(there)
    return other if other is not None and other.number == row.seq else entry


def _is_typed(row: EntryRow) -> bool:
    return type(row.leaf) is bytes and type(row.ts_ns) is int


def _read(row: EntryRow) -> LedgerEntry | None:
    try:
        return read_leaf(row.leaf)
    except (TypeError, ValueError):
        return None
