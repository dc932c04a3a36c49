"""SQLite: one file, many processes.

* WAL and synchronous=FULL: what was committed survives the loss of power.
* BEGIN IMMEDIATE: one writer at a time, and the head it reads is the last one.
* STRICT tables and triggers keep honest programs from editing rows. They are
  hygiene: whoever can write the file can remove them, and verify does not
  believe in them.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from typing_extensions import override

from audit.core.errors import ChainBroken, LedgerUnavailable
from audit.ledger.store._rows import (
    AttachmentRow,
    CheckpointRow,
    EntryRow,
    Head,
    Snapshot,
    Store,
    Writing,
)

APPLICATION_ID = 0x4C4D4155  # "LMAU"
SCHEMA_VERSION = 1
BUSY_SECONDS = 30

_TABLES = (
    """CREATE TABLE entries (
  seq INTEGER PRIMARY KEY,
  ts_ns INTEGER NOT NULL,
  type TEXT NOT NULL,
  subject TEXT,
  leaf BLOB NOT NULL,
  leaf_hash BLOB NOT NULL
) STRICT""",
    """CREATE TABLE checkpoints (
  number INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  frontier BLOB NOT NULL,
  vkey TEXT NOT NULL,
  note BLOB NOT NULL
) STRICT""",
    """CREATE TABLE attachments (
  number INTEGER PRIMARY KEY,
  checkpoint INTEGER NOT NULL,
  kind TEXT NOT NULL,
  data BLOB NOT NULL
) STRICT""",
    """CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  size INTEGER NOT NULL,
  root BLOB NOT NULL,
  frontier BLOB NOT NULL,
  last_hash BLOB NOT NULL,
  last_ns INTEGER NOT NULL,
  checkpoints INTEGER NOT NULL,
  notes_hash BLOB NOT NULL
) STRICT""",
)
_GUARDS = tuple(
    f"""CREATE TRIGGER {table}_keep_{verb} BEFORE {verb.upper()} ON {table}
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END"""
    for table in ("entries", "checkpoints", "attachments")
    for verb in ("update", "delete")
)
SCHEMA = (*_TABLES, *_GUARDS)
_ENTRY = "seq, ts_ns, type, subject, leaf, leaf_hash"
_CHECKPOINT = "number, size, frontier, vkey, note"
_HEAD = "size, root, frontier, last_hash, last_ns, checkpoints, notes_hash"


class _Transaction(Writing):
    """A connection inside a transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    @override
    def head(self) -> Head:
        rows = self._all(f"SELECT id, {_HEAD} FROM head")
        if len(rows) != 1 or rows[0][0] != 0:
            raise ChainBroken(0, "has no one head over it: the head row is missing or doubled")
        head = Head(*rows[0][1:])
        wanted = [type(field) for field in (0, *astuple(Head()))]
        if [type(field) for field in rows[0]] != wanted or head.size < 0:
            raise ChainBroken(0, "has no head over it: a field of the head is of the wrong type")
        return head

    @override
    def rows(self, *, start: int, subject: str | None, type_: str | None) -> Iterator[EntryRow]:
        wanted = {"subject": subject, "type": type_}
        terms = [f"{name} = ?" for name, value in wanted.items() if value is not None]
        values = [value for value in wanted.values() if value is not None]
        if start:
            terms, values = ["seq >= ?", *terms], [start, *values]  # type: ignore[list-item]
        where = " WHERE " + " AND ".join(terms) if terms else ""
        statement = f"SELECT {_ENTRY} FROM entries{where} ORDER BY seq"
        result = self._connection.exec_driver_sql(statement, tuple(values))
        for part in result.yield_per(500).partitions():
            yield from (EntryRow(*row) for row in part)

    @override
    def checkpoints(self) -> list[CheckpointRow]:
        found = self._all(f"SELECT {_CHECKPOINT} FROM checkpoints ORDER BY number")
        return [CheckpointRow(*row) for row in found]

    @override
    def attachments(self) -> list[AttachmentRow]:
        query = "SELECT number, checkpoint, kind, data FROM attachments ORDER BY number"
        return [AttachmentRow(*row) for row in self._all(query)]

    @override
    def last_row(self) -> EntryRow | None:
        found = self._all(f"SELECT {_ENTRY} FROM entries ORDER BY seq DESC LIMIT 1")
        return EntryRow(*found[0]) if found else None

    @override
    def leaf_bytes(self) -> int:
        ((pages, size),) = self._all(
            "SELECT page_count, page_size FROM pragma_page_count, pragma_page_size"
        )
        return int(pages * size)

    @override
    def problem(self) -> str | None:
        found = self._all("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'")
        if sorted(str(row[0]) for row in found) != sorted(SCHEMA):
            return "its tables and guards are not those this version of audit makes"
        return None

    @override
    def add(self, rows: Sequence[EntryRow], head: Head) -> None:
        insert = f"INSERT INTO entries ({_ENTRY}) VALUES (?, ?, ?, ?, ?, ?)"
        self._connection.exec_driver_sql(insert, [tuple(row) for row in rows])
        self._set_head(head)

    @override
    def add_checkpoint(self, row: CheckpointRow, head: Head) -> None:
        insert = f"INSERT INTO checkpoints ({_CHECKPOINT}) VALUES (?, ?, ?, ?, ?)"
        self._connection.exec_driver_sql(insert, tuple(row))
        self._set_head(head)

    @override
    def attach(self, checkpoint: int, kind: str, data: bytes) -> None:
        insert = "INSERT INTO attachments (checkpoint, kind, data) VALUES (?, ?, ?)"
        self._connection.exec_driver_sql(insert, (checkpoint, kind, data))

    def _set_head(self, head: Head) -> None:
        assignments = ", ".join(f"{name.strip()} = ?" for name in _HEAD.split(","))
        update = f"UPDATE head SET {assignments} WHERE id = 0"
        self._connection.exec_driver_sql(update, astuple(head))

    def _all(self, statement: str) -> Sequence[Any]:
        return self._connection.exec_driver_sql(statement).fetchall()


class SqliteStore(Store):
    """A ledger in one SQLite file."""

    def __init__(self, path: Path, *, create: bool, read_only: bool) -> None:
        self._path = path
        self._create = create and not read_only
        self._mode = "ro" if read_only else "rwc" if create else "rw"
        if not create and not path.is_file():
            raise LedgerUnavailable(
                f"cannot open {self.url}: no such file",
                hint="a first `audit release run` creates it",
            )
        self._engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=sa.QueuePool)
        sa.event.listen(self._engine, "begin", self._begin)
        try:
            with self._failures("open"):
                self._prepare()
        except BaseException:
            self._engine.dispose()
            raise

    @property
    @override
    def url(self) -> str:
        return f"sqlite:///{self._path}"

    @override
    @contextlib.contextmanager
    def reading(self) -> Iterator[Snapshot]:
        with self._failures("read"), self._engine.connect() as connection, connection.begin():
            yield _Transaction(connection)

    @override
    @contextlib.contextmanager
    def writing(self) -> Iterator[Writing]:
        with self._failures("write"), self._engine.connect() as connection:
            immediate = connection.execution_options(immediate=True)
            with immediate.begin():
                yield _Transaction(immediate)

    @override
    def close(self) -> None:
        self._engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self._path.absolute().as_uri()}?mode={self._mode}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # Bytes that are not UTF-8 must reach verify, which names the entry they stand in.
        connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @staticmethod
    def _begin(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    def _prepare(self) -> None:
        with contextlib.closing(self._connect()) as raw:
            if self._create:
                self._make_tables(raw)
            found = raw.execute("PRAGMA application_id").fetchone()[0]
            version = raw.execute("PRAGMA user_version").fetchone()[0]
        if found != APPLICATION_ID:
            raise LedgerUnavailable(f"{self.url} is not an audit ledger")
        if version != SCHEMA_VERSION:
            raise LedgerUnavailable(
                f"{self.url} has schema version {version}; this version of audit knows "
                f"{SCHEMA_VERSION}",
                hint="use the version of audit that wrote it, or a newer one",
            )

    def _make_tables(self, raw: sqlite3.Connection) -> None:
        if raw.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            return
        _retry_busy(lambda: raw.execute("PRAGMA journal_mode = WAL"))
        raw.execute("BEGIN IMMEDIATE")
        if not raw.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            for statement in SCHEMA:
                raw.execute(statement)
            names = "?, " * len(astuple(Head()))
            raw.execute(f"INSERT INTO head VALUES ({names}?)", (0, *astuple(Head())))
            raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            raw.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        raw.execute("COMMIT")

    @contextlib.contextmanager
    def _failures(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error) as exc:
            cause = exc.orig if isinstance(exc, sa.exc.DBAPIError) else exc
            raise LedgerUnavailable(
                f"cannot {verb} {self.url}: {cause}", hint=_hint(str(cause), self._path)
            ) from exc


def _hint(reason: str, path: Path) -> str | None:
    if "locked" in reason:
        return f"another process has held the ledger for {BUSY_SECONDS} s; find it and try again"
    if "full" in reason:
        return "free some space and try again; nothing was half-written"
    if "readonly" in reason or not os.access(path, os.W_OK):
        return "check the permissions of the file and of its folder"
    return None


def _retry_busy(attempt: Any) -> None:
    """Try for `BUSY_SECONDS`: SQLite does not wait when a file becomes WAL."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            attempt()
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
