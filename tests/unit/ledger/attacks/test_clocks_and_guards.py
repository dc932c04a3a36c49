"""Classes 16 and 18: clocks that jump, and guards that somebody takes away."""

import sqlite3
from pathlib import Path

import pytest

from audit.core.errors import ChainBroken, LedgerUnavailable
from audit.ledger import open_ledger
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG, Ticks, event

DAY = 86400 * 10**9


@pytest.mark.parametrize("jump", [-2 * DAY, -400 * DAY, -(10**18), 0, DAY, 400 * DAY])
def test_16_a_clock_that_jumps_gives_times_that_rise_and_a_log_that_verifies(
    url: str, jump: int
) -> None:
    clock = Ticks()
    with open_ledger(url, create=True, clock=clock) as ledger:
        before = [ledger.append(event(number)) for number in range(3)]
        clock.now += jump
        after = [ledger.append(event(number)) for number in range(3, 6)]
        times = [entry.ts_ns for entry in (*before, *after)]
        assert times == sorted(set(times))
        ledger.checkpoint(LOG)
        assert ledger.verify(vkeys=(LOG.vkey,)).size == 6


def test_16_a_clock_that_stands_still_gives_times_that_rise(url: str) -> None:
    with open_ledger(url, create=True, clock=lambda: 10**18) as ledger:
        entries = ledger.append_many([event(number) for number in range(5)])
        assert [entry.ts_ns - 10**18 for entry in entries] == [0, 1, 2, 3, 4]


def test_16_a_leap_second_told_twice_is_two_times(url: str) -> None:
    second = iter([10**18, 10**18 + 10**9, 10**18, 10**18 + 10**9])
    with open_ledger(url, create=True, clock=lambda: next(second)) as ledger:
        entries = ledger.append_many([event(number) for number in range(4)])
        assert [entry.ts_ns - 10**18 for entry in entries] == [0, 10**9, 10**9 + 1, 10**9 + 2]
        ledger.verify()


@pytest.mark.parametrize("now", [2**63, 2**63 + 10**9, 2**80])
def test_16_a_clock_beyond_what_a_time_can_say_records_nothing(url: str, now: int) -> None:
    with open_ledger(url, create=True, clock=lambda: now) as ledger:
        with pytest.raises(LedgerUnavailable, match="the clock says"):
            ledger.append(event(0))
        assert ledger.size() == 0


@pytest.fixture
def path(databases: dict[str, Database]) -> Path:
    return Path(databases["sqlite"].made().removeprefix("sqlite:///"))


def test_18_a_guard_rewritten_in_the_schema_table_is_found(path: Path) -> None:
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA writable_schema = ON")
    changed = raw.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, 'append-only', 'open to all') "
        "WHERE type = 'trigger'"
    )
    assert changed.rowcount
    raw.close()
    with open_ledger(str(path)) as ledger:
        with pytest.raises(ChainBroken, match="this version of audit makes"):
            ledger.verify()
        with pytest.raises(ChainBroken, match="this version of audit makes"):
            ledger.checkpoint(LOG)


def test_18_rows_edited_through_an_attached_database_are_found(path: Path) -> None:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    raw.execute("ATTACH ? AS theirs", (str(path),))
    with pytest.raises(sqlite3.Error, match="append-only"):
        raw.execute("UPDATE theirs.entries SET ts_ns = ts_ns + 1 WHERE seq = 4")
    guard = "SELECT sql FROM theirs.sqlite_schema WHERE name = 'entries_keep_update'"
    ((sql,),) = raw.execute(guard).fetchall()
    raw.execute("DROP TRIGGER theirs.entries_keep_update")
    raw.execute("UPDATE theirs.entries SET ts_ns = ts_ns + 1 WHERE seq = 4")
    raw.execute(sql.replace("CREATE TRIGGER ", "CREATE TRIGGER theirs."))
    raw.close()
    with (
        open_ledger(str(path)) as ledger,
        pytest.raises(ChainBroken, match="column ts_ns") as caught,
    ):
        ledger.verify()
    assert caught.value.seq == 4


def test_18_a_row_replaced_past_the_guards_is_found(path: Path) -> None:
    """INSERT OR REPLACE deletes without firing the guard against DELETE."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute(
        "INSERT OR REPLACE INTO entries SELECT 4, ts_ns, type, subject, leaf, leaf_hash "
        "FROM entries WHERE seq = 5"
    )
    raw.close()
    with open_ledger(str(path)) as ledger, pytest.raises(ChainBroken) as caught:
        ledger.verify()
    assert caught.value.seq == 4


def test_18_a_superuser_who_switches_triggers_off_leaves_an_edit_that_is_found(
    database: Database, made: str
) -> None:
    with database.editor(made) as edit:  # session_replication_role, or DROP TRIGGER
        edit("UPDATE entries SET type = 'a.b' WHERE seq = 11")
    with open_ledger(made) as ledger, pytest.raises(ChainBroken, match="column type") as caught:
        ledger.verify()
    assert caught.value.seq == 11
