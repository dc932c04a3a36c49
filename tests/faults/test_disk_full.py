"""The disk is full, or cannot be written at all: class 17."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.core.errors import LedgerUnavailable
from audit.documents import LedgerEntry
from audit.ledger import open_ledger
from tests.fakes.ledgers import LOG, event
from tests.faults.conftest import Tallies

BALLAST = 256 << 10


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB, some of it taken by a file that can be deleted."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here: that needs root")
    try:
        (tmp_path / "ballast").write_bytes(bytes(BALLAST))
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_17_a_full_disk_refuses_and_loses_nothing(small: Path, tallies: Tallies) -> None:
    acknowledged: list[LedgerEntry] = []
    with open_ledger(str(small / "a.db"), create=True) as ledger:

        def fill() -> None:
            for number in range(100_000):
                acknowledged.extend(ledger.append_many([event(number)] * 5))

        with pytest.raises(LedgerUnavailable, match="full") as caught:
            fill()
        assert "free some space" in str(caught.value.hint)
        for _ in range(3):  # and it stays so
            with pytest.raises(LedgerUnavailable, match="full"):
                ledger.append_many([event(number) for number in range(100)])
        assert list(ledger.entries()) == acknowledged
        assert ledger.verify().size == len(acknowledged) > 100
        (small / "ballast").unlink()
        acknowledged.append(ledger.append(event(1)))
        ledger.checkpoint(LOG)
    with open_ledger(str(small / "a.db")) as ledger:
        found = list(ledger.entries())
        assert ledger.verify(vkeys=(LOG.vkey,)).covered == len(acknowledged)
    lost = sum(one not in found for one in acknowledged[-50:]) + len(acknowledged) - len(found)
    assert lost == 0
    tallies.add("disk full (SQLite)", tried=1, acknowledged=len(acknowledged), lost=lost)


def test_a_ledger_on_a_read_only_medium_is_read_and_verified(small: Path) -> None:
    path = small / "a.db"
    with open_ledger(str(path), create=True) as ledger:
        ledger.append_many([event(number) for number in range(5)])
        ledger.checkpoint(LOG)
    remount(small, "ro")
    with open_ledger(str(path), read_only=True) as ledger:
        assert ledger.verify(vkeys=(LOG.vkey,)).covered == 5
        with pytest.raises(LedgerUnavailable, match="readonly"):
            ledger.append(event(5))
    with pytest.raises(LedgerUnavailable, match="unable to open"):
        open_ledger(str(path))
    remount(small, "rw")


def test_a_copy_believed_to_be_still_that_is_written_is_no_answer(small: Path) -> None:
    path = small / "a.db"
    with open_ledger(str(path), create=True) as ledger:
        ledger.append_many([event(number) for number in range(5)])
    remount(small, "ro")
    with open_ledger(str(path), read_only=True) as ledger:
        reading = ledger.entries()
        assert next(reading).number == 0
        remount(small, "rw")
        with open_ledger(str(path)) as writer:
            writer.append(event(5))
        with pytest.raises(LedgerUnavailable, match="changed while it was read"):
            list(reading)


def remount(place: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True)
