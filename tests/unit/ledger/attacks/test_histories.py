"""Classes 2 to 7: histories that hang together and are not the one that was acknowledged.

The attacker holds the database and this software, mends all that he can, and
keeps the stored checkpoints or drops them. What cannot be noticed from inside
is noticed by the key's memory or by a checkpoint kept elsewhere.
"""

from pathlib import Path

import pytest

from audit.core.errors import ChainBroken
from audit.documents import Checkpoint
from audit.ledger import LastSigned, open_ledger
from audit.ledger.store._rows import NO_NOTES
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG, Ticks, event
from tests.fakes.rewriting import cut, rewrite_from


def drop_checkpoints(database: Database, url: str) -> None:
    with database.editor(url) as edit:
        edit("DELETE FROM checkpoints")
        edit(f"UPDATE head SET checkpoints = 0, notes_hash = {database.literal(NO_NOTES)}")


def checkpoints_of(url: str) -> list[Checkpoint]:
    with open_ledger(url) as ledger:
        return ledger.checkpoints()


def refused(url: str, *outside: Checkpoint) -> ChainBroken:
    with open_ledger(url) as ledger, pytest.raises(ChainBroken) as caught:
        ledger.verify(outside=outside)
    return caught.value


@pytest.mark.parametrize("at", [0, 5, 12, 18])
def test_02_an_entry_left_out_with_all_that_follows_chained_anew_contradicts_a_checkpoint(
    database: Database, made: str, at: int
) -> None:
    rewrite_from(database, made, at, lambda seq, old: None if seq == at else old)
    last_good = max(size for size in (0, 7, 13, 19) if size <= at)
    assert refused(made).seq == last_good


def test_02_an_entry_put_in_with_all_that_follows_chained_anew_contradicts_a_checkpoint(
    database: Database, made: str
) -> None:
    """Entry 15's event is told twice: once in its place, and once in that of entry 9."""
    events: dict[int, bytes] = {}
    rewrite_from(database, database.copy(made), 0, events.setdefault)
    rewrite_from(database, made, 9, lambda seq, old: events[15] if seq == 9 else old)
    assert refused(made).seq == 7


@pytest.mark.parametrize("size", [18, 13, 8, 0])
def test_03_a_tail_cut_with_the_head_mended_contradicts_a_checkpoint(
    database: Database, made: str, size: int
) -> None:
    cut(database, made, size)
    found = refused(made)
    assert (found.seq, "is missing: a checkpoint" in str(found)) == (size, True)


def test_03_a_tail_cut_with_its_checkpoints_is_noticed_by_one_kept_elsewhere(
    database: Database, made: str
) -> None:
    outside = checkpoints_of(made)
    cut(database, made, 15)
    drop_checkpoints(database, made)
    with open_ledger(made) as ledger:
        assert ledger.verify(vkeys=(LOG.vkey,)).covered == 0  # honest: nothing vouches for it
    for checkpoint in outside[:2]:
        with open_ledger(made) as ledger:
            ledger.verify(outside=(checkpoint,))
    assert "kept outside" in str(refused(made, outside[2]))


def test_04_of_two_histories_with_one_past_a_key_signs_only_the_first(
    database: Database, made: str, tmp_path: Path
) -> None:
    memory = LastSigned(tmp_path / "log.key.last")
    fork = database.copy(made)
    for url, number in ((made, 100), (fork, 200)):
        with open_ledger(url, clock=Ticks()) as ledger:
            ledger.append_many([event(number), event(number + 1)])
            ledger.verify(vkeys=(LOG.vkey,))  # each by itself is sound
    with open_ledger(made) as ledger:
        shown = ledger.checkpoint(LOG, last_signed=memory)
    with open_ledger(fork) as ledger, pytest.raises(ChainBroken, match="what the key signed last"):
        ledger.checkpoint(LOG, last_signed=memory)
    assert "kept outside" in str(refused(fork, shown))


def test_05_a_ledger_rewritten_whole_is_covered_by_nothing_and_caught_from_outside(
    database: Database, made: str
) -> None:
    (_, _, outside) = checkpoints_of(made)
    rewrite_from(database, made, 0, lambda _, old: old.replace(b'"quote', b'"QUOTE'))
    assert refused(made).seq == 0  # the checkpoints that he kept
    drop_checkpoints(database, made)
    with open_ledger(made) as ledger:
        assert ledger.verify(vkeys=(LOG.vkey,)).covered == 0
    assert "kept outside" in str(refused(made, outside))


def test_06_with_the_logs_key_stolen_the_database_alone_shows_nothing(
    database: Database, made: str
) -> None:
    """What shows it is a witness, an anchor, or a checkpoint that somebody kept."""
    (_, _, outside) = checkpoints_of(made)
    rewrite_from(database, made, 0, lambda _, old: old.replace(b'"quote', b'"QUOTE'))
    drop_checkpoints(database, made)
    with open_ledger(made) as ledger:
        ledger.checkpoint(LOG)
        assert ledger.verify(vkeys=(LOG.vkey,)).covered == 20
    assert "kept outside" in str(refused(made, outside))


@pytest.mark.parametrize("more", [0, 1, 5, 9])
def test_07_a_backup_that_was_restored_and_written_to_is_not_signed(
    database: Database, made: str, tmp_path: Path, more: int
) -> None:
    memory = LastSigned(tmp_path / "log.key.last")
    backup = database.copy(made)
    with open_ledger(made, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(20, 25)])
        outside = ledger.checkpoint(LOG, last_signed=memory)
    with open_ledger(backup, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(100, 100 + more)])
        ledger.verify(vkeys=(LOG.vkey,))  # by itself it is sound
        with pytest.raises(ChainBroken, match=r"a backup was restored|what the key signed last"):
            ledger.checkpoint(LOG, last_signed=memory)
        assert len(ledger.checkpoints()) == 3
    assert "kept outside" in str(refused(backup, outside))
