"""PostgreSQL alone: inbox, promises, sequencers and their failover, partitions, roles."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from audit.core.canonical import canonical_bytes
from audit.core.clock import now_ns
from audit.core.errors import (
    ChainBroken,
    EvidenceError,
    LedgerUnavailable,
    PromiseBroken,
    SignatureMismatch,
    UsageError,
)
from audit.documents import GENESIS, MAX_ENTRY, Event
from audit.ledger import Ledger, open_ledger
from audit.ledger._leaf import splice
from audit.ledger._promise import read_promise
from audit.ledger.store import _inbox, _migrate, _postgres, _sequencer
from audit.ledger.store._postgres import PostgresStore
from audit.ledger.store._roles import GRANTS, grant
from audit.ledger.store._sequencer import run_sequencer
from audit.ledger.store.migrations.versions import v0001_ledger
from tests.fakes.databases import Database, PostgresDatabase
from tests.fakes.ledgers import LOG, Ticks, event
from tests.fakes.notes import SeededSigner
from tests.fakes.postgres import running


@pytest.fixture
def database(databases: dict[str, Database]) -> PostgresDatabase:
    found = databases["postgresql"]
    assert isinstance(found, PostgresDatabase)
    return found


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with open_ledger(url) as ledger:
        yield ledger


def store_of(ledger: Ledger) -> PostgresStore:
    store = ledger._store
    assert isinstance(store, PostgresStore)
    return store


@contextmanager
def sequencer(url: str) -> Iterator[Callable[[], bool]]:
    """Run a sequencer service; the value given tells whether it still runs."""
    stop, failure = threading.Event(), []

    def serve() -> None:
        with open_ledger(url) as ledger:
            try:
                run_sequencer(store_of(ledger), now_ns, should_stop=stop.is_set)
            except LedgerUnavailable as exc:
                failure.append(exc)

    thread = threading.Thread(target=serve)
    thread.start()
    yield thread.is_alive
    stop.set()
    thread.join()


def wait_for(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        threading.Event().wait(0.02)
    raise AssertionError("did not happen within 8 s")


def holds_service_lock(url: str) -> bool:
    with psycopg.connect(url) as connection:
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s"
        row = connection.execute(query, (_inbox.SERVICE_LOCK,)).fetchone()
        return row == (1,)


def test_the_last_migration_is_the_revision_that_is_asked_for() -> None:
    config = Config()
    folder = Path(_migrate.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_current_head() == _migrate.REVISION


def test_a_database_without_a_ledger_is_refused_until_one_is_made(
    database: PostgresDatabase,
) -> None:
    empty = database._schema()
    with pytest.raises(LedgerUnavailable, match="holds no audit ledger"):
        open_ledger(empty)
    with open_ledger(empty, create=True) as ledger:
        ledger.append(event(0))
        assert ledger.verify().size == 1


def test_a_ledger_of_the_first_schema_is_brought_up_to_date_when_asked(
    database: PostgresDatabase,
) -> None:
    url = database._schema()
    with psycopg.connect(url) as connection:
        for statement in v0001_ledger.STATEMENTS:
            connection.execute(statement)  # type: ignore[call-overload]
        connection.execute(
            "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); "
            "INSERT INTO alembic_version VALUES ('0001'); SELECT ledger_partition(0)"
        )
    with pytest.raises(LedgerUnavailable, match="schema revision 0001"):
        open_ledger(url)
    schema = url.rsplit("%3D", maxsplit=1)[-1]
    database.server.execute(
        f"CREATE ROLE old_reader LOGIN; GRANT USAGE ON SCHEMA {schema} TO old_reader; "
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO old_reader"
    )
    try:
        with open_ledger(url, create=True) as ledger:
            ledger.append(event(0))
            assert ledger.verify().size == 1
        reader = url.replace("owner@", "old_reader@")
        with open_ledger(reader, read_only=True) as ledger:
            assert ledger.verify().size == 1
        with (
            psycopg.connect(reader) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SELECT * FROM payloads")
    finally:
        database.server.execute("DROP OWNED BY old_reader; DROP ROLE old_reader")


def test_a_newer_schema_is_refused(database: PostgresDatabase, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerUnavailable, match="schema revision 9999"):
        open_ledger(url)


def test_a_server_that_cannot_be_reached_is_named_without_its_password() -> None:
    with pytest.raises(LedgerUnavailable, match=r"postgresql://u:\*\*\*@127") as caught:
        open_ledger("postgresql://u:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)


def test_a_ledger_opened_to_read_is_not_written(url: str) -> None:
    with open_ledger(url, read_only=True) as ledger:
        assert ledger.verify().size == 0
        with pytest.raises(LedgerUnavailable, match="opened to read"):
            ledger.append(event(0))


def test_a_promised_event_is_durable_at_once_and_recorded_by_whoever_comes_next(
    ledger: Ledger,
) -> None:
    promise = ledger.submit(event(1), signer=LOG, key="one")
    assert ledger.size() == 0
    with pytest.raises(EvidenceError, match="not due yet"):
        ledger.find_promised(promise)
    assert ledger.append(event(2)).number == 1
    assert ledger.find_promised(promise).event == event(1)
    assert ledger.verify().size == 2


def test_an_event_deleted_from_the_inbox_is_missed_by_its_promise(
    database: PostgresDatabase, url: str
) -> None:
    with open_ledger(url) as ledger:
        promise = ledger.submit(event(1), signer=LOG, within_ns=0)
        with database.editor(url) as edit:
            edit("DELETE FROM inbox")
        ledger.append(event(2))
        assert ledger.verify().size == 1
        with pytest.raises(PromiseBroken, match="promised to record"):
            ledger.find_promised(promise)


def test_an_event_exchanged_in_the_inbox_is_missed_by_its_promise(
    database: PostgresDatabase, url: str
) -> None:
    with open_ledger(url) as ledger:
        promise = ledger.submit(event(1), signer=LOG, key="one", within_ns=0)
        with database.editor(url) as edit:
            edit("UPDATE inbox SET event = replace(encode(event, 'escape'), '1', '7')::bytea")
        ledger.append(event(2))
        with pytest.raises(PromiseBroken):
            ledger.find_promised(promise)


def test_a_promise_is_signed_by_its_log_and_no_byte_of_it_can_be_changed(ledger: Ledger) -> None:
    note = ledger.submit(event(1), signer=LOG).note
    for keys in ((), (SeededSigner(LOG.name, "other").vkey,)):
        with pytest.raises(SignatureMismatch):
            read_promise(note, vkeys=keys)
    for at in range(0, len(note), 7):
        with pytest.raises(SignatureMismatch):
            read_promise(note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :], vkeys=(LOG.vkey,))


def test_a_key_sequenced_while_it_is_submitted_again_is_no_failure(url: str) -> None:
    """The row is there for the INSERT and gone for the SELECT after it."""
    with open_ledger(url) as ledger, open_ledger(url) as other:
        ledger.submit(event(1), signer=LOG, key="one")

        def sequence(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("SELECT key, event FROM inbox"):
                other.append(event(2))

        sa.event.listen(store_of(ledger)._engine, "before_cursor_execute", sequence)
        promise = ledger.submit(event(1), signer=LOG, key="one")
        assert ledger.find_promised(promise).number == 0
        with pytest.raises(UsageError, match="names another event"):
            ledger.submit(event(5), signer=LOG, key="one")


def test_an_event_too_long_for_its_place_never_reaches_the_sequencer(url: str) -> None:
    """It fits at place 0 and not at place 10, where it would stand."""
    empty = canonical_bytes(Event(type="a.b", facts={"text": ""}).model_dump(mode="json"))
    text = "x" * (MAX_ENTRY - len(splice(empty, prev=GENESIS, seq=0, ts_ns=10**18)))
    with open_ledger(url) as ledger:
        ledger.append_many([event(number) for number in range(10)])
        with pytest.raises(UsageError, match="is the most"):
            ledger.submit(Event(type="a.b", facts={"text": text}), signer=LOG)
        with psycopg.connect(url) as connection:
            stored = canonical_bytes(
                Event(type="a.b", facts={"text": text}).model_dump(mode="json")
            )
            insert = "INSERT INTO inbox (key, event, type) VALUES ('long', %s, 'a.b')"
            connection.execute(insert, (stored,))
        assert ledger.append(event(12)).number == 11
        assert next(entry.event.type for entry in ledger.entries(start=10)) == "ledger.rejected"


def test_a_partition_made_in_a_transaction_that_failed_is_made_again(
    database: PostgresDatabase, url: str
) -> None:
    with database.editor(url) as edit:
        edit("INSERT INTO keys VALUES ('taken', 99)")  # so that the append fails at its end
    with open_ledger(url) as ledger:
        with pytest.raises(LedgerUnavailable, match="duplicate key"):
            ledger.append(event(1), key="taken")
        assert ledger.append(event(1)).number == 0
        assert ledger.verify().size == 1


SETTINGS = {
    "synchronous_commit": "off",
    "default_transaction_isolation": "serializable",
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
}


def test_what_a_role_or_a_database_sets_does_not_make_commits_less_durable(
    database: PostgresDatabase, url: str
) -> None:
    database.server.execute("CREATE ROLE hasty LOGIN SUPERUSER")
    for name, value in SETTINGS.items():
        database.server.execute(f"ALTER ROLE hasty SET {name} = '{value}'")
    try:
        with open_ledger(url.replace("owner@", "hasty@")) as ledger:
            with store_of(ledger).transaction() as connection:
                for name, value in (
                    ("synchronous_commit", "on"),
                    ("transaction_isolation", "read committed"),
                    ("idle_in_transaction_session_timeout", "1min"),
                ):
                    assert connection.exec_driver_sql(f"SHOW {name}").scalar_one() == value
            entries = [ledger.append(event(number)) for number in range(3)]
            ledger.submit(event(3), signer=LOG, key="three")
            ledger.checkpoint(LOG)
            assert list(ledger.entries())[:3] == entries
            ledger.verify(vkeys=(LOG.vkey,))
    finally:
        database.server.execute("DROP ROLE hasty")


def test_a_stronger_setting_than_ours_is_kept(database: PostgresDatabase, url: str) -> None:
    database.server.execute("CREATE ROLE careful LOGIN SUPERUSER")
    database.server.execute("ALTER ROLE careful SET synchronous_commit = 'remote_apply'")
    try:
        with (
            open_ledger(url.replace("owner@", "careful@")) as ledger,
            store_of(ledger).transaction() as connection,
        ):
            found = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
            assert found == "remote_apply"
    finally:
        database.server.execute("DROP ROLE careful")


def test_a_writer_that_stalls_with_the_head_is_cut_off_and_the_others_go_on(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_postgres, "STALLED_SECONDS", 1)
    with open_ledger(url) as stalled, open_ledger(url) as other:

        def stall() -> None:
            with stalled._store.writing() as writing:
                writing.head()
                assert other.append(event(1)).number == 0  # waits until the head is free
                writing.head()

        with pytest.raises(LedgerUnavailable, match=r"connection is lost|idle-in-transaction"):
            stall()
        assert stalled.append(event(2)).number == 1


def test_a_sequencer_that_falls_silent_loses_its_lock_to_the_next(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sequencer, "SILENT_SECONDS", 1)
    silent, over = threading.Event(), threading.Event()
    failure: list[LedgerUnavailable] = []

    def stop() -> bool:
        silent.set()
        over.wait(20)  # as a process that was stopped
        return False

    def serve() -> None:
        with open_ledger(url) as ledger:
            try:
                run_sequencer(store_of(ledger), now_ns, should_stop=stop)
            except LedgerUnavailable as exc:
                failure.append(exc)

    thread = threading.Thread(target=serve)
    thread.start()
    silent.wait(10)
    with open_ledger(url) as ledger, sequencer(url) as second:
        assert ledger.append(event(1)).number == 0
        assert second()
    over.set()
    thread.join()
    assert "idle-session timeout" in str(failure[0])


def test_a_ledger_that_was_open_when_the_server_restarted_is_used_again() -> None:
    with running() as server:
        url = PostgresDatabase(server).new()
        with open_ledger(url) as ledger:
            held = [ledger.reading() for _ in range(4)]  # so that the pool holds several
            for one in held:
                one.__enter__()
            for one in held:
                one.__exit__(None, None, None)
            ledger.append(event(1), key="one")
            server.stop("immediate")
            with pytest.raises(LedgerUnavailable):
                ledger.append(event(2), key="two")
            server.start()
            refused = 0
            while True:
                try:
                    assert ledger.append(event(2), key="two").number == 1
                    break
                except LedgerUnavailable:
                    refused += 1
            assert refused <= 1
            assert ledger.verify().size == 2


def test_a_key_in_the_inbox_names_one_event(ledger: Ledger) -> None:
    first = ledger.submit(event(1), signer=LOG, key="one")
    again = ledger.submit(event(1), signer=LOG, key="one")
    assert first.event == again.event
    with pytest.raises(UsageError, match="names another event"):
        ledger.submit(event(2), signer=LOG, key="one")
    ledger.append(event(3))
    with pytest.raises(UsageError, match="names another event"):
        ledger.submit(event(2), signer=LOG, key="one")
    assert [entry.event for entry in ledger.entries()] == [event(1), event(3)]


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (b"nonsense", "it is not an event"),
        (b'{"type":"a.b"}', "not in canonical form"),
        (b'{"facts":{"x":1.5},"inputs":[],"model_id":null,"outputs":[],"subject":null,"type":"a.b"}',
         "it is not an event"),
        (b'{"facts":{},"inputs":[],"model_id":null,"outputs":[],"subject":null,"type":"c.d"}',
         "its type or subject is another"),
        (b"x" * 70_000, "it is not an event"),
    ],
)  # fmt: skip
def test_what_is_no_event_in_the_inbox_is_recorded_as_that_and_stops_nobody(
    url: str, stored: bytes, reason: str
) -> None:
    with psycopg.connect(url) as connection:
        insert = "INSERT INTO inbox (key, event, type) VALUES ('bad', %s, 'a.b')"
        connection.execute(insert, (stored,))
    with open_ledger(url) as ledger:
        assert ledger.append(event(1)).number == 1
        rejected = next(ledger.entries())
        assert rejected.event.type == "ledger.rejected"
        assert reason in rejected.event.facts["reason"]
        assert ledger.verify().size == 2


def test_a_writer_that_finds_the_head_taken_waits_in_the_inbox(url: str) -> None:
    with psycopg.connect(url) as other, open_ledger(url) as ledger:
        other.execute("SELECT * FROM head FOR UPDATE")
        done: list[int] = []
        writer = threading.Thread(target=lambda: done.append(ledger.append(event(1)).number))
        writer.start()
        wait_for(lambda: _count(url, "inbox") == 1)
        assert not done
        other.rollback()
        writer.join()
        assert done == [0]


def _count(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[call-overload]
        return int(row[0])


def test_events_without_a_sequencer_stay_in_the_inbox_and_the_writer_is_told(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_inbox, "WAIT_SECONDS", 0.2)
    with psycopg.connect(url) as other, open_ledger(url) as ledger:
        hang = f"SELECT pg_advisory_lock({_inbox.SERVICE_LOCK}, {_inbox.THIS_LEDGER})"
        other.execute(hang)  # type: ignore[call-overload]
        with pytest.raises(LedgerUnavailable, match="it is in the inbox"):
            ledger.append(event(1))
    with open_ledger(url) as ledger:
        assert ledger.append(event(2)).number == 1
        assert next(ledger.entries()).event == event(1)


def test_a_service_sequences_and_a_second_one_takes_over(url: str) -> None:
    with open_ledger(url) as ledger, sequencer(url) as first:
        wait_for(lambda: holds_service_lock(url))
        assert ledger.append_many([event(1), event(2)])[1].number == 1
        with sequencer(url) as second:
            assert ledger.append(event(3)).number == 2
            with psycopg.connect(url, autocommit=True) as killer:
                killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks "
                    "WHERE locktype = 'advisory' AND classid = %s AND granted",
                    (_inbox.SERVICE_LOCK,),
                )
            wait_for(lambda: not first())
            assert ledger.append(event(4)).number == 3
            assert second()
        assert ledger.verify().size == 4


def test_a_sequencer_that_was_cut_off_finds_that_it_is_not_the_one_any_more(url: str) -> None:
    with open_ledger(url) as ledger, sequencer(url) as running:
        wait_for(lambda: holds_service_lock(url))
        with psycopg.connect(url) as other:
            other.execute("UPDATE service SET epoch = epoch + 1")
        wait_for(lambda: not running())
        ledger.append(event(1))
        assert ledger.verify().size == 1


def test_a_sequencer_of_another_ledger_in_the_same_database_is_none_of_ours(
    database: PostgresDatabase, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_inbox, "WAIT_SECONDS", 0.5)
    with sequencer(url), open_ledger(database.new()) as other:
        wait_for(lambda: holds_service_lock(url))
        assert other.append(event(1)).number == 0


def test_an_idle_sequencer_takes_no_transaction_numbers(url: str) -> None:
    """Each would cost the disk a flush, and the database a step towards wraparound."""
    query = "SELECT txid_snapshot_xmax(txid_current_snapshot())"
    with psycopg.connect(url, autocommit=True) as connection, sequencer(url):
        wait_for(lambda: holds_service_lock(url))
        threading.Event().wait(0.1)
        before = connection.execute(query).fetchone()
        threading.Event().wait(0.4)
        after = connection.execute(query).fetchone()
        assert before is not None
        assert after is not None
        assert after[0] - before[0] < 20  # some of them are the server's own


def test_entries_are_kept_in_partitions_by_number(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE service SET partition_size = 8")
    with open_ledger(url, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(20)])
        ledger.append_many([event(number) for number in range(20, 25)])
        assert ledger.verify().size == 25
    assert [_count(url, f"entries_p{number}") for number in range(4)] == [8, 8, 8, 1]


def test_a_truncated_partition_is_refused_by_its_guard_and_missed_without_it(
    database: PostgresDatabase, made: str
) -> None:
    with (
        psycopg.connect(made) as connection,
        pytest.raises(psycopg.Error, match="append-only"),
    ):
        connection.execute("TRUNCATE entries_p0")
    with database.editor(made) as edit:
        edit("TRUNCATE entries_p0")
    with open_ledger(made) as ledger, pytest.raises(ChainBroken, match="entry 0 is missing"):
        ledger.verify()


@pytest.mark.parametrize("table", ["entries", "entries_p0", "keys", "checkpoints"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_guards_refuse_edits_by_the_owner(made: str, table: str, verb: str) -> None:
    column = {"keys": "key", "checkpoints": "number"}.get(table, "seq")
    if table == "keys":
        with open_ledger(made) as ledger:
            ledger.append(event(1), key="one")
    statement = verb.format(table, column, column)
    with (
        psycopg.connect(made) as connection,
        pytest.raises(psycopg.Error, match="append-only"),
    ):
        connection.execute(statement)  # type: ignore[call-overload]


def test_every_partition_that_is_made_refuses_edits_by_the_owner(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE service SET partition_size = 8")
    with open_ledger(url, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(25)])
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'entries'::regclass"
    with psycopg.connect(url) as connection:
        partitions = [str(row[0]) for row in connection.execute(query).fetchall()]
    assert len(partitions) == 4
    for partition in partitions:
        for verb in ("UPDATE {} SET seq = seq", "DELETE FROM {}", "TRUNCATE {}"):
            with (
                psycopg.connect(url) as connection,
                pytest.raises(psycopg.Error, match="append-only"),
            ):
                connection.execute(verb.format(partition))  # type: ignore[call-overload]


def test_a_partition_made_by_hand_without_its_guard_is_refused(url: str) -> None:
    with open_ledger(url) as ledger:
        ledger.append(event(1))
        with psycopg.connect(url) as connection:
            connection.execute(
                "CREATE TABLE entries_p1 PARTITION OF entries "
                "FOR VALUES FROM (50000000) TO (100000000)"
            )
        with pytest.raises(ChainBroken, match="entries_p1 or a guard of it"):
            ledger.verify()


@pytest.fixture
def roles(database: PostgresDatabase, url: str) -> Iterator[dict[str, str]]:
    """A role of each kind, by its URL."""
    with open_ledger(url) as ledger:
        for kind in GRANTS:
            database.server.execute(f"CREATE ROLE {kind} LOGIN")
            grant(store_of(ledger), kind, kind)
        with pytest.raises(UsageError, match="is not one of"):
            grant(store_of(ledger), "reader", "owner")
    yield {kind: url.replace("owner@", f"{kind}@") for kind in GRANTS}
    for kind in GRANTS:
        database.server.execute(f"DROP OWNED BY {kind}; DROP ROLE {kind}")


def test_each_role_does_its_work_and_no_more(url: str, roles: dict[str, str]) -> None:
    with open_ledger(roles["sequencer"]) as one, open_ledger(roles["writer"]) as other:
        assert one.append(event(1)).number == 0
        one.checkpoint(LOG)
        promise = other.submit(event(2), signer=LOG)
        assert one.append(event(3)).number == 2
        assert other.find_promised(promise).number == 1
        with sequencer(roles["sequencer"]):
            assert other.append(event(4)).number == 3
    with open_ledger(roles["reader"], read_only=True) as ledger:
        assert ledger.verify(vkeys=(LOG.vkey,)).size == 4
    refused: dict[str, Any] = {
        "reader": ("INSERT INTO inbox (key, event, type) VALUES ('k', '', 't')",),
        "writer": (
            "INSERT INTO entries VALUES (9, 9, 't', NULL, '', '')",
            "UPDATE head SET size = 0",
            "DELETE FROM inbox",
            "SELECT ledger_partition(9)",
        ),
        "sequencer": (
            "UPDATE entries SET ts_ns = 0",
            "DELETE FROM entries",
            "TRUNCATE entries_p0",
            "DELETE FROM checkpoints",
            "DROP TABLE entries",
            "ALTER TABLE entries DISABLE TRIGGER ALL",
            "SET session_replication_role = replica",
        ),
    }
    for kind, statements in refused.items():
        for statement in statements:
            with (
                psycopg.connect(roles[kind]) as connection,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                connection.execute(statement)


def test_a_writer_role_alone_waits_for_a_sequencer(
    roles: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_inbox, "WAIT_SECONDS", 0.1)
    with (
        open_ledger(roles["writer"]) as ledger,
        pytest.raises(LedgerUnavailable, match="no sequencer took the event"),
    ):
        ledger.append(Event(type="a.b"))
