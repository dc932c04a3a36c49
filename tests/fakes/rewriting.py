"""What an attacker with the database does: edit rows, and mend the head so that it fits again."""

from collections.abc import Callable

from audit.documents import GENESIS, leaf_hash
from audit.ledger import open_ledger
from audit.ledger._leaf import splice
from audit.ledger._merkle import Frontier
from audit.ledger.store._append import event_of
from tests.fakes.databases import Database

Change = Callable[[int, bytes], bytes | None]
"""Gives, for an entry's number and canonical event, the event to have there, or None for none."""


def cut(database: Database, url: str, size: int) -> None:
    """Cut the tail off, and mend the head."""
    with database.editor(url) as edit:
        edit(f"DELETE FROM entries WHERE seq >= {size}")
        edit(f"DELETE FROM keys WHERE seq >= {size}")
    mend(database, url)


def mend(database: Database, url: str) -> None:
    """Make the head fit the entries that are there."""
    tree, last, last_ns = Frontier(), bytes.fromhex(GENESIS), 0
    with open_ledger(url) as ledger, ledger.reading() as snapshot:
        for row in snapshot.rows(start=0, subject=None, type_=None):
            tree.add(row.leaf_hash)
            last, last_ns = row.leaf_hash, row.ts_ns
    values = {
        "size": tree.size,
        "root": tree.root(),
        "frontier": tree.pack(),
        "last_hash": last,
        "last_ns": last_ns,
    }
    sets = ", ".join(f"{name} = {database.literal(value)}" for name, value in values.items())
    with database.editor(url) as edit:
        edit(f"UPDATE head SET {sets}")


def rewrite_from(database: Database, url: str, start: int, change: Change) -> None:
    """Change events from entry `start` on, chain all that follows anew, and mend the head."""
    with open_ledger(url) as ledger, ledger.reading() as snapshot:
        rows = list(snapshot.rows(start=0, subject=None, type_=None))
    prev = rows[start - 1].leaf_hash if start else bytes.fromhex(GENESIS)
    seq = start
    with database.editor(url) as edit:
        edit(f"DELETE FROM entries WHERE seq >= {start}")
        for row in rows[start:]:
            event = change(row.seq, event_of(row))
            if event is None:
                continue
            leaf = splice(event, prev=prev.hex(), seq=seq, ts_ns=row.ts_ns)
            prev = leaf_hash(leaf)
            new = (seq, row.ts_ns, row.type, row.subject, leaf, prev)
            edit(f"INSERT INTO entries VALUES ({', '.join(map(database.literal, new))})")
            seq += 1
    mend(database, url)
