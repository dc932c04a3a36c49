"""The power fails at any moment: classes 15 and 17."""

import itertools
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.conftest import Tallies
from tests.faults.disks import Disk, Step, Survives, record
from tests.faults.oracle import Acknowledged, Found, examine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]
SURVIVES: tuple[Survives, ...] = ("nothing", "strictly-nothing", "some", "some", "all")


def replay(steps: Sequence[Step], folder: Path, *, states: int | None) -> list[Found]:
    """Let the power fail after each step, in several ways, and examine what is left.

    `states`: only so many of them, from a seed.
    """
    source = random.Random(5)
    points = list(itertools.product(range(1, len(steps) + 1), SURVIVES))
    if states is not None:
        points = sorted(source.sample(points, min(states, len(points))))
    found = []
    for number, (at, survives) in enumerate(points):
        place = folder / str(number)
        place.mkdir()
        Disk(survives, source).run(steps[:at]).write(place)
        told = Acknowledged.read(step.data for step in steps[:at] if step.kind == "said")
        found.append(examine(f"sqlite:///{place}/a.db", told))
        shutil.rmtree(place)
    return found


def campaign(tmp_path: Path, *words: str, states: int | None) -> tuple[list[Found], Acknowledged]:
    folder = tmp_path / "disk"
    folder.mkdir()
    steps = record(folder, words)
    told = Acknowledged.read(step.data for step in steps if step.kind == "said")
    assert sum(step.kind == "flush" for step in steps) > 0 or "lying" in words
    return replay(steps, tmp_path, states=states), told


def test_15_nothing_that_was_acknowledged_or_signed_is_lost_when_the_power_fails(
    tmp_path: Path, tallies: Tallies, long: bool
) -> None:
    found, told = campaign(tmp_path, "24" if long else "8", states=None if long else 80)
    assert told.checkpoints
    assert len(told.entries) >= 16
    lost = sum(one.lost for one in found)
    tallies.add("power fails (SQLite)", tried=len(found), acknowledged=told.count, lost=lost)
    assert [one.broken for one in found if one.broken] == []
    assert lost == 0


def test_17_a_disk_that_does_not_flush_loses_what_was_acknowledged(
    tmp_path: Path, tallies: Tallies, long: bool
) -> None:
    """So the replay can see a loss; and against such a disk no program can do anything."""
    found, told = campaign(tmp_path, "8", "lying", states=None if long else 40)
    lost = sum(one.lost for one in found)
    tallies.add(
        "power fails, disk does not flush (control)",
        tried=len(found),
        acknowledged=told.count,
        lost=lost,
    )
    assert lost > 0
