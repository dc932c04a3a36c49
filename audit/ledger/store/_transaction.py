"""The statements, the same for every database but for the mark of a parameter."""

from collections.abc import Generator, Sequence
from dataclasses import astuple
from typing import Any

import sqlalchemy as sa
from typing_extensions import override

from audit.core.errors import ChainBroken
from audit.ledger.store._rows import AttachmentRow, CheckpointRow, EntryRow, Head, Writing

ENTRY = "seq, ts_ns, type, subject, leaf, leaf_hash"
CHECKPOINT = "number, size, frontier, vkey, note"
HEAD = "size, root, frontier, last_hash, last_ns, checkpoints, notes_hash"
_PART = 500
"""Rows fetched at a time: few enough to stay small, enough to be quick."""


class Transaction(Writing):
    """A connection inside a transaction. What differs between databases is in its children."""

    mark = "?"
    lock = ""
    """What is written after a query for the head, to be the only writer."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    @override
    def head(self) -> Head:
        rows = self._all(f"SELECT id, {HEAD} FROM head{self.lock}")
        if len(rows) != 1 or rows[0][0] != 0:
            raise ChainBroken(0, "has no one head over it: the head row is missing or doubled")
        head = Head(*rows[0][1:])
        wanted = [type(field) for field in (0, *astuple(Head()))]
        if [type(field) for field in rows[0]] != wanted or head.size < 0:
            raise ChainBroken(0, "has no head over it: a field of the head is of the wrong type")
        return head

    @override
    def rows(self, *, start: int, subject: str | None, type_: str | None) -> Generator[EntryRow]:
        terms = {"seq >= ?": start or None, "subject = ?": subject, "type = ?": type_}
        wanted = {term: value for term, value in terms.items() if value is not None}
        where = " WHERE " + " AND ".join(wanted) if wanted else ""
        query = self._sql(f"SELECT {ENTRY} FROM entries{where} ORDER BY seq")
        streaming = {"stream_results": True, "yield_per": _PART}
        result = self._connection.exec_driver_sql(
            query, tuple(wanted.values()), execution_options=streaming
        )
        for part in result.partitions():
            yield from (EntryRow(*row) for row in part)

    @override
    def recorded(self, keys: Sequence[str]) -> dict[str, EntryRow]:
        found: dict[str, EntryRow] = {}
        for at in range(0, len(keys), _PART):
            some = tuple(keys[at : at + _PART])
            marks = ", ".join("?" * len(some))
            query = f"SELECT key, {ENTRY} FROM keys JOIN entries USING (seq) WHERE key IN ({marks})"
            found |= {row[0]: EntryRow(*row[1:]) for row in self._all(query, some)}
        return found

    @override
    def checkpoints(self) -> list[CheckpointRow]:
        query = f"SELECT {CHECKPOINT} FROM checkpoints ORDER BY number"
        return [CheckpointRow(*row) for row in self._all(query)]

    @override
    def attachments(self) -> list[AttachmentRow]:
        query = "SELECT number, checkpoint, kind, data FROM attachments ORDER BY number"
        return [AttachmentRow(*row) for row in self._all(query)]

    @override
    def last_row(self) -> EntryRow | None:
        found = self._all(f"SELECT {ENTRY} FROM entries ORDER BY seq DESC LIMIT 1")
        return EntryRow(*found[0]) if found else None

    @override
    def add(self, rows: Sequence[EntryRow], head: Head) -> None:
        insert = self._sql(f"INSERT INTO entries ({ENTRY}) VALUES (?, ?, ?, ?, ?, ?)")
        self._connection.exec_driver_sql(insert, rows)
        self._set_head(head)

    @override
    def add_keys(self, keys: Sequence[tuple[str, int]]) -> None:
        insert = self._sql("INSERT INTO keys (key, seq) VALUES (?, ?)")
        self._connection.exec_driver_sql(insert, list(keys))

    @override
    def add_checkpoint(self, row: CheckpointRow, head: Head) -> None:
        self._run(f"INSERT INTO checkpoints ({CHECKPOINT}) VALUES (?, ?, ?, ?, ?)", tuple(row))
        self._set_head(head)

    @override
    def attach(self, checkpoint: int, kind: str, data: bytes) -> None:
        insert = "INSERT INTO attachments (checkpoint, kind, data) VALUES (?, ?, ?)"
        self._run(insert, (checkpoint, kind, data))

    def _set_head(self, head: Head) -> None:
        assignments = ", ".join(f"{name} = ?" for name in HEAD.split(", "))
        self._run(f"UPDATE head SET {assignments} WHERE id = 0", astuple(head))

    def _sql(self, statement: str) -> str:
        return statement if self.mark == "?" else statement.replace("?", self.mark)

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> sa.CursorResult[Any]:
        return self._connection.exec_driver_sql(self._sql(statement), values)

    def _all(self, statement: str, values: tuple[Any, ...] = ()) -> Sequence[Any]:
        return self._run(statement, values).fetchall()
