"""The head before anything is added to it: it must fit the last entry."""

from audit.core.errors import ChainBroken
from audit.documents import leaf_hash
from audit.ledger._merkle import Frontier
from audit.ledger.store._rows import Head, Writing


def fitting_head(writing: Writing) -> Head:
    """Return the head, if it is over the last entry; else nothing may be added to it.

    Raises:
        ChainBroken: it is not.
    """
    head, last = writing.head(), writing.last_row()
    broken = ChainBroken(max(head.size - 1, 0), "is not the last entry of the tree in the head")
    try:
        tree = Frontier.unpack(head.size, head.frontier)
    except ValueError as exc:
        raise broken from exc
    empty = Head().last_hash
    found = (
        (last.seq + 1, leaf_hash(last.leaf), last.leaf_hash, last.ts_ns)
        if last
        else (0, empty, empty, 0)
    )
    wanted = (head.size, head.last_hash, head.last_hash, head.last_ns)
    if found != wanted or tree.root() != head.root:
        raise broken
    return head
