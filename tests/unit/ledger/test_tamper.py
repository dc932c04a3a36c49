"""Every edit of every column of every row is found, and the first bad entry is named.

The editor here has the database and goes around its guards. He mends at most
the row he edits; who rewrites everything that follows is in test_rewrite.py.
Types that a database would refuse are in test_tamper_types.py.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import pytest
import sqlalchemy as sa

from audit.core.errors import ChainBroken
from audit.core.progress import SILENT
from audit.documents import leaf_hash
from audit.ledger import open_ledger
from audit.ledger._open import open_store
from audit.ledger._verify import verify_snapshot
from tests.fakes.databases import MADE_SIZE as SIZE
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG

COLUMNS = {
    "entries": ("seq", "ts_ns", "type", "subject", "leaf", "leaf_hash"),
    "checkpoints": ("number", "size", "frontier", "vkey", "note"),
    "head": ("size", "root", "frontier", "last_hash", "last_ns", "checkpoints", "notes_hash"),
}
KEYS = {"entries": "seq", "checkpoints": "number", "head": "id"}
Broken = Callable[..., ChainBroken]
FREE = 1000
"""A number that no row has."""


@pytest.fixture(scope="module")
def connection(database: Database) -> Iterator[sa.Connection]:
    """A connection to the made ledger on which no guard fires."""
    store: Any = open_store(database.made(), create=False, read_only=False)
    if database.name == "sqlite":
        sa.event.listen(store._engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN"))
    with store._engine.connect() as connection:
        if database.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.commit()
        else:
            query = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
            with connection.begin():
                for (name,) in connection.exec_driver_sql(query).fetchall():
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield connection
    store.close()


@pytest.fixture(scope="module")
def snapshot(database: Database) -> Callable[[sa.Connection], Any]:
    from audit.ledger.store._postgres import PostgresTransaction
    from audit.ledger.store._sqlite import SqliteTransaction

    return SqliteTransaction if database.name == "sqlite" else PostgresTransaction


@pytest.fixture(scope="module")
def broken(connection: sa.Connection, snapshot: Callable[[sa.Connection], Any]) -> Broken:
    """Apply statements, return how verify refuses what is left, and take them back."""

    def check(*statements: str) -> ChainBroken:
        with connection.begin() as transaction:
            for statement in statements:
                assert connection.exec_driver_sql(statement).rowcount, "the edit changed nothing"
            with pytest.raises(ChainBroken) as caught:
                verify_snapshot(
                    snapshot(connection), vkeys=(LOG.vkey,), outside=(), progress=SILENT
                )
            transaction.rollback()
        assert "read safely" not in str(caught.value), "the rows alone must give it away"
        return caught.value

    return check


@pytest.fixture(scope="module")
def cells(connection: sa.Connection) -> Callable[[str], list[tuple[int, str, Any]]]:
    """Give (key, column, value) of every cell of a table."""

    def read(table: str) -> list[tuple[int, str, Any]]:
        query = f"SELECT {KEYS[table]}, {', '.join(COLUMNS[table])} FROM {table} ORDER BY 1"
        with connection.begin():
            found = connection.exec_driver_sql(query).fetchall()
        return [
            (row[0], column, value)
            for row in found
            for column, value in zip(COLUMNS[table], row[1:], strict=True)
        ]

    return read


def others(value: object) -> Iterator[object]:
    """Give other values of the same type."""
    if value is None:
        yield from ("sha256:" + "cd" * 32, "null", "")
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value + (1 << 40), 0 if value else 5)
    elif isinstance(value, str):
        yield from (value + "x", value[:-1], value.swapcase(), "", " " + value)
    elif isinstance(value, bytes):
        for at in {0, len(value) // 2, max(len(value) - 1, 0)} if value else ():
            yield value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
        yield from (value + b"\0", value[:-1], b"") if value else (b"\0",)


def edits(database: Database, table: str, cell: tuple[int, str, Any]) -> Iterator[str]:
    key, column, value = cell
    for new in others(value):
        literal = database.literal(new)
        yield f"UPDATE {table} SET {column} = {literal} WHERE {KEYS[table]} = {key}"


def test_any_other_value_in_any_column_of_any_entry_is_found_and_located(
    database: Database, broken: Broken, cells: Callable[[str], list[tuple[int, str, Any]]]
) -> None:
    for cell in cells("entries"):
        if cell[1] == "seq":  # taken numbers are in the test of swapped entries
            continue
        for statement in edits(database, "entries", cell):
            assert broken(statement).seq == cell[0], statement


def test_any_other_number_of_any_entry_is_found_and_located(broken: Broken) -> None:
    for seq in range(SIZE):
        for new in (SIZE, SIZE + 1, 1 << 24):
            if (seq, new) != (SIZE - 1, SIZE - 1):
                assert broken(f"UPDATE entries SET seq = {new} WHERE seq = {seq}").seq == seq


def test_any_edit_of_the_head_is_found(
    database: Database, broken: Broken, cells: Callable[[str], list[tuple[int, str, Any]]]
) -> None:
    for cell in cells("head"):
        for statement in edits(database, "head", cell):
            assert 0 <= broken(statement).seq <= SIZE + 1, statement
    broken("DELETE FROM head")


def test_any_edit_of_any_checkpoint_is_found(
    database: Database, broken: Broken, cells: Callable[[str], list[tuple[int, str, Any]]]
) -> None:
    for cell in cells("checkpoints"):
        if cell[1] != "number":
            for statement in edits(database, "checkpoints", cell):
                broken(statement)
    for number in range(3):
        broken(f"DELETE FROM checkpoints WHERE number = {number}")
        broken(f"UPDATE checkpoints SET number = 3 WHERE number = {number}")
    for one, other in combinations(range(3), 2):
        broken(*swapped("checkpoints", one, other))
    rest = "size, frontier, vkey, note"
    broken(f"INSERT INTO checkpoints SELECT 3, {rest} FROM checkpoints WHERE number = 2")


def swapped(table: str, one: int, other: int) -> list[str]:
    key = KEYS[table]
    moves = ((FREE, one), (one, other), (other, FREE))
    return [f"UPDATE {table} SET {key} = {new} WHERE {key} = {old}" for new, old in moves]


def test_any_two_swapped_entries_are_found_and_the_first_is_named(broken: Broken) -> None:
    for one, other in combinations(range(SIZE), 2):
        assert broken(*swapped("entries", one, other)).seq == one


def test_any_deleted_entry_is_missed(broken: Broken) -> None:
    for seq in range(SIZE):
        found = broken(f"DELETE FROM entries WHERE seq = {seq}")
        assert (found.seq, "is missing" in str(found)) == (seq, True)


def test_a_cut_tail_is_missed(broken: Broken) -> None:
    for seq in range(SIZE):
        found = broken(f"DELETE FROM entries WHERE seq >= {seq}")
        assert (found.seq, "is missing" in str(found)) == (seq, True)


def test_an_entry_that_appears_twice_is_found(broken: Broken) -> None:
    rest = ", ".join(COLUMNS["entries"][1:])
    for seq in range(SIZE):
        for at in (SIZE, 1 << 24):
            copied = f"INSERT INTO entries SELECT {at}, {rest} FROM entries WHERE seq = {seq}"
            assert broken(copied).seq == SIZE


def test_an_entry_edited_together_with_its_hash_is_named_and_not_its_neighbour(
    database: Database, broken: Broken, cells: Callable[[str], list[tuple[int, str, Any]]]
) -> None:
    for seq, column, leaf in cells("entries"):
        if column != "leaf":
            continue
        at = leaf.index(b'"prev":"') + len(b'"prev":"')
        digit = b"f" if leaf[at : at + 1] != b"f" else b"e"
        for new in (leaf.replace(b'"n":', b'"m":'), leaf[:at] + digit + leaf[at + 1 :]):
            values = (
                f"leaf = {database.literal(new)}, leaf_hash = {database.literal(leaf_hash(new))}"
            )
            assert broken(f"UPDATE entries SET {values} WHERE seq = {seq}").seq == seq


def test_an_intact_ledger_is_not_refused(made: str) -> None:
    with open_ledger(made) as ledger:
        assert ledger.verify(vkeys=(LOG.vkey,)).size == SIZE


ALTERED = {
    "sqlite": [
        "DROP TRIGGER entries_keep_update",
        "CREATE TRIGGER more AFTER INSERT ON entries BEGIN SELECT 1; END",
        "CREATE INDEX fewer ON entries (subject) WHERE seq < 5",
        "CREATE VIEW other AS SELECT * FROM entries",
    ],
    "postgresql": [
        "DROP TRIGGER keep_rows ON entries",
        "DROP TRIGGER keep_truncate ON entries_p0",
        "ALTER TABLE entries_p0 DISABLE TRIGGER keep_rows",
        "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NEW; END'",
        "ALTER TABLE head ADD COLUMN more text",
        "ALTER TABLE entries ENABLE ROW LEVEL SECURITY",
        "CREATE RULE fewer AS ON INSERT TO checkpoints DO INSTEAD NOTHING",
        "ALTER TABLE checkpoints DROP CONSTRAINT checkpoints_pkey",
    ],
}


def test_tables_that_were_altered_are_neither_verified_nor_signed(database: Database) -> None:
    for statement in ALTERED[database.name]:
        made = database.made()
        with open_ledger(made) as ledger:
            with ledger._store.writing() as writing:
                writing.run(statement)  # type: ignore[attr-defined]
            with pytest.raises(ChainBroken, match="this version of audit makes"):
                ledger.verify()
            with pytest.raises(ChainBroken, match="this version of audit makes"):
                ledger.checkpoint(LOG)
