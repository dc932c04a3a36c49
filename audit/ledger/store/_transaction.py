"""The statements, the same for every database but for the mark of a parameter.

SQLAlchemy gives the connection and its transaction; the statements go to the
driver, since an append is a few of them and each would cost more than it does.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from typing_extensions import override

from audit.core.errors import ChainBroken
from audit.ledger.store._retention_rows import RetentionStatements
from audit.ledger.store._rows import AttachmentRow, CheckpointRow, EntryRow, Head, Writing, as_row
from audit.ledger.store._vault_rows import VaultStatements

ENTRY = ", ".join(EntryRow._fields)
CHECKPOINT = ", ".join(CheckpointRow._fields)
HEAD = ", ".join(Head._fields)
PART = 500
"""Rows fetched at a time: few enough to stay small, enough to be quick."""


class Transaction(VaultStatements, RetentionStatements, Writing):
    """A connection inside a transaction. What differs between databases is in its children."""

    mark = "?"
    lock = ""
    """What is written after a query for the head, to be the only writer."""

    def __init__(self, connection: sa.Connection | sa.PoolProxiedConnection) -> None:
        pooled = connection.connection if isinstance(connection, sa.Connection) else connection
        self.driver: Any = pooled.driver_connection

    @override
    def head(self) -> Head:
        rows = self.all(f"SELECT id, {HEAD} FROM head{self.lock}")
        if len(rows) != 1 or rows[0][0] != 0:
            raise ChainBroken(0, "has no one head over it: the head row is missing or doubled")
        head = Head(*rows[0][1:])
        if [*map(type, rows[0])] != [int, *map(type, Head())] or head.size < 0:
            raise ChainBroken(0, "has no head over it: a field of the head is of the wrong type")
        return head

    @override
    def rows(self, *, start: int, subject: str | None, type_: str | None) -> Generator[EntryRow]:
        terms = {"seq >= ?": start or None, "subject = ?": subject, "type = ?": type_}
        wanted = {term: value for term, value in terms.items() if value is not None}
        where = " WHERE " + " AND ".join(wanted) if wanted else ""
        query = self.sql(f"SELECT {ENTRY} FROM entries{where} ORDER BY seq")
        yield from map(as_row, self.stream(query, tuple(wanted.values())))

    @override
    def recorded(self, keys: Sequence[str]) -> dict[str, EntryRow]:
        found: dict[str, EntryRow] = {}
        for at in range(0, len(keys), PART):
            some = tuple(keys[at : at + PART])
            marks = ", ".join("?" * len(some))
            query = f"SELECT key, {ENTRY} FROM keys JOIN entries USING (seq) WHERE key IN ({marks})"
            found |= {row[0]: EntryRow(*row[1:]) for row in self.all(query, some)}
        return found

    @override
    def checkpoints(self) -> list[CheckpointRow]:
        query = f"SELECT {CHECKPOINT} FROM checkpoints ORDER BY number"
        return [CheckpointRow(*row) for row in self.all(query)]

    @override
    def attachments(self) -> list[AttachmentRow]:
        query = "SELECT number, checkpoint, kind, data FROM attachments ORDER BY number"
        return [AttachmentRow(*row) for row in self.all(query)]

    @override
    def row_at(self, seq: int) -> EntryRow | None:
        found = self.all(f"SELECT {ENTRY} FROM entries WHERE seq = ?", (seq,))
        return EntryRow(*found[0]) if found else None

    @override
    def stray_keys(self) -> int:
        query = (
            "SELECT count(*) FROM keys WHERE NOT EXISTS "
            "(SELECT 1 FROM entries WHERE entries.seq = keys.seq)"
        )
        return int(self.all(query)[0][0])

    @override
    def last_row(self) -> EntryRow | None:
        found = self.all(f"SELECT {ENTRY} FROM entries ORDER BY seq DESC LIMIT 1")
        return EntryRow(*found[0]) if found else None

    @override
    def add(self, rows: Sequence[EntryRow], head: Head) -> None:
        self.many(f"INSERT INTO entries ({ENTRY}) VALUES (?, ?, ?, ?, ?, ?)", map(tuple, rows))
        self._set_head(head)

    @override
    def add_keys(self, keys: Sequence[tuple[str, int]]) -> None:
        self.many("INSERT INTO keys (key, seq) VALUES (?, ?)", keys)

    @override
    def add_checkpoint(self, row: CheckpointRow, head: Head) -> None:
        self.run(f"INSERT INTO checkpoints ({CHECKPOINT}) VALUES (?, ?, ?, ?, ?)", row)
        self._set_head(head)

    @override
    def attach(self, checkpoint: int, kind: str, data: bytes) -> None:
        insert = "INSERT INTO attachments (checkpoint, kind, data) VALUES (?, ?, ?)"
        self.run(insert, (checkpoint, kind, data))

    def _set_head(self, head: Head) -> None:
        assignments = ", ".join(f"{name} = ?" for name in Head._fields)
        self.run(f"UPDATE head SET {assignments} WHERE id = 0", head)

    def sql(self, statement: str) -> str:
        """Return a statement with the marks that the driver wants."""
        return statement if self.mark == "?" else statement.replace("?", self.mark)

    @override
    def run(self, statement: str, values: Sequence[object] = ()) -> Any:
        """Run a statement and return the driver's cursor."""
        return self.driver.execute(self.sql(statement), values)

    @override
    def many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once per row."""
        self.driver.cursor().executemany(self.sql(statement), rows)

    @override
    def all(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a query."""
        found: list[Any] = self.run(statement, values).fetchall()
        return found
