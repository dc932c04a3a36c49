"""Ledgers with entries and checkpoints, made once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from audit.ledger import open_ledger
from tests.fakes.ledgers import LOG, Ticks, event


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of 20 entries with checkpoints over 7, 13 and 19."""
    path = tmp_path_factory.mktemp("ledger") / "made.db"
    with open_ledger(str(path), create=True, clock=Ticks()) as ledger:
        for number in range(20):
            ledger.append(event(number))
            if number + 1 in {7, 13, 19}:
                ledger.checkpoint(LOG)
    return path


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """A copy of `made` that a test may spoil."""
    return Path(shutil.copy(made, tmp_path / "copy.db"))
