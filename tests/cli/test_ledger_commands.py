"""`audit ledger`: what it prints, and the exit code, which never depends on the format."""

import io
import json
import sqlite3
import sys
from pathlib import Path

import pytest

from audit.__main__ import main
from audit.ledger import open_ledger
from tests.fakes.ledgers import LOG, SUBJECT, event
from tests.fakes.notes import SeededSigner


class Shell:
    """Runs `audit` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: str, stdin: bytes = b"") -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["audit", *words])
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = self._capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, out, err


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


@pytest.fixture
def url(tmp_path: Path) -> str:
    with open_ledger(str(tmp_path / "a.db"), create=True) as ledger:
        ledger.append_many([event(number) for number in range(4)])
        ledger.checkpoint(LOG)
        ledger.append(event(4))
    return f"sqlite:///{tmp_path}/a.db"


def spoil(url: str) -> None:
    raw = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    raw.execute("DROP TRIGGER entries_keep_update")
    raw.execute("UPDATE entries SET type = 'release.verdict' WHERE seq = 2")
    raw.close()


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_exit_code_is_0_for_an_intact_10_for_an_edited_and_3_for_no_ledger(
    shell: Shell, url: str, tmp_path: Path, form: str
) -> None:
    assert shell("ledger", "verify", "--ledger", url, "--format", form)[0] == 0
    none = f"sqlite:///{tmp_path}/none.db"
    code, out, err = shell("ledger", "verify", "--ledger", none, "--format", form)
    assert (code, out) == (3, "")
    assert "error[ledger-unavailable]" in err
    spoil(url)
    code, out, err = shell("ledger", "verify", "--ledger", url, "--format", form)
    assert (code, out) == (10, "")
    assert "error[chain-broken]: ledger entry 2 has a column type" in err


def test_verify_says_what_a_pinned_key_covers_and_what_nobody_vouches_for(
    shell: Shell, url: str
) -> None:
    _, pinned, _ = shell("ledger", "verify", "--ledger", url, "--vkey", LOG.vkey)
    assert "ok: 5 entries" in pinned
    assert f"4 of them under a checkpoint by {LOG.vkey}" in pinned
    assert "nobody vouched for" in shell("ledger", "verify", "--ledger", url)[1]
    other = SeededSigner(LOG.name, "other").vkey
    assert (
        "no checkpoint by a key" in shell("ledger", "verify", "--ledger", url, "--vkey", other)[1]
    )


def test_verify_prints_its_document_as_json(shell: Shell, url: str) -> None:
    _, out, _ = shell("ledger", "verify", "--ledger", url, "--vkey", LOG.vkey, "--format", "json")
    found = json.loads(out)
    assert (found["size"], found["covered"], found["last_checkpoint"]["size"]) == (5, 4, 4)


def test_the_ledger_can_be_named_by_the_environment(
    shell: Shell, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_LEDGER", url)
    assert shell("ledger", "verify")[0] == 0


def test_a_checkpoint_kept_in_a_file_shows_a_cut_ledger(
    shell: Shell, url: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    with open_ledger(url) as ledger:
        kept.write_text(ledger.checkpoint(LOG).note, "utf-8")
    assert shell("ledger", "verify", "--ledger", url, "--checkpoint", str(kept))[0] == 0
    with open_ledger(str(tmp_path / "cut.db"), create=True) as ledger:
        ledger.append(event(0))
    cut = ("ledger", "verify", "--ledger", str(tmp_path / "cut.db"), "--checkpoint", str(kept))
    code, _, err = shell(*cut)
    assert (code, "ledger entry 1 is missing" in err) == (10, True)
    code, _, err = shell(*cut, "--vkey", SeededSigner("x", "y").vkey)
    assert (code, "not signed by a key that is trusted" in err) == (10, True)


def test_events_from_stdin_are_recorded_and_their_entries_printed(
    shell: Shell, tmp_path: Path
) -> None:
    url = str(tmp_path / "new.db")
    lines = b"".join(event(number).canonical() + b"\n" for number in range(3)) + b"\n"
    code, _, err = shell("ledger", "append", "--ledger", url, stdin=lines)
    assert (code, "no such file" in err) == (3, True)
    code, out, _ = shell("ledger", "append", "--ledger", url, "--create", stdin=lines.rstrip())
    assert code == 0
    assert [json.loads(line)["seq"] for line in out.splitlines()] == ["0", "1", "2"]
    assert shell("ledger", "list", "--ledger", url)[1] == out
    one = ("ledger", "list", "--ledger", url, "--start", "1", "--type", "gateway.response")
    assert shell(*one)[1].count("\n") == 2
    assert shell("ledger", "list", "--ledger", url, "--subject", SUBJECT)[1].count("\n") == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "stdin:2:1"),
        (b'{"type":"a.b","type":"a.c"}', "duplicate key"),
        (b'{"type":"a.b","facts":{"x":1.5}}', "stdin:2"),
        (b'{"type":"a.b","facts":{"x":9007199254740992}}', "does not survive"),
        (b'{"type":"a.b","facts":{"x":"\\ud800"}}', "stdin:2"),
        (b'{"type":"a.b","facts":{"\xc3\xa9":1}}', "not ASCII"),
        (b'{"type":"a.b","more":1}', "more"),
        (b'{"type":"a.b","facts":{"x":"\xff"}}', "not UTF-8"),
    ],
)
def test_a_line_that_is_no_event_is_named_and_nothing_of_its_batch_is_recorded(
    shell: Shell, tmp_path: Path, line: bytes, reason: str
) -> None:
    url = str(tmp_path / "new.db")
    with open_ledger(url, create=True):
        pass
    stdin = event(0).canonical() + b"\n" + line + b"\n"
    code, out, err = shell("ledger", "append", "--ledger", url, stdin=stdin)
    assert (code, out) == (2, "")
    assert reason in err
    with open_ledger(url) as ledger:
        assert ledger.size() == 0


def test_a_line_without_an_end_is_refused_and_what_came_before_it_is_kept(
    shell: Shell, tmp_path: Path
) -> None:
    url = str(tmp_path / "new.db")
    stdin = event(0).canonical() + b"\n" + b"x" * (2 << 20)
    code, out, err = shell("ledger", "append", "--ledger", url, "--create", stdin=stdin)
    assert (code, out.count("\n"), "stdin:2: a line longer" in err) == (2, 1, True)


def test_a_key_is_made_signs_a_checkpoint_and_is_pinned(
    shell: Shell, tmp_path: Path, url: str
) -> None:
    url, key, kept = str(tmp_path / "new.db"), str(tmp_path / "log.key"), tmp_path / "kept"
    shell("ledger", "append", "--ledger", url, "--create", stdin=event(0).canonical())
    code, vkey, _ = shell("ledger", "key", "generate", "--name", "log.example/a", "--out", key)
    assert code == 0
    sign = ("ledger", "checkpoint", "--ledger", url, "--key", key)
    code, note, _ = shell(*sign)
    assert (code, note.splitlines()[:2]) == (0, ["log.example/a", "1"])
    assert shell(*sign, "-o", str(kept))[:2] == (0, "")
    assert kept.read_text("utf-8") == note
    pinned = ("ledger", "verify", "--ledger", url, "--vkey", vkey.strip())
    assert "1 of them under a checkpoint by log.example/a" in shell(*pinned)[1]
