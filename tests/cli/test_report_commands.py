"""`audit report`: what it prints and writes, and its exit codes."""

import hashlib
import json
from pathlib import Path

import pytest

from audit.documents import QueryAnswer, Report, ReportVerification
from audit.ledger import open_ledger
from tests.cli.conftest import Shell
from tests.fakes.ledgers import LOG, Ticks
from tests.fakes.releases import ALLOWED, DENIED, FACTS, FakeRelease, edit


def make(path: Path, *releases: FakeRelease) -> str:
    with open_ledger(str(path), create=True, clock=Ticks()) as ledger:
        ledger.append_many([event for release in releases for event in release.events()])
        ledger.checkpoint(LOG)
    return f"sqlite:///{path}"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return make(tmp_path / "a.db", DENIED, ALLOWED)


@pytest.mark.parametrize("kind", ["gdpr", "mlps"])
def test_a_report_is_written_by_suffix_and_verifies(
    shell: Shell, url: str, tmp_path: Path, kind: str
) -> None:
    page, source = tmp_path / "r.html", tmp_path / "r.json"
    named = ("--system", "客服 bot", "--organisation", "Acme", "--vkey", LOG.vkey)
    for file in (page, source):
        code, out, err = shell("report", kind, "--ledger", url, *named, "-o", str(file))
        assert (code, out, err) == (0, "", "")
    assert "客服 bot" in page.read_text("utf-8")
    assert Report.read(source.read_bytes(), source="r").about.system == "客服 bot"
    code, out, _ = shell("report", "verify", str(source), "--ledger", url, "--format", "json")
    assert code == 0
    assert ReportVerification.read(out.encode(), source="o").kind == kind
    code, out, _ = shell("report", "verify", str(source), "--ledger", url)
    assert code == 0
    assert out.startswith("follows from the ledger: sha256:")
    assert LOG.vkey in out


def test_one_edited_byte_is_exit_10(shell: Shell, url: str, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    shell("report", "mlps", "--ledger", url, "-o", str(file))
    file.write_bytes(file.read_bytes().replace(b"partly_met", b"partly-met", 1))
    code, out, err = shell("report", "verify", str(file), "--ledger", url)
    assert (code, out) == (10, "")
    assert "error[verification-failed]" in err


def test_the_summary_for_a_terminal_puts_the_counts_first(shell: Shell, url: str) -> None:
    code, out, _ = shell("report", "mlps", "--ledger", url, "--lang", "zh")
    assert code == 0
    assert out.splitlines()[2].split() == ["31", "部分符合（自查）"]
    assert "已查询：26 / 53" in out.replace(": ", "：")


def test_no_ledger_is_exit_3_and_nothing_is_written(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    none = f"sqlite:///{tmp_path}/none.db"
    for words in (("gdpr", "-o", str(file)), ("mlps",), ("evidence", "ledger.retention")):
        code, out, err = shell("report", *words, "--ledger", none)
        assert (code, out) == (3, "")
        assert "ledger-unavailable" in err
    assert not file.exists()


def test_personal_data_is_exit_10_and_nothing_is_written(shell: Shell, tmp_path: Path) -> None:
    url = make(tmp_path / "p.db", FakeRelease(facts={**FACTS, "eval.by": "li@example.cn"}))
    file = tmp_path / "r.html"
    code, out, err = shell("report", "gdpr", "--ledger", url, "-o", str(file))
    assert (code, out) == (10, "")
    assert "error[personal-data-left]" in err
    assert "li@example.cn" not in err
    assert not file.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--period", "2026-01-32"),
        ("--period", "2026-02-01..2026-01-01"),
        ("--period", "2026-02-01T00:00:00.."),
        ("--as-of", "yesterday"),
        ("--lang", "fr"),
        ("--retention-days", "0"),
        ("--format", "pdf"),
    ],
    ids=" ".join,
)
def test_wrong_options_are_exit_2(shell: Shell, url: str, words: tuple[str, str]) -> None:
    assert shell("report", "gdpr", "--ledger", url, *words)[0] == 2


def test_a_query_prints_the_record_that_its_digest_is_over(
    shell: Shell, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "r.json"
    shell("report", "mlps", "--ledger", url, "--vkey", LOG.vkey, "-o", str(file))
    asked = ("evidence", "gate.decisions", "--ledger", url, "--like", str(file))
    code, lines, _ = shell("report", *asked, "--format", "jsonl")
    assert code == 0
    assert [json.loads(line).get("outcome") for line in lines.splitlines()] == [
        None,
        "deny",
        "allow",
        "pass",
    ]
    digest = "sha256:" + hashlib.sha256(lines.encode()).hexdigest()
    code, answer, _ = shell("report", *asked, "--format", "json")
    assert QueryAnswer.read(answer.encode(), source="o").digest == digest
    assert digest in file.read_text("utf-8")
    code, out, _ = shell("report", *asked)
    assert out.startswith("pass: gate.decisions\n")
    assert digest in out


def test_an_unknown_query_is_exit_2_and_the_known_ones_are_listed(shell: Shell, url: str) -> None:
    code, _, err = shell("report", "evidence", "ledger.magic", "--ledger", url)
    assert code == 2
    assert "audit report queries" in err
    code, out, _ = shell("report", "queries")
    assert code == 0
    assert len(out.splitlines()) == 53


def test_a_period_bounds_what_is_counted(shell: Shell, url: str) -> None:
    code, out, _ = shell(
        "report",
        "evidence",
        "gate.decisions",
        "--ledger",
        url,
        "--period",
        "2020-01-01..2020-12-31",
    )
    assert code == 0
    assert out.startswith("absent: gate.decisions")


def test_a_broken_ledger_still_gives_a_report_and_stderr_says_so(
    shell: Shell, url: str, tmp_path: Path
) -> None:
    edit(url, 3)
    file = tmp_path / "r.json"
    code, out, err = shell("report", "mlps", "--ledger", url, "-o", str(file))
    assert (code, out) == (0, "")
    assert "the ledger is broken: ledger entry 3" in err
    broken = Report.read(file.read_bytes(), source="r").scope.broken
    assert broken is not None
    assert broken.seq == 3


def policy_file(folder: Path) -> Path:
    file = folder / "policy.yaml"
    file.write_text(
        "apiVersion: audit.policy/v1\nkind: Policy\nmetadata: {id: p, version: 1}\n"
        f"spec: {{keys: [{{id: k, pem: x}}], ledger: {{vkeys: ['{LOG.vkey}']}}}}\n",
        "utf-8",
    )
    return file


def test_the_log_keys_can_be_taken_from_the_gates_policy(
    shell: Shell, url: str, tmp_path: Path
) -> None:
    source, policy = tmp_path / "r.json", str(policy_file(tmp_path))
    code, _, err = shell("report", "mlps", "--ledger", url, "--policy", policy, "-o", str(source))
    assert (code, err) == (0, "")
    assert Report.read(source.read_bytes(), source="r").scope.vkeys == (LOG.vkey,)
    assert shell("report", "verify", str(source), "--ledger", url, "--policy", policy)[0] == 0


def test_a_report_without_a_log_key_says_that_no_checkpoint_counts(shell: Shell, url: str) -> None:
    code, _, err = shell("report", "mlps", "--ledger", url)
    assert code == 0
    assert "no log key is given" in err


@pytest.mark.parametrize("form", ["text", "csv", "html", "json"])
def test_nothing_invisible_in_what_the_operator_declares_is_printed(
    shell: Shell, url: str, form: str
) -> None:
    named = ("--system", "a\u202eb\x1b[31m", "--organisation", "c\u200bd\r\n=1")
    code, out, _ = shell("report", "mlps", "--ledger", url, "--format", form, *named)
    assert code == 0
    assert not set(out) & {"\u202e", "\x1b", "\u200b"}
