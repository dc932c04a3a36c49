"""Faults: a short sample in `make test`, all of them under `make faults`, which prints what was lost."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.fakes.databases import Database, PostgresDatabase, SqliteDatabase
from tests.fakes.postgres import PostgresServer, running

LONG = os.environ.get("FAULTS") == "long"


@dataclass(frozen=True)
class Tally:
    """How often a class of faults was tried, and what it cost."""

    fault: str
    tried: int
    acknowledged: int
    lost: int

    def line(self) -> str:
        return f"{self.fault:<58} {self.tried:>6} {self.acknowledged:>12} {self.lost:>5}"


_tallies: list[Tally] = []


class Tallies:
    """Where tests write down what they tried."""

    def add(self, fault: str, *, tried: int, acknowledged: int, lost: int) -> None:
        _tallies.append(Tally(fault, tried, acknowledged, lost))


@pytest.fixture(scope="session")
def tallies() -> Tallies:
    return Tallies()


@pytest.fixture(scope="session")
def long() -> bool:
    """Whether there is time for all of it."""
    return LONG


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A server that flushes, as it does by default."""
    with running({}) as server:
        yield server


@pytest.fixture(scope="session")
def databases(
    server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Database]:
    return {
        "sqlite": SqliteDatabase(tmp_path_factory.mktemp("ledgers")),
        "postgresql": PostgresDatabase(server),
    }


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LONG and _tallies:
        terminalreporter.write_line(f"{'fault':<58} {'tried':>6} {'acknowledged':>12} {'lost':>5}")
        for one in _tallies:
            terminalreporter.write_line(one.line())
        lost = sum(one.lost for one in _tallies if "does not flush" not in one.fault)
        terminalreporter.write_line(f"acknowledged entries lost = {lost} in every class")
