"""`audit ledger`: what it prints, and the exit code, which never depends on the format."""

import io
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.__main__ import main
from audit.core.clock import now_ns
from audit.ledger import (
    VerifierKey,
    Witness,
    WitnessServer,
    WitnessState,
    generate_cosigner,
    load_cosigner,
    open_ledger,
)
from tests.fakes.databases import Database, PostgresDatabase, SqliteDatabase
from tests.fakes.ledgers import LOG, SUBJECT, event
from tests.fakes.notes import SeededSigner
from tests.fakes.postgres import running


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


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Database]]:
    with running() as server:
        yield {
            "sqlite": SqliteDatabase(tmp_path_factory.mktemp("ledgers")),
            "postgresql": PostgresDatabase(server),
        }


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, databases: dict[str, Database]) -> Database:
    return databases[request.param]


@pytest.fixture
def absent(database: Database) -> str:
    """The URL of a place where no ledger is."""
    return database.absent()


@pytest.fixture
def url(database: Database) -> str:
    url = database.new()
    with open_ledger(url, create=True) as ledger:
        ledger.append_many([event(number) for number in range(4)])
        ledger.checkpoint(LOG)
        ledger.append(event(4))
    return url


def spoil(database: Database, url: str) -> None:
    with database.editor(url) as edit:
        edit("UPDATE entries SET type = 'release.verdict' WHERE seq = 2")


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_exit_code_is_0_for_an_intact_10_for_an_edited_and_3_for_no_ledger(
    shell: Shell, database: Database, url: str, form: str
) -> None:
    assert shell("ledger", "verify", "--ledger", url, "--format", form)[0] == 0
    none = database.absent()
    code, out, err = shell("ledger", "verify", "--ledger", none, "--format", form)
    assert (code, out) == (3, "")
    assert "error[ledger-unavailable]" in err
    spoil(database, url)
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
    shell: Shell, url: str, absent: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    with open_ledger(url) as ledger:
        kept.write_text(ledger.checkpoint(LOG).note, "utf-8")
    assert shell("ledger", "verify", "--ledger", url, "--checkpoint", str(kept))[0] == 0
    with open_ledger(absent, create=True) as ledger:
        ledger.append(event(0))
    cut = ("ledger", "verify", "--ledger", absent, "--checkpoint", str(kept))
    code, _, err = shell(*cut)
    assert (code, "ledger entry 1 is missing" in err) == (10, True)
    code, _, err = shell(*cut, "--vkey", SeededSigner("x", "y").vkey)
    assert (code, "not signed by a key that is trusted" in err) == (10, True)


def test_events_from_stdin_are_recorded_and_their_entries_printed(
    shell: Shell, absent: str
) -> None:
    url = absent
    lines = b"".join(event(number).canonical() + b"\n" for number in range(3)) + b"\n"
    code, _, err = shell("ledger", "append", "--ledger", url, stdin=lines)
    assert (code, "no such file" in err or "no audit ledger" in err) == (3, True)
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
    shell: Shell, database: Database, line: bytes, reason: str
) -> None:
    url = database.new()
    with open_ledger(url, create=True):
        pass
    stdin = event(0).canonical() + b"\n" + line + b"\n"
    code, out, err = shell("ledger", "append", "--ledger", url, stdin=stdin)
    assert (code, out) == (2, "")
    assert reason in err
    with open_ledger(url) as ledger:
        assert ledger.size() == 0


def test_a_line_without_an_end_is_refused_and_what_came_before_it_is_kept(
    shell: Shell, absent: str
) -> None:
    url = absent
    stdin = event(0).canonical() + b"\n" + b"x" * (2 << 20)
    code, out, err = shell("ledger", "append", "--ledger", url, "--create", stdin=stdin)
    assert (code, out.count("\n"), "stdin:2: a line longer" in err) == (2, 1, True)


def test_a_key_is_made_signs_a_checkpoint_and_is_pinned(
    shell: Shell, tmp_path: Path, absent: str
) -> None:
    url, key, kept = absent, str(tmp_path / "log.key"), tmp_path / "kept"
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


def test_an_entry_is_published_proved_and_verified_by_a_policy_with_a_witness(
    shell: Shell, absent: str, tmp_path: Path
) -> None:
    url, key, tiles = absent, str(tmp_path / "log.key"), str(tmp_path / "tiles")
    at = ("--ledger", url)
    _, vkey, _ = shell("ledger", "key", "generate", "--name", "log.example/a", "--out", key)
    lines = b"".join(event(number).canonical() + b"\n" for number in range(3))
    shell("ledger", "append", *at, "--create", stdin=lines)
    shell("ledger", "checkpoint", *at, "--key", key)
    assert shell("ledger", "tiles", *at, "--tiles", tiles)[:2] == (
        0,
        "published 3 entries, 3 files written\n",
    )
    made = ("ledger", "witness", "key", "--name", "w.example/1", "--out", str(tmp_path / "w.key"))
    _, witness_vkey, _ = shell(*made)
    witness = Witness(
        [load_cosigner(tmp_path / "w.key")],
        [VerifierKey.parse(vkey.strip())],
        WitnessState(tmp_path / "w.db"),
        now_ns,
    )
    policy = tmp_path / "policy"
    with WitnessServer(("127.0.0.1", 0), witness) as server:
        policy.write_text(
            f"log {vkey}witness w {witness_vkey.strip()} {server.url}\nquorum w\n", "utf-8"
        )
        ask = ("ledger", "witness", "ask", *at, "--tiles", tiles, "--log-policy", str(policy))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        assert shell(*ask)[:2] == (0, "w: cosigned\nok: 3 entries, quorum w\n")
        server.shutdown()
    proof, leaf = str(tmp_path / "1.tlog-proof"), str(tmp_path / "1.json")
    assert shell("ledger", "prove", "1", "--tiles", tiles, "--leaf", leaf, "-o", proof)[0] == 0
    check = ("ledger", "verify-proof", proof, leaf, "--log-policy", str(policy))
    assert shell(*check)[:2] == (0, "ok: entry 1 of 3 in log.example/a, cosigned by w\n")
    Path(leaf).write_bytes(Path(leaf).read_bytes().replace(b'"n":1', b'"n":2'))
    assert shell(*check)[0] == 10
    policy.write_text(f"log {LOG.vkey}\nquorum none\n", "utf-8")
    assert shell(*check)[0] == 10
    assert shell("ledger", "prove", "3", "--tiles", tiles)[0] == 2


def test_witnesses_that_do_not_answer_are_no_quorum(shell: Shell, url: str, tmp_path: Path) -> None:
    tiles, policy = str(tmp_path / "tiles"), tmp_path / "policy"
    vkey = generate_cosigner(tmp_path / "w.key", name="w", algorithm="ed25519")
    policy.write_text(f"log {LOG.vkey}\nwitness w {vkey} http://127.0.0.1:9\nquorum w\n", "utf-8")
    shell("ledger", "tiles", "--ledger", url, "--tiles", tiles)
    ask = ("ledger", "witness", "ask", "--ledger", url, "--tiles", tiles)
    code, out, err = shell(*ask, "--log-policy", str(policy))
    assert (code, "cannot reach" in out, "quorum-missing" in err) == (3, True, True)


def test_a_log_that_went_back_is_not_signed(
    shell: Shell, database: Database, tmp_path: Path
) -> None:
    url, key = database.new(), str(tmp_path / "log.key")
    shell("ledger", "key", "generate", "--name", "log.example/a", "--out", key)
    with open_ledger(url, create=True) as ledger:
        ledger.append(event(0))
    backup = database.copy(url)
    with open_ledger(url) as ledger:
        ledger.append(event(1))
    assert shell("ledger", "checkpoint", "--ledger", url, "--key", key)[0] == 0
    code, _, err = shell("ledger", "checkpoint", "--ledger", backup, "--key", key)
    assert (code, "a backup was restored" in err) == (10, True)
