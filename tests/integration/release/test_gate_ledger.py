"""The gate stays closed while the ledger is stale, rolled back, unwitnessed or out of reach."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from audit.core.clock import now_ns
from audit.ledger import (
    ALGORITHMS,
    Cosigner,
    LastSigned,
    VerifierKey,
    Witness,
    WitnessServer,
    WitnessState,
    open_ledger,
)
from audit.ledger.store import _sqlite
from audit.release import Options
from audit.release import run as run_release
from audit.sign import load_note_key
from tests.commandline import Commandline, Ended
from tests.fakes.databases import Database, PostgresDatabase, SqliteDatabase
from tests.fakes.postgres import running
from tests.releasekit import lay_out

DAY = 86_400 * 10**9
WITNESS = Cosigner.from_seed("witness.example/1", ALGORITHMS["ed25519"], b"w" * 32)
OTHER = Cosigner.from_seed("witness.example/2", ALGORITHMS["ml-dsa-44"], b"x" * 32)


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Database]]:
    with running() as server:
        yield {
            "sqlite": SqliteDatabase(tmp_path_factory.mktemp("ledgers")),
            "postgresql": PostgresDatabase(server),
        }


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, databases: dict[str, Database]) -> str:
    return databases[request.param].new()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline) -> Path:
    lay_out(tmp_path / "r")
    monkeypatch.chdir(tmp_path / "r")
    assert run("audit release init . --model-id acme/support").code == 0
    return tmp_path / "r"


def vkey() -> str:
    return load_note_key(Path("keys/ledger.key")).vkey


def ask_for(*lines: str) -> None:
    """Write gate.yaml: the policy with more said about the ledger."""
    text = Path("policy.yaml").read_text()
    more = "".join(f"    {line}\n" for line in lines)
    Path("gate.yaml").write_text(text.replace("  rules:\n", f"{more}  rules:\n"))


def ask_for_witnesses(*cosigners: Cosigner, age: str | None = None, quorum: str = "all") -> None:
    names = [f"w{number}" for number in range(len(cosigners))]
    text = [
        f"log {vkey()}",
        *(f"witness {name} {one.vkey}" for name, one in zip(names, cosigners, strict=True)),
        f"group both {quorum} {' '.join(names)}",
        "quorum both",
    ]
    aged = [] if age is None else [f"max_checkpoint_age: {age}"]
    ask_for(*aged, "log_policy: |", *(f"  {line}" for line in text))


def released(ledger: str, run: Commandline) -> str:
    ended = run(f"audit release run RELEASE.toml --ledger {ledger}")
    assert ended.code == 0, ended
    return "out/layout@" + re.findall(r"sha256:[0-9a-f]{64}", ended.out)[0]


def check(artifact: str, ledger: str, run: Commandline, form: str = "text") -> Ended:
    return run(f"audit gate check {artifact} --policy gate.yaml --ledger {ledger} --format {form}")


def cosign(ledger: str, *cosigners: Cosigner, at_ns: int | None = None) -> None:
    """Have the last checkpoint cosigned, as a witness would."""
    with open_ledger(ledger) as opened:
        checkpoint = opened.checkpoints()[-1]
        text = checkpoint.note.split("\n\n")[0].encode() + b"\n"
        for one in cosigners:
            line = one.cosign(text, at=(now_ns() if at_ns is None else at_ns) // 10**9)
            opened.attach(checkpoint, "cosignature", f"{line}\n".encode())


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_checkpoint_as_young_as_the_policy_asks_opens_the_gate(
    folder: Path, ledger: str, run: Commandline, form: str
) -> None:
    artifact = released(ledger, run)
    ask_for("max_checkpoint_age: 24h")
    assert check(artifact, ledger, run, form).code == 0


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_checkpoint_older_than_the_policy_allows_keeps_it_closed(
    folder: Path, ledger: str, run: Commandline, form: str
) -> None:
    old = now_ns() - 2 * DAY
    options = Options(out=folder / "out", ledger=ledger, clock=lambda: old)
    done = run_release(folder / "RELEASE.toml", options)
    artifact = f"out/layout@{done.verdict.release.artifact}"
    ask_for("max_checkpoint_age: 3d")
    assert check(artifact, ledger, run, form).code == 0
    ask_for("max_checkpoint_age: 24h")
    ended = check(artifact, ledger, run, form)
    assert ended.code == 3, ended
    assert "recorded at" in ended.out
    assert ("undecided[broken-ledger]" if form == "text" else '"state": "stale"') in ended.out
    sign_again(ledger)  # over the verdict that was just recorded
    assert check(artifact, ledger, run, form).code == 0


def sign_again(ledger: str) -> None:
    with open_ledger(ledger) as opened:
        opened.checkpoint(
            load_note_key(Path("keys/ledger.key")), last_signed=LastSigned(Path("keys/x.last"))
        )


def test_a_ledger_ahead_of_the_clock_is_not_fresh(
    folder: Path, ledger: str, run: Commandline
) -> None:
    ahead = now_ns() + DAY
    options = Options(out=folder / "out", ledger=ledger, clock=lambda: ahead)
    done = run_release(folder / "RELEASE.toml", options)
    ask_for("max_checkpoint_age: 7d")
    ended = check(f"out/layout@{done.verdict.release.artifact}", ledger, run)
    assert ended.code == 3
    assert "not within the last" in ended.out


def test_a_ledger_restored_from_an_old_copy_keeps_it_closed(
    folder: Path, databases: dict[str, Database], run: Commandline
) -> None:
    """The copy verifies and knows the release: only its age tells that it is not the ledger."""
    url, old = databases["sqlite"].new(), now_ns() - 10 * DAY
    options = Options(out=folder / "out", ledger=url, clock=lambda: old)
    done = run_release(folder / "RELEASE.toml", options)
    artifact, backup = f"out/layout@{done.verdict.release.artifact}", databases["sqlite"].copy(url)
    ask_for("max_checkpoint_age: 24h")
    check(artifact, url, run)
    sign_again(url)
    assert check(artifact, url, run).code == 0
    assert check(artifact, backup, run).code == 3


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_quorum_that_is_missing_keeps_it_closed_until_all_cosigned(
    folder: Path, ledger: str, run: Commandline, form: str
) -> None:
    artifact = released(ledger, run)
    ask_for_witnesses(WITNESS, OTHER)
    for cosigners in ((), (WITNESS,)):
        cosign(ledger, *cosigners)
        ended = check(artifact, ledger, run, form)
        assert ended.code == 3, ended
        assert "not cosigned by the quorum" in ended.out
        assert ("undecided[broken-ledger]" if form == "text" else '"unwitnessed"') in ended.out
    cosign(ledger, OTHER)
    assert check(artifact, ledger, run, form).code == 0


def test_a_cosignature_by_a_stranger_or_over_another_tree_does_not_count(
    folder: Path, ledger: str, run: Commandline
) -> None:
    artifact = released(ledger, run)
    ask_for_witnesses(WITNESS)
    cosign(ledger, Cosigner.from_seed("witness.example/1", ALGORITHMS["ed25519"], b"?" * 32))
    assert check(artifact, ledger, run).code == 3
    with open_ledger(ledger) as opened:
        checkpoint = opened.checkpoints()[-1]
        forged = WITNESS.cosign(f"{checkpoint.origin}\n1\n{'A' * 43}=\n".encode(), at=1)
        opened.attach(checkpoint, "cosignature", f"{forged}\n".encode())
    assert check(artifact, ledger, run).code == 3


@pytest.mark.parametrize(("age_ns", "code"), [(3600 * 10**9, 0), (2 * DAY, 3), (-3600 * 10**9, 3)])
def test_a_quorum_that_cosigned_too_long_ago_or_in_the_future_keeps_it_closed(
    folder: Path, ledger: str, run: Commandline, age_ns: int, code: int
) -> None:
    artifact = released(ledger, run)
    ask_for_witnesses(WITNESS, age="24h")
    cosign(ledger, WITNESS, at_ns=now_ns() - age_ns)
    assert check(artifact, ledger, run).code == code


def test_only_a_checkpoint_that_was_cosigned_covers_the_release(
    folder: Path, ledger: str, run: Commandline
) -> None:
    first = released(ledger, run)
    cosign(ledger, WITNESS)
    recipe = Path("RELEASE.toml").read_text()
    Path("RELEASE.toml").write_text(recipe.replace('"1.0.0"', '"1.0.1"'))
    second = released(ledger, run)
    assert first != second
    ask_for_witnesses(WITNESS)
    assert check(first, ledger, run).code == 0
    ended = check(second, ledger, run)
    assert ended.code == 3
    assert "no checkpoint by a log key the policy names covers entry" in ended.out
    cosign(ledger, WITNESS)
    assert check(second, ledger, run).code == 0


def test_a_witness_that_is_asked_by_the_commands_opens_the_gate(
    folder: Path, ledger: str, run: Commandline
) -> None:
    artifact = released(ledger, run)
    ask_for_witnesses(WITNESS, age="1h")
    with witness() as url:
        Path("log-policy").write_text(f"log {vkey()}\nwitness w {WITNESS.vkey} {url}\nquorum w\n")
        at = f"--ledger {ledger}"
        assert check(artifact, ledger, run).code == 3
        assert run(f"audit ledger tiles {at} --tiles tiles").code == 0
        asked = run(f"audit ledger witness ask {at} --tiles tiles --log-policy log-policy")
        assert asked.code == 0, asked
    assert check(artifact, ledger, run).code == 0


@contextmanager
def witness() -> Iterator[str]:
    served = Witness(
        cosigners=[WITNESS],
        logs=[VerifierKey.parse(vkey())],
        state=WitnessState(Path("witness.state")),
        clock_ns=now_ns,
    )
    with WitnessServer(("127.0.0.1", 0), served) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_verdict_that_cannot_be_recorded_is_not_given(
    folder: Path,
    databases: dict[str, Database],
    run: Commandline,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    monkeypatch.setattr(_sqlite, "BUSY_SECONDS", 0.05)
    url = databases["sqlite"].new()
    artifact = released(url, run)
    ask_for("max_checkpoint_age: 24h")
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ended = check(artifact, url, run, form)
    other.close()
    assert (ended.code, ended.out) == (3, "")
    assert "error[ledger-unavailable]" in ended.err


@pytest.mark.parametrize("harm", ["head", "stopped", "rights"])
def test_a_postgresql_ledger_that_cannot_be_verified_or_reached_keeps_it_closed(
    folder: Path, databases: dict[str, Database], run: Commandline, harm: str
) -> None:
    database = databases["postgresql"]
    assert isinstance(database, PostgresDatabase)
    url = database.new()
    artifact, asked = released(url, run), url
    ask_for("max_checkpoint_age: 24h")
    if harm == "head":
        with psycopg.connect(url) as connection:
            connection.execute("DELETE FROM head")
    elif harm == "stopped":
        asked = "postgresql://owner@127.0.0.1:1/postgres"
    else:
        database.server.execute("DROP ROLE IF EXISTS nobody; CREATE ROLE nobody LOGIN")
        asked = url.replace("owner@", "nobody@")
    ended = check(artifact, asked, run)
    assert ended.code in ({10} if harm == "head" else {3}), ended
    assert "allow" not in ended.out


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["max_checkpoint_age: 24"], "max_checkpoint_age"),
        (["max_checkpoint_age: 0h"], "max_checkpoint_age"),
        (["max_checkpoint_age: -1h"], "max_checkpoint_age"),
        (["max_age: 24h"], "max_age"),
        (["log_policy: nonsense"], "log_policy:1"),
        (["log_policy: |", "  log {vkey}", "  quorum none"], "quorum none asks for no witness"),
        (["log_policy: |", "  witness w {witness}", "  quorum w"], "not among spec.ledger.vkeys"),
        (
            ["log_policy: |", "  log {stranger}", "  witness w {witness}", "  quorum w"],
            "not among spec.ledger.vkeys",
        ),
        (["log_policy: |", "  log {vkey}", "  witness w {witness}"], "no quorum line"),
    ],
)
def test_a_policy_that_asks_for_nothing_or_nobody_is_refused(
    folder: Path, run: Commandline, lines: list[str], problem: str
) -> None:
    run("audit ledger key generate --name stranger.example --out stranger.key")
    names = {
        "vkey": vkey(),
        "witness": WITNESS.vkey,
        "stranger": load_note_key(Path("stranger.key")).vkey,
    }
    ask_for(*(line.format(**names) for line in lines))
    ended = check("out/layout@sha256:" + "a" * 64, "out/ledger.db", run)
    assert (ended.code, ended.out) == (2, ""), ended
    assert problem in ended.err
    assert "gate.yaml:" in ended.err


def test_without_a_word_on_age_an_old_copy_of_the_ledger_passes(
    folder: Path, databases: dict[str, Database], run: Commandline
) -> None:
    """What a policy gives up that asks for neither an age nor witnesses."""
    url, old = databases["sqlite"].new(), now_ns() - 365 * DAY
    done = run_release(
        folder / "RELEASE.toml", Options(out=folder / "out", ledger=url, clock=lambda: old)
    )
    ask_for()
    assert check(f"out/layout@{done.verdict.release.artifact}", url, run).code == 0
