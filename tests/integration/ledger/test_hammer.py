"""The hammer: what it says of a sound ledger, and that it would notice one that is not."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.cli import _ledger_hammer
from audit.core.errors import EvidenceError, UsageError
from audit.documents import leaf_hash
from audit.ledger import HammerCount, Load, hammer, open_ledger
from audit.ledger.hammer._acks import AckFile, hammer_event, read_acks
from audit.ledger.hammer._check import Seen, count
from tests.commandline import Commandline
from tests.fakes.databases import Database, PostgresDatabase, SqliteDatabase
from tests.fakes.ledgers import event
from tests.fakes.postgres import running


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Database]]:
    with running() as server:
        yield {
            "sqlite": SqliteDatabase(tmp_path_factory.mktemp("ledgers")),
            "postgresql": PostgresDatabase(server),
        }


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, databases: dict[str, Database]) -> Database:
    return databases[request.param]


def test_a_ledger_with_entries_of_others_is_not_hammered(database: Database) -> None:
    url = database.made()
    with pytest.raises(UsageError, match="not by a hammer"):
        hammer(url, Load(1, 0.1))
    with open_ledger(url) as ledger:
        assert ledger.size() == 20


def test_a_ledger_that_acknowledges_nothing_is_no_yes(
    databases: dict[str, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")  # writers that do nothing
    with pytest.raises(EvidenceError, match="acknowledged nothing to 2 writers"):
        hammer(databases["sqlite"].new(), Load(2, 0.2))


def test_a_writer_that_fails_is_no_yes(
    databases: dict[str, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(EvidenceError, match="a writer ended with 1"):
        hammer(databases["sqlite"].new(), Load(2, 0.2))


class Hammered:
    """A ledger of six entries, and what their writer was told."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self._folder = url, folder
        self.file = AckFile(folder, "w")
        self.seen: list[Seen] = []
        with open_ledger(url, create=True) as ledger:
            for number in range(6):
                self.file.sequenced([ledger.append(hammer_event("w", number))])
                with ledger.reading() as snapshot:
                    self.seen.append((snapshot.head().size, snapshot.head().root))
        self.file.durable([hammer_event("w", 3)])

    def count(self) -> HammerCount:
        with open_ledger(self.url) as ledger:
            return count(ledger, read_acks(self._folder), self.seen, killed=0)


@pytest.fixture
def hammered(database: Database, tmp_path: Path) -> Hammered:
    return Hammered(database.new(), tmp_path)


def test_a_sound_ledger_is_counted_as_that(hammered: Hammered) -> None:
    found = hammered.count()
    assert found.is_sound
    assert (found.acknowledged, found.recorded, found.heads) == (7, 6, 6)


def test_an_acknowledged_entry_that_is_not_there_is_lost(
    database: Database, hammered: Hammered, tmp_path: Path
) -> None:
    with open_ledger(database.made()) as other:
        hammered.file.sequenced(list(other.entries(start=6)))
    assert hammered.count().lost == 14
    hammered.file.durable([hammer_event("w", 99)])
    assert hammered.count().lost == 15


def test_a_place_given_twice_is_a_fork(hammered: Hammered, database: Database) -> None:
    with open_ledger(database.made()) as other:
        hammered.file.sequenced(list(other.entries())[:2])
    assert (hammered.count().forks, hammered.count().is_sound) == (2, False)


def test_a_head_that_the_ledger_does_not_extend_is_a_fork(hammered: Hammered) -> None:
    hammered.seen[2] = (3, leaf_hash(b"another tree"))
    assert hammered.count().forks == 1
    hammered.seen[2] = (9, leaf_hash(b"a longer tree"))
    assert hammered.count().forks == 2  # not there, and the head went back after it


def test_a_deleted_entry_is_a_gap_and_lost(hammered: Hammered, database: Database) -> None:
    with database.editor(hammered.url) as edit:
        edit("DELETE FROM entries WHERE seq = 2")
    found = hammered.count()
    assert (found.gaps, found.lost, found.is_sound) == (1, 1, False)
    assert "entry 2 is missing" in str(found.broken)


def test_an_event_recorded_twice_is_noticed(hammered: Hammered) -> None:
    with open_ledger(hammered.url) as ledger:
        ledger.append(hammer_event("w", 1))
    assert hammered.count().twice == 1


def test_a_line_cut_by_the_death_of_its_writer_acknowledges_nothing(tmp_path: Path) -> None:
    AckFile(tmp_path, "w")
    (tmp_path / "w.acks").write_bytes(b"r\ns 5 " + os.urandom(20).hex().encode())
    acks = read_acks(tmp_path)
    assert (acks.sequenced, acks.refused) == ({}, 1)


def test_the_command_says_what_it_counted(database: Database, run: Commandline) -> None:
    url = database.new()
    ended = run(f"audit ledger hammer --ledger {url} --processes 1 --seconds 1.5")
    assert "lost 0, twice 0, gaps 0, forks 0" in ended.out
    assert (ended.code, ended.out[:4]) == (0, "ok: ")
    assert run(f"audit ledger verify --ledger {url}").code == 0


def test_the_command_exits_10_when_something_was_lost(
    databases: dict[str, Database], run: Commandline, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = HammerCount(5, 4, 0, 0, 1, lost=1, twice=0, gaps=0, forks=0, broken=None)
    monkeypatch.setattr(_ledger_hammer, "hammer_ledger", lambda *_: bad)
    ended = run(f"audit ledger hammer --ledger {databases['sqlite'].new()}")
    assert (ended.code, "lost 1" in ended.out) == (10, True)
    assert "did not keep what it acknowledged" in ended.err


def test_the_command_refuses_a_ledger_of_others(database: Database, run: Commandline) -> None:
    url = database.new()
    with open_ledger(url, create=True) as ledger:
        ledger.append(event(0))
    ended = run(f"audit ledger hammer --ledger {url} --seconds 1")
    assert (ended.code, ended.out) == (2, "")
