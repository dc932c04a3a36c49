"""Who rewrites all that follows an edit is consistent, and is caught by a checkpoint only.

The rewriter here holds the database and this package, but not the log's key.
"""

import sqlite3
from pathlib import Path

import pytest

from audit.core.errors import ChainBroken
from audit.documents import Checkpoint
from audit.ledger import open_ledger
from audit.ledger.store._rows import NO_NOTES, add_note
from tests.fakes.ledgers import LOG, Ticks, event


def rewritten(path: Path, *, first: int, size: int) -> Path:
    """Write a consistent ledger that differs from `made` from entry `first` on."""
    with open_ledger(str(path), create=True, clock=Ticks()) as ledger:
        for number in range(size):
            ledger.append(event(number if number < first else number + 100))
    return path


@pytest.fixture
def outside(made: Path) -> tuple[Checkpoint, ...]:
    with open_ledger(str(made)) as ledger:
        return tuple(ledger.checkpoints())


def copied_checkpoints(made: Path, path: Path, limit: int) -> None:
    """Put the first `limit` checkpoints of `made` into the rewritten ledger and mend its head."""
    with open_ledger(str(made)) as ledger:
        notes = [one.note.encode() for one in ledger.checkpoints()[:limit]]
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("ATTACH ? AS made", (str(made),))
    raw.execute("INSERT INTO checkpoints SELECT * FROM made.checkpoints WHERE number < ?", (limit,))
    notes_hash = NO_NOTES
    for note in notes:
        notes_hash = add_note(notes_hash, note)
    raw.execute("UPDATE head SET checkpoints = ?, notes_hash = ?", (limit, notes_hash))
    raw.close()


@pytest.mark.parametrize("first", range(19))
def test_a_rewritten_history_contradicts_the_checkpoints_it_kept(
    made: Path, tmp_path: Path, first: int
) -> None:
    path = rewritten(tmp_path / "r.db", first=first, size=20)
    copied_checkpoints(made, path, 3)
    with open_ledger(str(path)) as ledger, pytest.raises(ChainBroken, match="signed") as caught:
        ledger.verify()
    known = max(size for size in (0, 7, 13, 19) if size <= first)
    assert caught.value.seq == known


def test_a_rewriter_who_drops_the_checkpoints_covers_nothing(tmp_path: Path) -> None:
    path = rewritten(tmp_path / "r.db", first=0, size=20)
    with open_ledger(str(path)) as ledger:
        found = ledger.verify(vkeys=(LOG.vkey,))
    assert (found.covered, found.last_checkpoint) == (0, None)


@pytest.mark.parametrize(("first", "size"), [(0, 20), (12, 20), (18, 20), (20, 18), (20, 5)])
def test_a_checkpoint_kept_outside_shows_a_rewritten_or_cut_ledger(
    tmp_path: Path, outside: tuple[Checkpoint, ...], first: int, size: int
) -> None:
    path = rewritten(tmp_path / "r.db", first=first, size=size)
    with open_ledger(str(path)) as ledger:
        ledger.verify()
        with pytest.raises(ChainBroken, match="kept outside"):
            ledger.verify(outside=outside)


def test_an_honest_ledger_extends_every_checkpoint_kept_outside(
    made: Path, outside: tuple[Checkpoint, ...]
) -> None:
    with open_ledger(str(made)) as ledger:
        assert ledger.verify(outside=outside).size == 20
