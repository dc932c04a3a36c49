"""`audit ledger export` and `verify-pack`: what they print, and the exit codes."""

import zipfile
from pathlib import Path

import pytest

from audit.core.standalone import read_archive
from audit.ledger import open_ledger
from tests.cli.conftest import Shell
from tests.fakes.packs import POLICY, WITNESSES, Seconds, changed, event, sign

DAY = "2026-09-21"  # of the fake clock


@pytest.fixture
def url(tmp_path: Path) -> str:
    with open_ledger(str(tmp_path / "a.db"), create=True, clock=Seconds()) as ledger:
        ledger.append_many([event(number) for number in range(8)])
        sign(ledger)
        ledger.append(event(8))
    (tmp_path / "policy").write_bytes(POLICY)
    return f"sqlite:///{tmp_path}/a.db"


def test_a_pack_is_exported_and_verified(shell: Shell, url: str, tmp_path: Path) -> None:
    file, policy = str(tmp_path / "p.zip"), ("--log-policy", str(tmp_path / "policy"))
    asked = ("--period", DAY, "--subject", "pseudonym-1")
    code, out, err = shell("ledger", "export", "--ledger", url, *policy, *asked, "-o", file)
    assert (code, err) == (0, "")
    assert out.startswith("sha256:")
    assert "2 of the 8 entries of the period, under a checkpoint over 8\n" in out
    assert "1 later entries are under no checkpoint that counts" in out
    code, out, _ = shell("ledger", "verify-pack", file, *policy, *asked)
    assert code == 0
    assert "holds: period: 2026-09-21T00:00:00Z..2026-09-22T00:00:00Z: 8 entries" in out
    code, out, err = shell("ledger", "verify-pack", file, *policy, "--period", "2026")
    assert (code, out) == (10, "")
    assert "answers another question" in err
    first = Path(file).read_bytes()
    assert shell("ledger", "export", "--ledger", url, *policy, *asked, "-o", file)[0] == 0
    assert Path(file).read_bytes() == first


def test_all_entries_of_the_period_can_be_given(shell: Shell, url: str, tmp_path: Path) -> None:
    file, policy = str(tmp_path / "p.zip"), ("--log-policy", str(tmp_path / "policy"))
    words = ("--subject", "pseudonym-1", "--all-entries", "-o", file)
    assert shell("ledger", "export", "--ledger", url, *policy, *words)[0] == 0
    assert len(read_archive(Path(file).read_bytes())["entries.jsonl"].splitlines()) == 8
    assert "left out" not in shell("ledger", "verify-pack", file, *policy)[1]


def test_what_does_not_hold_exits_10_and_what_too_few_vouch_for_3(
    shell: Shell, url: str, tmp_path: Path
) -> None:
    file, policy = tmp_path / "p.zip", ("--log-policy", str(tmp_path / "policy"))
    export = ("ledger", "export", "--ledger", url, *policy, "-o", str(file))
    assert shell(*export)[0] == 0
    good = file.read_bytes()
    file.write_bytes(changed(good, "entries.jsonl", lambda data: data[:-1], mend=True))
    code, out, err = shell("ledger", "verify-pack", str(file), *policy)
    assert (code, out) == (10, "")
    assert "error[verification-failed]" in err
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../etc/passwd", "x")
    assert shell("ledger", "verify-pack", str(file), *policy)[0] == 10
    file.write_bytes(good)
    third = f"witness three {WITNESSES[0].vkey}\n".encode()
    (tmp_path / "policy").write_bytes(
        POLICY.splitlines(keepends=True)[1] + third + b"quorum three\n"
    )
    assert shell("ledger", "verify-pack", str(file), *policy)[0] == 0
    with open_ledger(url) as ledger:
        ledger.append(event(9))
        sign(ledger, witnesses=())
    (tmp_path / "policy").write_bytes(POLICY.splitlines(keepends=True)[1] + b"quorum none\n")
    assert shell(*export)[0] == 0
    (tmp_path / "policy").write_bytes(POLICY)
    code, out, err = shell("ledger", "verify-pack", str(file), *policy)
    assert (code, out) == (3, "")
    assert "error[quorum-missing]" in err


@pytest.mark.parametrize(
    "words",
    [("--period", "2026-13"), ("--period", f"{DAY}T00:00:00.5Z.."), ("--subject", "")],
    ids=str,
)
def test_a_question_that_makes_no_sense_exits_2(
    shell: Shell, url: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    policy = ("--log-policy", str(tmp_path / "policy"))
    file = tmp_path / "p.zip"
    code, _, _ = shell("ledger", "export", "--ledger", url, *policy, *words, "-o", str(file))
    assert code == 2
    assert not file.exists()
    shelf = ("--receipts", str(tmp_path / "none.db"), "-o", str(file))
    assert shell("ledger", "export", "--ledger", url, *policy, *shelf)[0] == 2
