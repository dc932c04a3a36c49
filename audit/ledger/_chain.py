"""From events to rows: what comes after a head, and the head over it."""

from collections.abc import Iterable

from audit.core.clock import Clock
from audit.core.errors import LedgerUnavailable
from audit.documents import leaf_hash
from audit.ledger._leaf import splice
from audit.ledger._merkle import Frontier
from audit.ledger.store._rows import EntryRow, Head, Pending, as_row

_LAST_NS = 2**63 - 1
"""In the year 2262; a database has no more bits for it."""


def chain(head: Head, pending: Iterable[Pending], clock: Clock) -> tuple[list[EntryRow], Head]:
    """Return the entries that follow `head`, in order, and the head over them.

    Time never goes back: if the clock does, each entry is a nanosecond later
    than the one before.

    Raises:
        UsageError: an entry would be longer than `MAX_ENTRY`.
        LedgerUnavailable: the clock is beyond what a time can say.
    """
    tree = Frontier.unpack(head.size, head.frontier)
    prev, ts_ns = head.last_hash, head.last_ns
    rows: list[EntryRow] = []
    for seq, (event, type_, subject, _) in enumerate(pending, head.size):
        now = clock()
        ts_ns = now if now > ts_ns else ts_ns + 1
        if ts_ns > _LAST_NS:
            raise LedgerUnavailable(
                f"the clock says {ts_ns} ns, and {_LAST_NS} is the last time an entry can have",
                hint="set the clock right; nothing was recorded",
            )
        leaf = splice(event, prev=prev.hex(), seq=seq, ts_ns=ts_ns)
        prev = leaf_hash(leaf)
        rows.append(as_row((seq, ts_ns, type_, subject, leaf, prev)))
        tree.add(prev)
    return rows, head._replace(
        size=tree.size,
        root=tree.root(),
        frontier=tree.pack(),
        last_hash=prev,
        last_ns=ts_ns,
    )
