"""Who rewrites all that follows an edit is consistent, and is caught by a checkpoint only.

The rewriter here holds the database and this package, but not the log's key.
"""

import pytest

from audit.core.errors import ChainBroken
from audit.documents import Checkpoint
from audit.ledger import open_ledger
from audit.ledger.store._rows import NO_NOTES, add_note
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG, Ticks, event


def rewrite(url: str, *, first: int, size: int) -> str:
    """Write a consistent ledger that differs from `made` from entry `first` on."""
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        ledger.append_many(
            [event(number if number < first else number + 100) for number in range(size)]
        )
    return url


@pytest.fixture
def outside(made: str) -> tuple[Checkpoint, ...]:
    with open_ledger(made) as ledger:
        return tuple(ledger.checkpoints())


def copy_checkpoints(database: Database, made: str, url: str) -> None:
    """Put the checkpoints of `made` into the rewritten ledger and mend its head."""
    columns = "number, size, frontier, vkey, note"
    with database.editor(made) as edit:
        rows = edit(f"SELECT {columns} FROM checkpoints ORDER BY number")
    notes_hash = NO_NOTES
    with database.editor(url) as edit:
        for row in rows:
            values = ", ".join(map(database.literal, row))
            edit(f"INSERT INTO checkpoints ({columns}) VALUES ({values})")
            notes_hash = add_note(notes_hash, row[-1])
        literal = database.literal(notes_hash)
        edit(f"UPDATE head SET checkpoints = {len(rows)}, notes_hash = {literal}")


@pytest.mark.parametrize("first", [0, 1, 6, 7, 12, 13, 18])
def test_a_rewritten_history_contradicts_the_checkpoints_it_kept(
    database: Database, made: str, url: str, first: int
) -> None:
    copy_checkpoints(database, made, rewrite(url, first=first, size=20))
    with open_ledger(url) as ledger, pytest.raises(ChainBroken, match="signed") as caught:
        ledger.verify()
    known = max(size for size in (0, 7, 13, 19) if size <= first)
    assert caught.value.seq == known


def test_a_rewriter_who_drops_the_checkpoints_covers_nothing(url: str) -> None:
    with open_ledger(rewrite(url, first=0, size=20)) as ledger:
        found = ledger.verify(vkeys=(LOG.vkey,))
    assert (found.covered, found.last_checkpoint) == (0, None)


@pytest.mark.parametrize(("first", "size"), [(0, 20), (12, 20), (18, 20), (20, 18), (20, 5)])
def test_a_checkpoint_kept_outside_shows_a_rewritten_or_cut_ledger(
    url: str, outside: tuple[Checkpoint, ...], first: int, size: int
) -> None:
    with open_ledger(rewrite(url, first=first, size=size)) as ledger:
        ledger.verify()
        with pytest.raises(ChainBroken, match="kept outside"):
            ledger.verify(outside=outside)


def test_an_honest_ledger_extends_every_checkpoint_kept_outside(
    made: str, outside: tuple[Checkpoint, ...]
) -> None:
    with open_ledger(made) as ledger:
        assert ledger.verify(outside=outside).size == 20
