"""One ledger in two databases, so that a test can run on both and edit behind its back."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg

from audit.ledger import open_ledger
from audit.ledger.store.migrations.versions import v0001_ledger, v0002_privacy
from tests.fakes.ledgers import LOG, Ticks, event
from tests.fakes.postgres import PostgresServer

MADE_SIZE, MADE_CHECKPOINTS = 20, (7, 13, 19)


def make(url: str) -> None:
    """Write the ledger that most tests spoil: 20 entries, checkpoints over 7, 13 and 19."""
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        for number in range(MADE_SIZE):
            ledger.append(event(number))
            if number + 1 in MADE_CHECKPOINTS:
                ledger.checkpoint(LOG)


class Database(Protocol):
    """Makes ledgers of one kind."""

    name: str

    def new(self) -> str:
        """Return the URL of a ledger that is not there yet (`create=True` makes it)."""

    def absent(self) -> str:
        """Return the URL of a place where no ledger is."""

    def made(self) -> str:
        """Return the URL of a copy of the ledger that `make` wrote."""

    def copy(self, url: str) -> str:
        """Return the URL of a copy of a ledger that nobody has open."""

    def literal(self, value: object) -> str:
        """Return a value as SQL."""

    def editor(self, url: str) -> Any:
        """Give a way to run statements around the guards, committed at the end."""


class Editor(Protocol):
    def __call__(self, statement: str) -> Sequence[Any]:
        """Run a statement and return its rows."""


@dataclass
class SqliteDatabase:
    """Ledgers in files."""

    folder: Path
    name = "sqlite"

    def __post_init__(self) -> None:
        self._numbers = count()
        self._made: str | None = None

    def new(self) -> str:
        return f"sqlite:///{self.folder}/{next(self._numbers)}.db"

    absent = new

    def made(self) -> str:
        if self._made is None:
            self._made = self.new()
            make(self._made)
        return self.copy(self._made)

    def copy(self, url: str) -> str:
        to = self.new()
        shutil.copy(url.removeprefix("sqlite:///"), to.removeprefix("sqlite:///"))
        return to

    def literal(self, value: object) -> str:
        return f"x'{value.hex()}'" if isinstance(value, bytes) else _literal(value)

    @contextmanager
    def editor(self, url: str) -> Iterator[Editor]:
        raw = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        guards = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        found = raw.execute(guards).fetchall()
        raw.execute("BEGIN")
        for name, _ in found:
            raw.execute(f"DROP TRIGGER {name}")
        yield lambda statement: raw.execute(statement).fetchall()
        for _, sql in found:
            raw.execute(sql)
        raw.execute("COMMIT")
        raw.close()


@dataclass
class PostgresDatabase:
    """Ledgers in schemas of one database: a schema is made in a tenth of the time."""

    server: PostgresServer
    name = "postgresql"

    def __post_init__(self) -> None:
        self._numbers = count()
        self._made: str | None = None
        open_ledger(self._schema(), create=True).close()  # the migrations themselves run once

    def new(self) -> str:
        url = self._schema()
        with psycopg.connect(url) as connection:
            for statement in (*v0001_ledger.STATEMENTS, *v0002_privacy.STATEMENTS):
                connection.execute(statement)  # type: ignore[call-overload]
            connection.execute("CREATE TABLE alembic_version AS SELECT '0002' AS version_num")
        return url

    def absent(self) -> str:
        return self._schema()

    def made(self) -> str:
        if self._made is None:
            self._made = self.new()
            make(self._made)
        return self.copy(self._made)

    def copy(self, url: str) -> str:
        to, old = self.new(), url.rsplit("%3D", maxsplit=1)[-1]
        with psycopg.connect(to) as connection:
            connection.execute("SELECT ledger_partition(0)")
            for table in ("entries", "keys", "checkpoints"):
                connection.execute(f"INSERT INTO {table} SELECT * FROM {old}.{table}")  # type: ignore[call-overload]  # noqa: S608
            connection.execute("DELETE FROM head")
            connection.execute(f"INSERT INTO head SELECT * FROM {old}.head")  # type: ignore[call-overload]  # noqa: S608
        return to

    def _schema(self) -> str:
        name = f"ledger_{next(self._numbers)}"
        self.server.execute(f"CREATE SCHEMA {name}")
        return f"{self.server.url()}?options=-csearch_path%3D{name}"

    def literal(self, value: object) -> str:
        return f"'\\x{value.hex()}'::bytea" if isinstance(value, bytes) else _literal(value)

    @contextmanager
    def editor(self, url: str) -> Iterator[Editor]:
        with psycopg.connect(url) as connection:
            # What a superuser can do: no trigger fires in such a session.
            connection.execute("SET session_replication_role = replica")

            def run(statement: str) -> Sequence[Any]:
                cursor = connection.execute(statement)  # type: ignore[call-overload]
                return cursor.fetchall() if cursor.description else []

            yield run


def _literal(value: object) -> str:
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    return "'" + str(value).replace("'", "''") + "'"
