"""Append with many writers (PostgreSQL).

* A writer that finds the head free takes it, and sequences what waits in the
  inbox together with its own events: one commit.
* A writer that finds it taken commits its events to the inbox and waits until
  somebody has sequenced them. No writer waits for another one's disk.
* While a sequencer service runs, writers leave the sequencing to it.

An event in the inbox is durable, but nothing commits to it yet: whoever can
delete rows could drop it unseen. A signed promise shows that (`_promise.py`).
"""

import hashlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from audit.core.clock import Clock
from audit.core.errors import ChainBroken, LedgerUnavailable
from audit.documents import Event
from audit.ledger._leaf import as_pending, problem_of
from audit.ledger.store._append import (
    append_directly,
    event_of,
    refuse_other_event,
    with_keys,
)
from audit.ledger.store._rows import EntryRow, Pending
from audit.ledger.store._transaction import ENTRY

if TYPE_CHECKING:
    from audit.ledger.store._postgres import PostgresStore, PostgresWriting

SERVICE_LOCK = 0x4C4D5345
"""Half of the advisory lock that a sequencer service holds ("LMSE")."""
THIS_LEDGER = "'head'::regclass::oid::bigint::bit(32)::integer"
"""The other half: advisory locks are the database's, and it may hold several ledgers."""
BATCH = 2048
"""Most events that one transaction sequences."""
WAIT_SECONDS = 30
_SHORTEST, _LONGEST = 0.001, 0.05
_LOOKS = 4
"""Looks for one's event before lending a hand."""
DURABLY = """set_config('synchronous_commit', CASE current_setting('synchronous_commit')
  WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)"""
"""Has the server wait for its disk when this transaction commits, whatever its default is."""
_INSERT_ALONE = f"""
WITH durably AS MATERIALIZED (SELECT {DURABLY})
INSERT INTO inbox (event, type, subject, key)
SELECT event, type, subject, key FROM durably,
  unnest(%s::bytea[], %s::text[], %s::text[], %s::text[]) AS new (event, type, subject, key)
"""
_RECORDED = f"SELECT key, {ENTRY} FROM keys JOIN entries USING (seq) WHERE key = ANY (%s)"


def append_through_inbox(
    store: "PostgresStore", pending: Sequence[Pending], clock: Clock
) -> list[EntryRow]:
    """Record events and return their entries, durable and sequenced.

    Raises:
        LedgerUnavailable: nobody sequenced the events in time; they are in the inbox.
        ChainBroken, UsageError: as `Store.append`.
    """
    with store.transaction() as connection:
        if _is_free(connection):
            writing = store.as_writing(connection)
            waiting = take_checked(writing)
            if len(waiting) < BATCH:
                return append_directly(writing, [*waiting, *pending], clock)[len(waiting) :]
            append_directly(writing, waiting, clock)
    return wait(store, submit(store, pending), clock)


def submit(store: "PostgresStore", pending: Sequence[Pending]) -> list[Pending]:
    """Commit events to the inbox and return them with their keys; they are durable then.

    Raises:
        UsageError: a key names another event.
    """
    named = with_keys(pending)
    if all(one.key is None for one in pending):  # keys that nobody else has
        store.run_alone(_INSERT_ALONE, tuple(map(list, zip(*named, strict=True))))
        return named
    with store.transaction() as connection:
        writing = store.as_writing(connection)
        connection.exec_driver_sql(
            "INSERT INTO inbox (event, type, subject, key) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (key) DO NOTHING",
            [tuple(one) for one in named],
        )
        # Looked at after the insert: whoever sequenced the key meanwhile is seen.
        keys = [str(one.key) for one in named]
        waiting = connection.exec_driver_sql(
            "SELECT key, event FROM inbox WHERE key = ANY (%s)", (keys,)
        )
        events = {str(key): bytes(event) for key, event in waiting.fetchall()}
        recorded = writing.recorded(keys)
        for one in named:
            key = str(one.key)
            found = [events.get(key), event_of(recorded[key]) if key in recorded else None]
            for event in found:  # one is None if it was sequenced between two statements
                if event is not None:
                    refuse_other_event(one, event)
    return named


def wait(store: "PostgresStore", named: Sequence[Pending], clock: Clock) -> list[EntryRow]:
    """Return the entries of events in the inbox once they are sequenced; lend a hand if free.

    Raises:
        LedgerUnavailable: nobody sequenced them in time.
    """
    keys, pause, looks = [str(one.key) for one in named], _SHORTEST, 0
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        time.sleep(pause)
        pause, looks = min(2 * pause, _LONGEST), looks + 1
        found = store.run_alone(_RECORDED, (keys,))
        recorded = {row[0]: EntryRow(*row[1:]) for row in found}
        if len(recorded) == len(set(keys)):
            for one in named:
                refuse_other_event(one, event_of(recorded[str(one.key)]))
            return [recorded[key] for key in keys]
        # Whoever has the head, or the service, most likely takes ours along; asking costs more
        # than looking, and with many who ask nobody gets on.
        if looks % _LOOKS == 0:
            sequence_once(store, clock)
    raise LedgerUnavailable(
        f"{store.url}: no sequencer took the event within {WAIT_SECONDS} s; it is in the inbox",
        hint="start one: audit ledger sequencer --ledger URL",
    )


def sequence_once(store: "PostgresStore", clock: Clock) -> int:
    """Sequence what waits, if the head is free, and return how many events that were."""
    with store.transaction() as connection:
        return drain(store.as_writing(connection), clock) if _is_free(connection) else 0


def drain(writing: "PostgresWriting", clock: Clock) -> int:
    """Sequence what waits in the inbox, and return how many events that were."""
    waiting = take_checked(writing)
    if waiting:
        append_directly(writing, waiting, clock)
    return len(waiting)


def take_checked(writing: "PostgresWriting") -> list[Pending]:
    """Take events out of the inbox; what is no event is replaced by a record of that.

    A role that may write the inbox may write anything into it. Nothing that was
    there vanishes without an entry, and nothing of it stops the log.
    """
    waiting = writing.take(BATCH)
    recorded = writing.recorded([str(one.key) for one in waiting]) if waiting else {}
    checked: list[Pending] = []
    for one in waiting:
        known = recorded.get(str(one.key))
        if known is None:
            reason = problem_of(one)
            checked.append(one if reason is None else _rejected(one, reason, key=one.key))
        elif event_of(known) != one.event:
            checked.append(_rejected(one, "its key names another event", key=None))
    return checked


def _rejected(one: Pending, reason: str, *, key: str | None) -> Pending:
    digest = "sha256:" + hashlib.sha256(one.event).hexdigest()
    event = Event(type="ledger.rejected", facts={"event": digest, "reason": reason})
    return as_pending(event)._replace(key=key)


def _is_free(connection: sa.Connection) -> bool:
    """Take the head if nobody has it, no service runs, and this role may write it."""
    may = (
        "SELECT has_table_privilege('head', 'UPDATE') AND has_table_privilege('entries', 'INSERT') "
        f"AND pg_try_advisory_xact_lock_shared(%s, {THIS_LEDGER})"
    )
    if not connection.exec_driver_sql(may, (SERVICE_LOCK,)).scalar_one():
        return False
    if connection.exec_driver_sql("SELECT id FROM head FOR UPDATE SKIP LOCKED").fetchall():
        return True
    if not connection.exec_driver_sql("SELECT count(*) FROM head").scalar_one():
        raise ChainBroken(0, "has no one head over it: the head row is missing")
    return False
