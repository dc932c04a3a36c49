"""The sequencer as a process: it stops when asked, and another takes over when it is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest

from audit.ledger import open_ledger
from audit.ledger.store._inbox import SERVICE_LOCK
from tests.fakes.databases import PostgresDatabase
from tests.fakes.ledgers import event
from tests.fakes.postgres import running


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as server:
        yield PostgresDatabase(server).new()


def start(url: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "audit", "ledger", "sequencer", "--ledger", url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)


def wait_for_sequencer(url: str) -> int:
    """Return the process id of the session that sequences, once there is one."""
    query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(500):
            if row := connection.execute(query, (SERVICE_LOCK,)).fetchone():
                return int(row[0])
            time.sleep(0.02)
    raise AssertionError("no sequencer within 10 s")


@pytest.mark.slow
def test_a_killed_sequencer_is_followed_by_the_next_and_nothing_is_lost(url: str) -> None:
    first = start(url)
    session = wait_for_sequencer(url)
    second = start(url)
    with open_ledger(url) as ledger:
        recorded = [ledger.append(event(number)) for number in range(20)]
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=10)
        recorded += [ledger.append(event(number)) for number in range(20, 40)]
        assert wait_for_sequencer(url) != session
        recorded.append(ledger.append(event(40)))
        assert list(ledger.entries()) == recorded
        assert ledger.verify().size == 41
    second.send_signal(signal.SIGTERM)
    out, _ = second.communicate(timeout=10)
    assert (second.returncode, out.startswith("stopped after ")) == (0, True)
