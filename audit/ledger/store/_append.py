"""Append inside one transaction: what is new goes behind the head, what is known stays."""

import secrets
from collections.abc import Sequence

from audit.core.clock import Clock
from audit.core.errors import UsageError
from audit.ledger._chain import chain
from audit.ledger._head import fitting_head
from audit.ledger.store._rows import EntryRow, Pending, Writing


def append_directly(writing: Writing, pending: Sequence[Pending], clock: Clock) -> list[EntryRow]:
    """Record what was not recorded under its key yet, and return all entries in order.

    Raises:
        ChainBroken: the head does not fit the last entry.
        UsageError: too long an entry, or a key that names another event.
    """
    head = fitting_head(writing)
    keys = [one.key for one in pending if one.key is not None]
    known = writing.recorded(keys) if keys else {}
    new = _unknown(pending, known)
    if not new:
        return [known[one.key] for one in pending if one.key is not None]
    rows, head = chain(head, new, clock)
    writing.add(rows, head)
    named = [(one.key, row.seq) for one, row in zip(new, rows, strict=True) if one.key is not None]
    if not named:
        return rows
    writing.add_keys(named)
    known |= {one.key: row for one, row in zip(new, rows, strict=True) if one.key is not None}
    unnamed = iter(row for one, row in zip(new, rows, strict=True) if one.key is None)
    return [next(unnamed) if one.key is None else known[one.key] for one in pending]


def _unknown(pending: Sequence[Pending], known: dict[str, EntryRow]) -> list[Pending]:
    """Return what is not recorded yet, each key once.

    Raises:
        UsageError: a key names another event than before.
    """
    new: list[Pending] = []
    fresh: dict[str, bytes] = {}
    for one in pending:
        if one.key is None:
            new.append(one)
        elif one.key in known:
            refuse_other_event(one, event_of(known[one.key]))
        elif one.key in fresh:
            refuse_other_event(one, fresh[one.key])
        else:
            fresh[one.key] = one.event
            new.append(one)
    return new


def with_keys(pending: Sequence[Pending]) -> list[Pending]:
    """Return events that all have a key; one that had none gets a random one."""
    return [
        one if one.key is not None else one._replace(key=f"auto-{secrets.token_hex(16)}")
        for one in pending
    ]


def event_of(row: EntryRow) -> bytes:
    """Return the canonical event inside a leaf."""
    return row.leaf[len(b'{"event":') : row.leaf.rindex(b',"prev":"')]


def refuse_other_event(one: Pending, recorded: bytes) -> None:
    """Return if `one` is the event that was recorded under its key.

    Raises:
        UsageError: it is another.
    """
    if one.event != recorded:
        raise UsageError(
            f"the key {one.key!r} names another event already",
            hint="give each event a key of its own; repeat a key only to repeat an attempt",
        )
