"""Every edit of every column of every row is found, and the first bad entry is named.

The editor here has the file and SQLite, and takes the guards off. He mends at most the row he edits; who rewrites everything that follows
is in test_rewrite.py.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest

from audit.core.errors import ChainBroken
from audit.core.progress import SILENT
from audit.documents import leaf_hash
from audit.ledger import open_ledger
from audit.ledger._verify import verify_snapshot
from audit.ledger.store._sqlite import SqliteStore, SqliteTransaction
from tests.fakes.ledgers import LOG

SIZE = 20
ENTRY = ("seq", "ts_ns", "type", "subject", "leaf", "leaf_hash")
CHECKPOINT = ("number", "size", "frontier", "vkey", "note")
HEAD = ("id", "size", "root", "frontier", "last_hash", "last_ns", "checkpoints", "notes_hash")
Edit = Callable[[sqlite3.Connection], object]
Broken = Callable[[Edit], ChainBroken]


@pytest.fixture(scope="module")
def broken(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    """Apply an edit, return how verify refuses what is left, and take the edit back."""
    path = shutil.copy(made, tmp_path_factory.mktemp("tamper") / "spoiled.db")
    store = SqliteStore(Path(path), create=False, read_only=False)
    connection = store._engine.connect()
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    guards = raw.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()

    def check(edit: Edit) -> ChainBroken:
        with connection.begin() as transaction:
            for name, _ in guards:
                raw.execute(f"DROP TRIGGER {name}")
            changes = raw.total_changes
            edit(raw)
            assert raw.total_changes > changes, "the edit changed nothing"
            with pytest.raises(ChainBroken) as caught:
                verify_snapshot(
                    SqliteTransaction(connection), vkeys=(LOG.vkey,), outside=(), progress=SILENT
                )
            transaction.rollback()
        assert "tables and guards" not in str(caught.value), "the rows alone must give it away"
        return caught.value

    yield check
    connection.close()
    store.close()


def others(value: object) -> Iterator[str]:
    """Give SQL for other values of the same type."""
    if value is None:
        yield "'sha256:" + "cd" * 32 + "'"
    elif isinstance(value, int):
        yield from (f"{value} + 1", f"{value} - 1", f"-1 - {value}", f"{value} + (1 << 40)")
    elif isinstance(value, str):
        yield from (
            f"'{value}x'",
            f"'{value[:-1]}'",
            f"'{value.swapcase()}'",
            "CAST(x'ff' AS TEXT)",
        )
    elif isinstance(value, bytes):
        for at in {0, len(value) // 2, max(len(value) - 1, 0)} if value else ():
            yield f"x'{(value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]).hex()}'"
        yield from (f"x'{value.hex()}00'", f"x'{value[:-1].hex()}'") if value else ("x'00'",)


def tricks(value: object) -> Iterator[str]:
    """Give SQL for the same value in other types, which a table without types keeps."""
    if value is not None:
        yield "NULL"
    if isinstance(value, int):
        yield from (f"CAST({value} AS TEXT)", f"CAST({value} AS REAL)", f"CAST({value} AS BLOB)")
    elif isinstance(value, str):
        yield f"x'{value.encode().hex()}'"
    elif isinstance(value, bytes):
        yield f"CAST(x'{value.hex()}' AS TEXT)"
    else:
        yield from ("0", "'null'", "x''")


def loosen(raw: sqlite3.Connection, table: str) -> None:
    """Make the table one without types, keys and checks."""
    columns = ", ".join(row[1] for row in raw.execute(f"PRAGMA table_info({table})"))
    raw.execute(f"ALTER TABLE {table} RENAME TO strict_{table}")
    raw.execute(f"CREATE TABLE {table} ({columns})")
    raw.execute(f"INSERT INTO {table} SELECT * FROM strict_{table}")
    raw.execute(f"DROP TABLE strict_{table}")


def cells(made: Path, table: str, columns: tuple[str, ...]) -> Iterator[tuple[int, str, object]]:
    """Give (key, column, value) of every cell; the key is the first column."""
    raw = sqlite3.connect(made)
    for row in [*raw.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1")]:
        yield from ((row[0], column, value) for column, value in zip(columns, row, strict=True))
    raw.close()


def update(table: str, column: str, new: str, key: str, at: int) -> Edit:
    def edit(raw: sqlite3.Connection) -> None:
        raw.execute(f"UPDATE {table} SET {column} = {new} WHERE {key} = {at}")

    return edit


def loosely(table: str, edit: Edit) -> Edit:
    return lambda raw: (loosen(raw, table), edit(raw))


def test_any_other_value_in_any_column_of_any_entry_is_found_and_located(
    broken: Broken, made: Path
) -> None:
    for seq, column, value in cells(made, "entries", ENTRY):
        for new in others(value):
            edit = update("entries", column, new, "seq", seq)
            if column == "seq":  # a number that is taken needs a table without keys
                edit = loosely("entries", edit)
            negative = column == "seq" and new.startswith("-")  # such a row comes first
            assert broken(edit).seq == (0 if negative else seq), (seq, column, new)


def test_any_other_type_in_any_column_of_any_entry_is_found_and_located(
    broken: Broken, made: Path
) -> None:
    for seq, column, value in cells(made, "entries", ENTRY):
        for new in tricks(value):
            found = broken(loosely("entries", update("entries", column, new, "seq", seq)))
            wanted = {seq, 0} if column == "seq" else {seq}  # such a number sorts first
            assert found.seq in wanted, (seq, column, new, str(found))


def test_any_edit_of_the_head_is_found(broken: Broken, made: Path) -> None:
    for _, column, value in cells(made, "head", HEAD):
        for new in [*others(value), *tricks(value)]:
            assert (
                0 <= broken(loosely("head", update("head", column, new, "id", 0))).seq <= SIZE + 1
            )
    broken(lambda raw: raw.execute("DELETE FROM head"))
    broken(loosely("head", lambda raw: raw.execute("INSERT INTO head SELECT * FROM head")))


def test_any_edit_of_any_checkpoint_is_found(broken: Broken, made: Path) -> None:
    for number, column, value in cells(made, "checkpoints", CHECKPOINT):
        for new in [*others(value), *tricks(value)]:
            edit = update("checkpoints", column, new, "number", number)
            broken(loosely("checkpoints", edit))
        broken(
            lambda raw, number=number: raw.execute(
                f"DELETE FROM checkpoints WHERE number = {number}"
            )
        )
    for one, other in combinations(range(3), 2):
        broken(swapped("checkpoints", "number", one, other))
    broken(
        lambda raw: raw.execute(
            "INSERT INTO checkpoints SELECT 3, size, frontier, vkey, note FROM checkpoints WHERE number = 2"
        )
    )


def swapped(table: str, key: str, one: int, other: int) -> Edit:
    def edit(raw: sqlite3.Connection) -> None:
        for new, old in ((-9, one), (one, other), (other, -9)):
            raw.execute(f"UPDATE {table} SET {key} = {new} WHERE {key} = {old}")

    return edit


def test_any_two_swapped_entries_are_found_and_the_first_is_named(broken: Broken) -> None:
    for one, other in combinations(range(SIZE), 2):
        assert broken(swapped("entries", "seq", one, other)).seq == one


def test_any_deleted_entry_is_missed(broken: Broken) -> None:
    for seq in range(SIZE):
        found = broken(lambda raw, seq=seq: raw.execute(f"DELETE FROM entries WHERE seq = {seq}"))
        assert (found.seq, "is missing" in str(found)) == (seq, True)


def test_a_cut_tail_is_missed(broken: Broken) -> None:
    for seq in range(SIZE):
        found = broken(lambda raw, seq=seq: raw.execute(f"DELETE FROM entries WHERE seq >= {seq}"))
        assert (found.seq, "is missing" in str(found)) == (seq, True)


def test_an_entry_that_appears_twice_is_found(broken: Broken) -> None:
    rest = ", ".join(ENTRY[1:])
    for seq in range(SIZE):
        for at, wanted in ((SIZE, SIZE), (-1, 0), (2**62, SIZE)):
            copied = f"INSERT INTO entries SELECT {at}, {rest} FROM entries WHERE seq = {seq}"
            assert broken(lambda raw, copied=copied: raw.execute(copied)).seq == wanted
        again = f"INSERT INTO entries SELECT * FROM entries WHERE seq = {seq}"
        found = broken(loosely("entries", lambda raw, again=again: raw.execute(again)))
        assert found.seq == seq + 1


def test_an_entry_edited_together_with_its_hash_is_named_and_not_its_neighbour(
    broken: Broken, made: Path
) -> None:
    for seq, column, value in cells(made, "entries", ENTRY):
        if column != "leaf":
            continue
        assert isinstance(value, bytes)
        for old, new in (
            (b'"n":', b'"m":'),
            (b'"prev":"', b'"prev":"'),
        ):
            leaf = value.replace(old, new)
            if old == new:  # another entry before it
                at = value.index(old) + len(old)
                leaf = value[:at] + (b"f" if value[at : at + 1] != b"f" else b"e") + value[at + 1 :]
            mended = (leaf, leaf_hash(leaf), seq)

            def edit(raw: sqlite3.Connection, mended: tuple[bytes, bytes, int] = mended) -> None:
                raw.execute("UPDATE entries SET leaf = ?, leaf_hash = ? WHERE seq = ?", mended)

            assert broken(edit).seq == seq


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER entries_keep_update",
        "CREATE TRIGGER more AFTER INSERT ON entries BEGIN SELECT 1; END",
        "CREATE INDEX fewer ON entries (subject) WHERE seq < 5",
        "CREATE VIEW other AS SELECT * FROM entries",
    ],
)
def test_tables_that_were_altered_are_neither_verified_nor_written(
    copy: Path, statement: str
) -> None:
    raw = sqlite3.connect(copy)
    raw.execute(statement)
    raw.close()
    with open_ledger(str(copy)) as ledger:
        with pytest.raises(ChainBroken, match="tables and guards"):
            ledger.verify()
        with pytest.raises(ChainBroken, match="tables and guards"):
            ledger.checkpoint(LOG)
