"""SQLite: one file, many processes.

* WAL and synchronous=EXTRA: what was committed survives the loss of power, also
  if somebody has turned WAL off.
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
from audit.core.errors import LedgerUnavailable, UsageError
from audit.ledger.store._append import append_directly, with_keys
from audit.ledger.store._mount import network_file_system
from audit.ledger.store._process import HomeProcess, close_before_fork
from audit.ledger.store._rows import EntryRow, Head, Pending, Snapshot, Store, Writing
from audit.ledger.store._still import is_still, unchanged
from audit.ledger.store._transaction import PART, Transaction

APPLICATION_ID = 0x4C4D4155  # "LMAU"
SCHEMA_VERSION = 2
BUSY_SECONDS = 30
TOLERANT = partial(str, encoding="utf-8", errors="surrogateescape")
"""Bytes that are not UTF-8 must reach verify, which names the entry they stand in."""
PARTITION = 256
"""Entries that expire together: as many as an entry bundle holds."""
_PRAGMAS = (
    "trusted_schema = OFF",
    "secure_delete = ON",
    "synchronous = EXTRA",
    "fullfsync = ON",  # macOS: fsync alone leaves it in the drive
)

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
_PRIVACY = (
    """CREATE TABLE vault (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  key_check BLOB NOT NULL
) STRICT""",
    """CREATE TABLE subjects (
  ref TEXT PRIMARY KEY,
  lookup BLOB NOT NULL UNIQUE,
  wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE payloads (
  commitment BLOB PRIMARY KEY,
  subject TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT""",
    "CREATE INDEX payloads_subject ON payloads (subject)",
    """CREATE TABLE erasures (
  seq INTEGER PRIMARY KEY,
  ts_ns INTEGER NOT NULL,
  ref TEXT NOT NULL,
  lookup BLOB NOT NULL,
  payloads INTEGER NOT NULL,
  leaf_hash BLOB NOT NULL
) STRICT""",
    """CREATE TABLE expiries (
  number INTEGER PRIMARY KEY,
  minimum INTEGER NOT NULL,
  vkey TEXT NOT NULL,
  note BLOB NOT NULL
) STRICT""",
    """CREATE TABLE stubs (
  tile INTEGER PRIMARY KEY,
  hashes BLOB NOT NULL
) STRICT""",
)


def _guard(table: str, verb: str) -> str:
    """Return the trigger that keeps a table's rows; expired ones may go once that is signed."""
    expire = table in {"entries", "keys"} and verb == "delete"
    when = " WHEN old.seq >= (SELECT coalesce(max(minimum), 0) FROM expiries)" if expire else ""
    return f"""CREATE TRIGGER {table}_keep_{verb} BEFORE {verb.upper()} ON {table}{when}
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END"""


_KEPT = ("entries", "keys", "checkpoints", "attachments")
_GUARDS = tuple(
    _guard(table, verb) for table in (*_KEPT, "expiries", "stubs") for verb in ("update", "delete")
)
SCHEMA = (*_TABLES, *_PRIVACY, *_GUARDS)
_FROM_1 = (
    *_PRIVACY,
    *(f"DROP TRIGGER {table}_keep_{verb}" for table in _KEPT for verb in ("update", "delete")),
    *_GUARDS,
)
"""What makes a ledger of schema version 1 one of version 2."""


class SqliteTransaction(Transaction):
    """A transaction on a SQLite file."""

    @override
    def stream(self, query: str, values: Sequence[object]) -> Iterator[Any]:
        given = 0
        with contextlib.closing(self.run(query, values)) as cursor:
            try:
                while part := self._fetch(cursor):
                    given += len(part)
                    yield from part
            except sqlite3.OperationalError as exc:
                if "decode" not in str(exc):
                    raise
            else:
                return
        with contextlib.closing(self.run(query, values)) as cursor:  # of the same snapshot
            for _ in range(given):
                cursor.fetchone()
            while part := cursor.fetchmany(PART):
                yield from part

    def _fetch(self, cursor: Any) -> list[Any]:
        """Fetch text as most of it is; a reader of our own, called for each column, costs more."""
        self.driver.text_factory = str
        try:
            return list(cursor.fetchmany(PART))
        finally:
            self.driver.text_factory = TOLERANT

    @override
    def leaf_bytes(self) -> int:
        query = "SELECT page_count, page_size FROM pragma_page_count, pragma_page_size"
        ((pages, size),) = self.all(query)
        return int(pages * size)

    @override
    def hold_vault(self, *, alone: bool) -> None:
        pass  # BEGIN IMMEDIATE has kept every other writer out already

    @override
    def partition_size(self) -> int:
        return PARTITION

    @override
    def drop_below(self, minimum: int) -> None:
        for table in ("entries", "keys"):
            self.run(f"DELETE FROM {table} WHERE seq < ?", (minimum,))

    @override
    def problem(self) -> str | None:
        found = self.all("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
        if sorted(str(row[0]) for row in found) != sorted(SCHEMA):
            return "its tables and guards are not those this version of audit makes"
        return None


class SqliteStore(Store):
    """A ledger in one SQLite file."""

    kind = "sqlite"

    def __init__(self, path: Path, *, create: bool, read_only: bool) -> None:
        self._path = path
        self._home = HomeProcess()
        self._create = create and not read_only
        self._mode = "ro" if read_only else "rwc" if create else "rw"
        if "\0" in str(path):  # SQLite would end the name there
            raise UsageError(f"{str(path)!r} is not the path of a ledger")
        if not create and not path.is_file():
            raise LedgerUnavailable(
                f"cannot open {self.url}: no such file",
                hint="a first `audit release run` creates it",
            )
        if not read_only and (kind := network_file_system(path)) is not None:
            raise LedgerUnavailable(
                f"cannot open {self.url} to write: {kind} shares no memory between hosts",
                hint="keep the ledger on a local disk, or in PostgreSQL",
            )
        self._still = read_only and is_still(path)
        self._engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=sa.QueuePool)
        close_before_fork(self._engine)
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

    @property
    @override
    def address(self) -> str:
        return f"sqlite:///{self._path.absolute()}"

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
        as_it_was = unchanged(self._path, self.url) if self._still else contextlib.nullcontext()
        with self._failures("read"), as_it_was, self._transaction("BEGIN") as transaction:
            yield transaction

    @override
    @contextlib.contextmanager
    def writing(self) -> Iterator[Writing]:
        with self._failures("write"), self._transaction("BEGIN IMMEDIATE") as transaction:
            yield transaction

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[SqliteTransaction]:
        """Open a transaction on a connection of the pool; an append of one entry feels any layer."""
        with contextlib.closing(self._engine.raw_connection()) as pooled:
            driver: Any = pooled.driver_connection
            driver.execute(begin)
            try:
                yield SqliteTransaction(pooled)
                driver.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    driver.rollback()
                raise

    @override
    def check_may_scrub(self) -> None:
        if self._mode == "ro":
            raise LedgerUnavailable(f"cannot write {self.url}: it was opened to read")

    @override
    def scrub(self, *, deep: bool = True) -> None:
        with self._failures("scrub"), contextlib.closing(self._connect()) as raw:
            if deep:  # secure_delete leaves copies that were made as pages were split
                raw.execute("VACUUM")
            busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise LedgerUnavailable(
                f"cannot scrub {self.url}: somebody has been reading for {BUSY_SECONDS} s",
                hint="run the same command again; it goes on where it was",
            )

    @override
    def close(self) -> None:
        self._engine.dispose(close=self._home.is_here)  # a child says no goodbye for its parent

    def _connect(self) -> sqlite3.Connection:
        still = "&immutable=1" if self._still else ""
        uri = f"{self._path.absolute().as_uri()}?mode={self._mode}{still}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.text_factory = TOLERANT
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        with contextlib.closing(self._connect()) as raw:
            if self._create:
                self._make_tables(raw)
            found = raw.execute("PRAGMA application_id").fetchone()[0]
            version = raw.execute("PRAGMA user_version").fetchone()[0]
            if self._create and (found, version) == (APPLICATION_ID, 1):
                version = _upgrade(raw)
        if found != APPLICATION_ID:
            raise LedgerUnavailable(f"{self.url} is not an audit ledger")
        if version != SCHEMA_VERSION:
            raise LedgerUnavailable(
                f"{self.url} has schema version {version}; this version of audit knows "
                f"{SCHEMA_VERSION}",
                hint="use the version of audit that wrote it, or bring an older one up to date: "
                "audit ledger append --create",
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
        self._home.check(self.url)
        try:
            yield
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as exc:
            cause = exc.orig if isinstance(exc, sa.exc.DBAPIError) else exc
            raise LedgerUnavailable(
                f"cannot {verb} {self.url}: {cause}", hint=_hint(str(cause), self._path)
            ) from exc


def _upgrade(raw: sqlite3.Connection) -> int:
    """Bring a ledger of schema version 1 up to date; two processes at once do it once."""
    raw.execute("BEGIN IMMEDIATE")
    if raw.execute("PRAGMA user_version").fetchone()[0] == 1:
        for statement in _FROM_1:
            raw.execute(statement)
        raw.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    raw.execute("COMMIT")
    return SCHEMA_VERSION


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
