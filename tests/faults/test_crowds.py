"""Crowds of writers, some of them killed, and servers that crash under them.

The counts are the hammer's: what each writer was told, against what is there.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest

from audit.ledger import HammerCount, Load, hammer, open_ledger
from tests.fakes.databases import Database, PostgresDatabase
from tests.fakes.postgres import PostgresServer, running
from tests.faults.conftest import LONG, Tallies

pytestmark = pytest.mark.slow


def sound(found: HammerCount, url: str) -> int:
    """Return how many acknowledgements were lost; everything else must hold."""
    assert (found.twice, found.gaps, found.forks, found.broken) == (0, 0, 0, None)
    with open_ledger(url) as ledger:
        assert ledger.verify().size == found.recorded
    return found.lost


def tally(tallies: Tallies, fault: str, found: HammerCount, *, tried: int) -> None:
    tallies.add(fault, tried=tried, acknowledged=found.acknowledged, lost=found.lost)


CROWDS = [
    ("many processes (SQLite)", "sqlite", Load(8, 30)),
    ("many processes, a sequencer (PostgreSQL)", "postgresql", Load(16, 30, sequencers=1)),
    ("many processes, no sequencer (PostgreSQL)", "postgresql", Load(16, 30)),
    ("kill -9 of writers (SQLite)", "sqlite", Load(8, 30, kill_every=0.2)),
    (
        "kill -9 of writers and sequencers (PostgreSQL)",
        "postgresql",
        Load(16, 30, sequencers=2, kill_every=0.2),
    ),
]
SAMPLE = [
    ("kill -9 of writers (SQLite)", "sqlite", Load(4, 2, kill_every=0.5)),
    (
        "kill -9 of writers and sequencers (PostgreSQL)",
        "postgresql",
        Load(4, 2, sequencers=2, kill_every=0.5),
    ),
]


@pytest.mark.parametrize(("name", "kind", "load"), CROWDS if LONG else SAMPLE)
def test_a_crowd_of_writers_loses_nothing(
    databases: dict[str, Database], name: str, kind: str, load: Load, tallies: Tallies
) -> None:
    url = databases[kind].new()
    found = hammer(url, load)
    tally(tallies, name, found, tried=found.killed or load.processes)
    assert (found.killed > 0) == (load.kill_every is not None)
    assert sound(found, url) == 0
    if kind == "postgresql":
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


@dataclass
class Trouble:
    """Does something to a server again and again while writers write to it."""

    server: PostgresServer
    make: Callable[[PostgresServer], None]
    times: int

    def run(self, url: str, load: Load) -> HammerCount:
        found: list[HammerCount] = []
        thread = threading.Thread(target=lambda: found.append(hammer(url, load)))
        thread.start()
        try:
            for _ in range(self.times):
                time.sleep(load.seconds / (self.times + 1))
                self.make(self.server)
        finally:
            thread.join()
        return found[0]


def crash(server: PostgresServer) -> None:
    """Stop a server without letting it write anything, and start it again."""
    server.stop("immediate")
    server.start()


def kill_machine(server: PostgresServer) -> None:
    """Kill the postmaster; its children notice and go, and only then it can be started."""
    server.kill()
    for _ in range(100):
        try:
            server.start()
        except RuntimeError:
            time.sleep(0.2)
        else:
            return
    server.start()


def kill_backend(server: PostgresServer) -> None:
    """End one session in the middle of what it does: as when the network cuts it off."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND backend_type = 'client backend' AND state <> 'idle' ORDER BY random() LIMIT 1"
        )


CRASHES = [
    ("immediate shutdown (PostgreSQL)", crash, 6),
    ("kill -9 of the server (PostgreSQL)", kill_machine, 6),
    ("sessions cut off (PostgreSQL)", kill_backend, 100),
]


@pytest.mark.parametrize(("name", "make", "times"), CRASHES if LONG else [(*CRASHES[0][:2], 1)])
def test_a_server_that_crashes_under_its_writers_loses_nothing(
    name: str, make: Callable[[PostgresServer], None], times: int, tallies: Tallies, long: bool
) -> None:
    with running({}) as server:
        url = PostgresDatabase(server).new()
        load = Load(8, 30, sequencers=2) if long else Load(3, 3, sequencers=2)
        found = Trouble(server, make, times).run(url, load)
        tally(tallies, name, found, tried=times)
        assert sound(found, url) == 0
