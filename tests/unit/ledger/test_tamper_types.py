"""SQLite keeps any type in any column of a table without types: NULL, text, blob, real.

The editor replaces a STRICT table by a loose one. PostgreSQL has no such
columns; a table whose column has another type is another table there.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from audit.core.errors import ChainBroken
from audit.core.progress import SILENT
from audit.ledger import open_ledger
from audit.ledger._verify import verify_snapshot
from audit.ledger.store._sqlite import SqliteStore, SqliteTransaction
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG

COLUMNS = {
    "entries": ("seq", "ts_ns", "type", "subject", "leaf", "leaf_hash"),
    "checkpoints": ("number", "size", "frontier", "vkey", "note"),
    "head": ("id", "size", "root", "frontier", "last_hash", "last_ns", "checkpoints", "notes_hash"),
}
Broken = Callable[[str, str], ChainBroken]


@pytest.fixture(scope="module")
def path(databases: dict[str, Database]) -> Path:
    return Path(databases["sqlite"].made().removeprefix("sqlite:///"))


@pytest.fixture(scope="module")
def broken(path: Path) -> Iterator[Broken]:
    """Loosen a table, apply an edit, return how verify refuses it, and take all back."""
    store = SqliteStore(path, create=False, read_only=False)
    sa.event.listen(store._engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN"))
    connection = store._engine.connect()
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    guards = raw.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()

    def check(table: str, statement: str) -> ChainBroken:
        with connection.begin() as transaction:
            for (name,) in guards:
                raw.execute(f"DROP TRIGGER {name}")
            loosen(raw, table)
            assert raw.execute(statement).rowcount, "the edit changed nothing"
            with pytest.raises(ChainBroken) as caught:
                verify_snapshot(
                    SqliteTransaction(connection), vkeys=(LOG.vkey,), outside=(), progress=SILENT
                )
            transaction.rollback()
        assert "read safely" not in str(caught.value), "the rows alone must give it away"
        return caught.value

    yield check
    connection.close()
    store.close()


def loosen(raw: sqlite3.Connection, table: str) -> None:
    columns = ", ".join(row[1] for row in raw.execute(f"PRAGMA table_info({table})"))
    raw.execute(f"ALTER TABLE {table} RENAME TO strict_{table}")
    raw.execute(f"CREATE TABLE {table} ({columns})")
    raw.execute(f"INSERT INTO {table} SELECT * FROM strict_{table}")
    raw.execute(f"DROP TABLE strict_{table}")


def cells(path: Path, table: str) -> Iterator[tuple[int, str, object]]:
    columns = COLUMNS[table]
    raw = sqlite3.connect(path)
    for row in [*raw.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1")]:
        yield from ((row[0], column, value) for column, value in zip(columns, row, strict=True))
    raw.close()


def tricks(value: object) -> Iterator[str]:
    """Give SQL for the same value in other types, and for text that is not UTF-8."""
    if value is not None:
        yield "NULL"
    if isinstance(value, int):
        yield from (f"CAST({value} AS TEXT)", f"CAST({value} AS REAL)", f"CAST({value} AS BLOB)")
    elif isinstance(value, str):
        yield from (f"x'{value.encode().hex()}'", "CAST(x'ff' AS TEXT)")
    elif isinstance(value, bytes):
        yield f"CAST(x'{value.hex()}' AS TEXT)"
    else:
        yield from ("0", "'null'", "x''")


def test_any_other_type_in_any_column_of_any_entry_is_found_and_located(
    broken: Broken, path: Path
) -> None:
    for seq, column, value in cells(path, "entries"):
        for new in tricks(value):
            found = broken("entries", f"UPDATE entries SET {column} = {new} WHERE seq = {seq}")
            wanted = {seq, 0} if column == "seq" else {seq}  # such a number sorts first
            assert found.seq in wanted, (seq, column, new, str(found))


def test_any_other_type_in_the_head_or_a_checkpoint_is_found(broken: Broken, path: Path) -> None:
    for table in ("head", "checkpoints"):
        key = COLUMNS[table][0]
        for at, column, value in cells(path, table):
            for new in tricks(value):
                broken(table, f"UPDATE {table} SET {column} = {new} WHERE {key} = {at}")
    broken("head", "INSERT INTO head SELECT * FROM head")


def test_numbers_that_no_key_would_allow_are_found(broken: Broken) -> None:
    for seq in range(20):
        again = f"INSERT INTO entries SELECT * FROM entries WHERE seq = {seq}"
        assert broken("entries", again).seq == seq + 1
        negative = f"UPDATE entries SET seq = -1 - {seq} WHERE seq = {seq}"
        assert broken("entries", negative).seq == 0
        if seq:
            taken = f"UPDATE entries SET seq = {seq - 1} WHERE seq = {seq}"
            assert broken("entries", taken).seq == seq


def test_a_column_of_another_type_in_postgresql_is_found(
    databases: dict[str, Database],
) -> None:
    database = databases["postgresql"]
    for statement, seq in (
        ("ALTER TABLE entries ALTER COLUMN ts_ns TYPE numeric", 0),
        ("ALTER TABLE entries ALTER COLUMN type TYPE varchar", 20),
        ("ALTER TABLE head ALTER COLUMN size TYPE numeric", 0),
    ):
        made = database.made()
        with database.editor(made) as edit:
            edit(statement)
        with open_ledger(made) as ledger, pytest.raises(ChainBroken) as caught:
            ledger.verify()
        assert caught.value.seq == seq
