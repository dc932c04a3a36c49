"""One range of a ledger, as the queries see it.

The rules:

* The whole ledger is verified before anything is asked of it.
* Nothing from the first bad entry on is believed, or even read.
* Entries after the range are not there: the same range gives the same answers.

Trust: whoever can write the database could swap entries between the
verification and a query. Making the report again later would show it.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from audit.core.errors import ChainBroken
from audit.documents import BrokenAt, Checkpoint, LedgerEntry, QueryScope
from audit.report._census import Census, take_census
from audit.report._plain import plain
from audit.report._reader import LedgerReader
from audit.report._request import ReportRequest
from audit.report._trail import Trail, follow


@dataclass(frozen=True)
class View:
    """A ledger, and the scope that bounds what is read of it."""

    reader: LedgerReader
    scope: QueryScope

    def entries(self, *types: str) -> Iterator[LedgerEntry]:
        """Give the entries of the period in order; of these types, or all."""
        start = self.scope.from_ns or 0
        return (entry for entry in self.history(*types) if entry.ts_ns >= start)

    def history(self, *types: str) -> Iterator[LedgerEntry]:
        """Give the entries from the first one to the end of the period, in order."""
        if types:
            walks = [self._walk(kind) for kind in sorted(set(types))]
            return heapq.merge(*walks, key=lambda entry: entry.number)
        return self._walk(None)

    def checkpoints(self) -> list[Checkpoint]:
        """Return the stored checkpoints of the range; their signatures are not checked."""
        return list(self.reader.checkpoints()[: self.scope.checkpoints])

    @cached_property
    def trails(self) -> tuple[Trail, ...]:
        """The releases packaged or decided on in the period, each with its entries."""
        return follow(self.history, start=self.scope.from_ns or 0)

    @cached_property
    def census(self) -> Census:
        """The counts over every entry of the period, taken once."""
        return take_census(self.entries())

    def entry(self, seq: int) -> LedgerEntry | None:
        """Return one entry of the range, or None."""
        entry = next(self.reader.entries(start=seq), None) if seq < self.scope.size else None
        return entry if entry is not None and entry.number == seq else None

    def _walk(self, kind: str | None) -> Iterator[LedgerEntry]:
        scope = self.scope
        entries = self.reader.entries(type=kind)
        while True:
            try:
                entry = next(entries, None)
            except ChainBroken as exc:
                if scope.broken is None or exc.seq < scope.size:
                    raise
                return
            if entry is None or entry.number >= scope.size:
                return
            if scope.to_ns is not None and entry.ts_ns >= scope.to_ns:
                return
            if scope.model_id is None or entry.event.model_id in {None, scope.model_id}:
                yield entry


def survey(reader: LedgerReader, request: ReportRequest, *, now_ns: int) -> QueryScope:
    """Verify the ledger and return the scope of a report over all of it.

    Raises:
        LedgerUnavailable: it cannot be read. A broken ledger is a finding, not an error.
    """
    broken, root, checkpoints = None, None, 0
    try:
        verified = reader.verify(vkeys=request.vkeys)
    except ChainBroken as exc:
        size = exc.seq
        broken = BrokenAt(seq=exc.seq, what=plain(str(exc)))
    else:
        size, root = verified.size, verified.root
        checkpoints = sum(one.size <= size for one in reader.checkpoints())
    return QueryScope(
        size=size,
        root=root,
        checkpoints=checkpoints,
        broken=broken,
        vkeys=request.vkeys,
        model_id=request.model_id,
        from_ns=request.from_ns,
        to_ns=request.to_ns,
        as_of_ns=now_ns if request.as_of_ns is None else request.as_of_ns,
        retention_days=request.retention_days,
    )


def revisit(reader: LedgerReader, scope: QueryScope) -> View:
    """Return the view that `scope` was, after checking that the ledger still is what it names.

    Raises:
        ChainBroken: it is not: an entry changed, or the root at that size is another.
        LedgerUnavailable: it cannot be read.
    """
    if scope.root is not None:
        named = Checkpoint(origin="report", size=scope.size, root=scope.root, note="")
        reader.verify(vkeys=scope.vkeys, outside=[named])
        return View(reader, scope)
    try:
        reader.verify(vkeys=scope.vkeys)
    except ChainBroken as exc:
        found = BrokenAt(seq=exc.seq, what=plain(str(exc)))
        return View(reader, scope.model_copy(update={"broken": found, "size": exc.seq}))
    raise ChainBroken(scope.size, "was broken when the report was made, and is not now")
