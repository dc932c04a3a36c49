"""`audit canary`: from samples to an answer, made again, and the way back."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from audit.canary import read_arm_key
from audit.documents import Arm, CanaryVerdict
from audit.ledger import open_ledger
from tests.cli.conftest import Shell

POLICY = "format: audit.canary/v1\nid: canary\nversion: 1\npercent: 50\nmin_samples: 30\n"
DIGESTS = ("--canary", "sha256:" + "a" * 64, "--stable", "sha256:" + "b" * 64)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "canary.yaml").write_text(POLICY)
    (tmp_path / "arm.key").write_text("0" * 64)
    (tmp_path / "arm.key").chmod(0o600)
    with open_ledger("a.db", create=True):
        pass
    return tmp_path


def write(folder: Path, shell: Shell, *, slower: int = 0, count: int = 1200) -> None:
    arms = ("arm", "--policy", "canary.yaml", "--arm-key", "arm.key")
    first = shell("canary", *arms, "r0")[1].strip()
    assert first in {"canary", "stable"}
    key, found = read_arm_key(folder / "arm.key"), []
    for number in range(count):
        arm = key.arm(f"r{number}", Decimal(50))
        time = 100 + number % 200 + (slower if arm is Arm.CANARY else 0)
        found.append({"request_id": f"r{number}", "arm": arm, "latency_ms": time, "status": 200})
    (folder / "s.jsonl").write_text("\n".join(json.dumps(one) for one in found))
    assert found[0]["arm"] == first


def decide(shell: Shell, *more: str) -> tuple[int, str, str]:
    return shell(
        "canary", "verdict", "s.jsonl", "--policy", "canary.yaml", "--model-id", "acme/m",
        *DIGESTS, "--ledger", "a.db", *more,
    )  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(("slower", "count", "code"), [(0, 1200, 0), (150, 1200, 10), (150, 40, 3)])
def test_the_exit_code_is_the_answer_whatever_the_format(  # noqa: PLR0913
    folder: Path, shell: Shell, form: str, slower: int, count: int, code: int
) -> None:
    write(folder, shell, slower=slower, count=count)
    ended, out, err = decide(shell, "--arm-key", "arm.key", "--format", form)
    assert ended == code, out + err
    assert "recorded as ledger entry" in err


def test_a_verdict_is_made_again_from_its_samples_and_no_others(folder: Path, shell: Shell) -> None:
    write(folder, shell)
    _, out, _ = decide(shell, "--format", "json")
    (folder / "v.json").write_text(out)
    again = ("canary", "replay", "v.json", "s.jsonl", "--policy", "canary.yaml", "--ledger", "a.db")
    code, said, _ = shell(*again)
    assert (code, said.splitlines()[1].strip()) == (0, "entry 0")
    (folder / "s.jsonl").write_text((folder / "s.jsonl").read_text().replace("101", "102", 1))
    code, out, err = shell(*again)
    assert (code, out) == (10, "")
    assert "is not what s.jsonl and canary.yaml give" in err


def test_a_verdict_that_nobody_recorded_is_no_answer(folder: Path, shell: Shell) -> None:
    write(folder, shell)
    _, out, _ = decide(shell, "--format", "json")
    verdict = CanaryVerdict.read(out.encode(), source="o")
    later = verdict.model_copy(update={"decided_at_ns": verdict.decided_at_ns + 1})
    (folder / "v.json").write_text(later.model_dump_json())
    again = ("canary", "replay", "v.json", "s.jsonl", "--policy", "canary.yaml", "--ledger", "a.db")
    assert shell(*again)[0] == 3


def test_a_roll_back_runs_its_command_between_two_entries(folder: Path, shell: Shell) -> None:
    back = (
        "canary", "rollback", "--model-id", "acme/m", *DIGESTS[:2],
        "--verdict", "sha256:" + "c" * 64, "--ledger", "a.db", "--operator", "ci",
    )  # fmt: skip
    assert shell(*back, "--from", "5", "--", "touch", "done")[0] == 0
    assert (folder / "done").exists()
    assert shell(*back, "--from", "5", "--", "false")[0] == 3
    assert shell(*back, "--from", "5", "--to", "10", "--", "true")[0] == 2
    assert shell(*back, "--from", "much", "--", "true")[0] == 2
    assert shell("canary", "pending", "--ledger", "a.db")[0] == 0
