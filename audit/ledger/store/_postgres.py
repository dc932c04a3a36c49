"""PostgreSQL: many writers, one sequencer at a time.

* Whoever holds the row lock on the head is the one writer.
* An event that cannot be sequenced at once is committed to the inbox, which
  costs writers no lock, and sequenced by whoever comes next, or by a service.
* Each transaction sets synchronous_commit for itself, whatever the role, the
  database or a pool of connections has: what was committed survives the loss
  of power.
* A writer that stops in the middle of a transaction loses it after a while, and
  the head with it.
* Triggers and grants keep honest programs from editing rows. They are hygiene:
  whoever owns the tables can go around them, and verify does not believe in them.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from typing_extensions import override

from audit.core.clock import Clock
from audit.core.errors import ChainBroken, LedgerUnavailable
from audit.ledger.store._catalog import catalog_problem
from audit.ledger.store._inbox import DURABLY, append_through_inbox, submit
from audit.ledger.store._migrate import REVISION, migrate, revision_of
from audit.ledger.store._process import HomeProcess
from audit.ledger.store._rows import EntryRow, Head, Pending, Snapshot, Store, Writing
from audit.ledger.store._transaction import ENTRY, PART, Transaction
from audit.ledger.store._url import parse_url, shown_url

_COPY = f"COPY entries ({ENTRY}) FROM STDIN (FORMAT BINARY)"
_COPY_TYPES = ("int8", "int8", "text", "text", "bytea", "bytea")
_CONNECT_SECONDS = 10
VAULT_LOCK = 0x4C4D5641
"""The advisory lock under which payloads are written and erased ("LMVA")."""
_VAULT = ("vault", "subjects", "payloads", "erasures")
STALLED_SECONDS = 60
"""A writer that is silent for so long inside a transaction is cut off by the server."""
_DURABLY = f"SELECT {DURABLY}, set_config('idle_in_transaction_session_timeout', %s, true)"


class PostgresTransaction(Transaction):
    """A transaction on a PostgreSQL database that reads."""

    mark = "%s"

    @override
    def stream(self, query: str, values: Sequence[object]) -> Iterator[Any]:
        with self.driver.cursor(name="rows") as cursor:
            cursor.execute(query, values)
            while part := cursor.fetchmany(PART):
                yield from part

    @override
    def leaf_bytes(self) -> int:
        query = (
            "SELECT coalesce(sum(pg_relation_size(inhrelid)), 0)::bigint FROM pg_inherits "
            "WHERE inhparent = 'entries'::regclass"
        )
        return int(self.all(query)[0][0])

    @override
    def hold_vault(self, *, alone: bool) -> None:
        shared = "" if alone else "_shared"
        self.run(f"SELECT pg_advisory_xact_lock{shared}(?)", (VAULT_LOCK,))

    @override
    def partition_size(self) -> int:
        return int(self.all("SELECT partition_size FROM service")[0][0])

    @override
    def drop_below(self, minimum: int) -> None:
        width = self.partition_size()
        partitions = (
            "SELECT inhrelid::regclass::text, substring(relname FROM '[0-9]+$')::bigint "
            "FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
            "WHERE inhparent = 'entries'::regclass"
        )
        for name, number in self.all(partitions):  # quoted, and with its schema if need be
            if (number + 1) * width <= minimum:
                self.run(f"DROP TABLE {name}")
        left = self.all("SELECT count(*) FROM entries WHERE seq < ?", (minimum,))[0][0]
        if left:
            raise ChainBroken(minimum, f"is not where a partition begins: {left} lie below it")
        self.run("DELETE FROM keys WHERE seq < ?", (minimum,))

    @override
    def problem(self) -> str | None:
        return catalog_problem(self.all)


class PostgresWriting(PostgresTransaction):
    """A transaction that holds the head."""

    lock = " FOR UPDATE"

    @override
    def add(self, rows: Sequence[EntryRow], head: Head) -> None:
        self._make_partitions(rows[0].seq, rows[-1].seq)
        with self.driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(_COPY_TYPES)
            for row in rows:
                copy.write_row(row)
        self._set_head(head)

    def take(self, limit: int) -> list[Pending]:
        """Take up to `limit` events out of the inbox, oldest first."""
        taken = self.all(
            "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox ORDER BY id LIMIT ?) "
            "RETURNING id, event, type, subject, key",
            (limit,),
        )
        return [Pending(*row[1:]) for row in sorted(taken)]

    def _make_partitions(self, first: int, last: int) -> None:
        # Looked up each time: a partition made in a transaction that failed is not there.
        self.run(
            "SELECT ledger_partition(wanted) FROM service, "
            "generate_series(?::bigint / partition_size, ?::bigint / partition_size) wanted "
            "WHERE to_regclass('entries_p' || wanted) IS NULL",
            (first, last),
        )


class PostgresStore(Store):
    """A ledger in a PostgreSQL database."""

    kind = "postgresql"

    def __init__(self, url: str, *, create: bool, read_only: bool) -> None:
        self._read_only = read_only
        self._home = HomeProcess()
        parsed = parse_url(url)
        self._shown = shown_url(parsed)
        try:
            self._engine = sa.create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_size=20,
                isolation_level="READ COMMITTED",  # a later statement must see what came first
                connect_args={"connect_timeout": _CONNECT_SECONDS, "client_encoding": "utf8"},
            )
        except ModuleNotFoundError as exc:
            raise LedgerUnavailable(
                f"cannot open {self._shown}: no PostgreSQL driver",
                hint="pip install 'lastmile-audit[postgres]'",
            ) from exc
        try:
            with self._failures("open"):
                self._prepare(create=create)
        except BaseException:
            self._engine.dispose()
            raise

    @property
    @override
    def url(self) -> str:
        return self._shown

    @property
    @override
    def address(self) -> str:
        return self._engine.url.render_as_string(hide_password=False)

    @override
    def append(self, pending: Sequence[Pending], clock: Clock) -> list[EntryRow]:
        with self._failures("write"):
            return append_through_inbox(self, pending, clock)

    @override
    def submit(self, pending: Sequence[Pending], clock: Clock) -> list[Pending]:
        with self._failures("write"):
            return submit(self, pending)

    @override
    @contextlib.contextmanager
    def reading(self) -> Iterator[Snapshot]:
        with self._failures("read"), self._engine.connect() as connection:
            same = connection.execution_options(isolation_level="REPEATABLE READ")
            with same.begin():
                yield PostgresTransaction(same)

    @override
    @contextlib.contextmanager
    def writing(self) -> Iterator[Writing]:
        with self.transaction() as connection:
            yield self.as_writing(connection)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Open a transaction that may write."""
        with self._failures("write"), self._engine.begin() as connection:
            if self._read_only:
                raise LedgerUnavailable(f"cannot write {self.url}: it was opened to read")
            make_durable(connection)
            yield connection

    def run_alone(self, statement: str, values: Sequence[object]) -> list[Any]:
        """Run one statement as a transaction of its own: one round trip; return its rows."""
        with self._failures("write"), self._engine.connect() as connection:
            if self._read_only:
                raise LedgerUnavailable(f"cannot write {self.url}: it was opened to read")
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            driver: Any = alone.connection.driver_connection
            cursor = driver.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []

    @contextlib.contextmanager
    def session(self) -> Iterator[sa.Connection]:
        """Open a connection of one's own, for what belongs to a session."""
        with self._failures("write"), self._engine.connect() as connection:
            try:
                yield connection
            finally:
                connection.invalidate()  # a session's locks must not go back into the pool

    def as_writing(self, connection: sa.Connection) -> PostgresWriting:
        """Return the writer on a connection; it holds the head once it has read it."""
        return PostgresWriting(connection)

    @override
    def check_may_scrub(self) -> None:
        owned = (
            "SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class "
            "WHERE oid = ANY (%s::text[]::regclass[])"
        )
        with self.transaction() as connection:
            if not connection.exec_driver_sql(owned, (["entries", *_VAULT],)).scalar_one():
                raise LedgerUnavailable(
                    f"{self.url}: only the owner of the tables can destroy rows for good",
                    hint="give the URL of the role that made the ledger",
                )

    @override
    def scrub(self, *, deep: bool = True) -> None:
        # A plain VACUUM leaves the bytes of deleted rows in their pages; FULL writes new files.
        with self._failures("scrub"), self._engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in _VAULT if deep else ("erasures",):
                alone.exec_driver_sql(f"VACUUM (FULL) {table}")

    @override
    def close(self) -> None:
        self._engine.dispose(close=self._home.is_here)  # a child says no goodbye for its parent

    def _prepare(self, *, create: bool) -> None:
        found = revision_of(self._engine)
        if create and not self._read_only and found != REVISION:
            migrate(self._engine)
            found = revision_of(self._engine)
        if found is None:
            raise LedgerUnavailable(
                f"{self.url} holds no audit ledger", hint="audit ledger append --create makes one"
            )
        if found != REVISION:
            raise LedgerUnavailable(
                f"{self.url} has schema revision {found}; this version of audit knows {REVISION}",
                hint="use the version of audit that made it, or audit ledger append --create",
            )

    @contextlib.contextmanager
    def _failures(self, verb: str) -> Iterator[None]:
        self._home.check(self.url)
        try:
            yield
        except (sa.exc.SQLAlchemyError, _driver_error()) as exc:
            cause = getattr(exc, "orig", None) or exc
            reason = str(cause).strip().split("\n")[0]
            raise LedgerUnavailable(f"cannot {verb} {self.url}: {reason}") from exc


def _driver_error() -> type[Exception]:
    import psycopg

    return psycopg.Error


def make_durable(connection: sa.Connection) -> None:
    """Have the server wait for its disk when this transaction commits, whatever its default is."""
    connection.exec_driver_sql(_DURABLY, (f"{STALLED_SECONDS}s",))
