"""Read a ledger in ranges, in several processes.

`verify` and `fsck` both do. What verify cannot take from ranges, since something
is wrong in one, it reads again from the first entry on, and names that.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from audit.core.errors import LedgerUnavailable
from audit.core.progress import Progress
from audit.ledger._verify import Read, Scan, check_head, read_entries
from audit.ledger.fsck._range import Range, RangeFound, read_range
from audit.ledger.fsck._run import extended
from audit.ledger.store._rows import Head, Snapshot
from audit.ledger.tiles._layout import WIDTH

_PER_PROCESS = 16
"""Ranges for each process: enough that none waits long for the last one."""
_SMALLEST = 1 << 13
"""Entries that are worth a range of their own."""


@dataclass(frozen=True, slots=True)
class Span:
    """The entries of a ledger from `start` to the head."""

    url: str
    """With its password, for other processes to open it."""
    start: int
    before: bytes | None
    """The hash of the entry before `start`, if it is known."""
    head: Head


def split(span: Span, sizes: set[int], processes: int) -> list[Range]:
    """Return the ranges to read; `sizes` are those at which the tree is of interest."""
    start, end = span.start, max(span.head.size, span.start)
    width = max(_SMALLEST, -(-(end - start) // (processes * _PER_PROCESS)))
    width = -(-width // WIDTH) * WIDTH
    starts = list(range(start, end, width)) or [start]
    return [
        Range(
            span.url,
            at,
            min(at + width, end),
            before=span.before if at == start else None,
            is_last=at == starts[-1],
            last_hash=span.head.last_hash if at == starts[-1] else None,
            wanted=frozenset(one for one in sizes if at <= one <= at + width),
        )
        for at in starts
    ]


def read_ranges(asked: Sequence[Range], processes: int) -> list[RangeFound]:
    """Read all ranges, in their order.

    Raises:
        LedgerUnavailable: one could not be read.
    """
    found = [read_range(one) for one in asked] if processes == 1 else _together(asked, processes)
    for one in found:
        if one.failure is not None:
            raise LedgerUnavailable(f"entries from {one.start} on cannot be read: {one.failure[1]}")
    return found


def _together(asked: Sequence[Range], processes: int) -> list[RangeFound]:
    """Read ranges in several processes, of which this is one: it begins while the others start.

    They take ranges from the front, this one from the back.
    """
    mine: dict[int, RangeFound] = {}
    with ProcessPoolExecutor(processes - 1, mp_context=get_context("spawn")) as pool:
        others = [pool.submit(read_range, one) for one in asked]
        for at in reversed(range(len(asked))):
            if others[at].cancel():
                mine[at] = read_range(asked[at])
        return [mine[at] if at in mine else one.result() for at, one in enumerate(others)]


def reading_in_ranges(url: str, processes: int) -> Read:
    """Return how to read all entries of the ledger at `url` in several processes."""

    def read(snapshot: Snapshot, scan: Scan, head: Head, progress: Progress) -> None:
        start = scan.tree.size
        span = Span(url, start, scan.last_hash, head)
        found = read_ranges(split(span, set(scan.wanted) | {start}, processes), processes)
        last = found[-1].last
        if last is None or any(one.spots or one.nodes is None for one in found):
            read_entries(snapshot, scan, head, progress)
            return
        for part in found:
            for size, nodes in part.marks.items():
                scan.at[size] = extended(scan.tree, nodes)
            scan.tree = extended(scan.tree, part.nodes or ())
            scan.first_ns |= part.first_ns
            scan.anchors |= part.anchors.keys()
        scan.first_ns |= dict.fromkeys(scan.expired, scan.first_ns[start])
        scan.last_hash, scan.last_ns, scan.expired = *last, ()
        check_head(head, scan)

    return read
