"""`audit ledger fsck`: what it prints, and its exit code."""

import json
import sqlite3
from pathlib import Path

import pytest

from audit.ledger import LastSigned, TileFolder, export_tiles, open_ledger
from tests.commandline import Commandline
from tests.fakes.ledgers import LOG, event


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with open_ledger(str(tmp_path / "a.db"), create=True) as ledger:
        ledger.append_many([event(number) for number in range(6)])
        ledger.checkpoint(LOG, last_signed=LastSigned(tmp_path / "key.last"))
        export_tiles(ledger, TileFolder(tmp_path / "tiles"))
    return tmp_path


def fsck(place: Path, *more: str) -> str:
    outside = f"--vkey {LOG.vkey} --tiles {place}/tiles --last-signed {place}/key.last"
    return " ".join([f"audit ledger fsck --ledger {place}/a.db {outside}", *more])


def test_an_intact_ledger_is_0_and_the_answer_says_what_was_compared(
    place: Path, run: Commandline
) -> None:
    ended = run(fsck(place))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("ok: 6 entries, root ")
    assert "compared: 1 checkpoints, 0 attachments, tiles over 6 entries" in ended.out


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_damaged_ledger_is_10_and_every_finding_is_in_the_answer(
    place: Path, run: Commandline, form: str
) -> None:
    raw = sqlite3.connect(place / "a.db", isolation_level=None)
    raw.execute("DROP TRIGGER entries_keep_update")
    raw.execute("UPDATE entries SET type = 'x.y' WHERE seq IN (1, 4)")
    raw.close()
    ended = run(fsck(place, f"--format {form}"))
    assert ended.code == 10
    if form == "json":
        found = [(one["kind"], one["seq"]) for one in json.loads(ended.out)["damage"]]
        assert found == [("edited-entry", 1), ("edited-entry", 4), ("tables", None)]
    else:
        assert "damaged: 3 findings: 6 entries" in ended.out
        assert "edited-entry: entry 4 has a column type that is not what its leaf says" in ended.out


def test_a_ledger_behind_its_keys_memory_is_rolled_back(place: Path, run: Commandline) -> None:
    with open_ledger(str(place / "b.db"), create=True) as ledger:
        ledger.append(event(0))
    memory = f"--last-signed {place}/key.last"
    ended = run(f"audit ledger fsck --ledger {place}/b.db {memory}")
    assert ended.code == 10
    said = "rolled-back: entries 1 to 5 missing: the tree that the log's key signed last is over 6"
    assert said in ended.out


def test_no_ledger_is_3_and_what_makes_no_sense_is_2(place: Path, run: Commandline) -> None:
    assert run(f"audit ledger fsck --ledger {place}/none.db").code == 3
    assert run(fsck(place, "--max-age 5")).code == 2
    assert run(fsck(place, "--processes 0")).code == 2
    assert run(fsck(place, f"--vault-key {place}/key.last")).code == 2


def test_verify_in_several_processes_says_the_same(place: Path, run: Commandline) -> None:
    line = f"audit ledger verify --ledger {place}/a.db --vkey {LOG.vkey}"
    assert run(f"{line} --processes 3") == run(line)
