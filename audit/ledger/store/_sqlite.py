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
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from typing_extensions import override

from audit.core.clock import Clock
from audit.core.errors import LedgerUnavailable
from audit.ledger.store._append import append_directly, with_keys
from audit.ledger.store._rows import EntryRow, Head, Pending, Snapshot, Store, Writing
from audit.ledger.store._transaction import PART, Transaction

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
    """CREATE TABLE keys (
  key TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID""",
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
    for table in ("entries", "keys", "checkpoints", "attachments")
    for verb in ("update", "delete")
)
SCHEMA = (*_TABLES, *_GUARDS)


class SqliteTransaction(Transaction):
    """A transaction on a SQLite file."""

    @override
    def stream(self, query: str, values: Sequence[object]) -> Iterator[Any]:
        with contextlib.closing(self.run(query, values)) as cursor:
            while part := cursor.fetchmany(PART):
                yield from part

    @override
    def leaf_bytes(self) -> int:
        query = "SELECT page_count, page_size FROM pragma_page_count, pragma_page_size"
        ((pages, size),) = self.all(query)
        return int(pages * size)

    @override
    def problem(self) -> str | None:
        found = self.all("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
        if sorted(str(row[0]) for row in found) != sorted(SCHEMA):
            return "its tables and guards are not those this version of audit makes"
        return None


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
    def append(self, pending: Sequence[Pending], clock: Clock) -> list[EntryRow]:
        with self.writing() as writing:
            return append_directly(writing, pending, clock)

    @override
    def submit(self, pending: Sequence[Pending], clock: Clock) -> list[Pending]:
        named = with_keys(pending)
        self.append(named, clock)
        return named

    @override
    @contextlib.contextmanager
    def reading(self) -> Iterator[Snapshot]:
        with self._failures("read"), self._engine.connect() as connection, connection.begin():
            yield SqliteTransaction(connection)

    @override
    @contextlib.contextmanager
    def writing(self) -> Iterator[Writing]:
        with self._failures("write"), self._engine.connect() as connection:
            immediate = connection.execution_options(immediate=True)
            with immediate.begin():
                yield SqliteTransaction(immediate)

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
            marks = "?, " * len(Head())
            raw.execute(f"INSERT INTO head VALUES ({marks}?)", (0, *Head()))
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


def _retry_busy(attempt: Callable[[], object]) -> None:
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
