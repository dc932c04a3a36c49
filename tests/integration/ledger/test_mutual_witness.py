"""Two deployments witness each other, each witness a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.ledger import open_ledger
from tests.commandline import Commandline
from tests.fakes.databases import Database, PostgresDatabase, SqliteDatabase
from tests.fakes.ledgers import event
from tests.fakes.postgres import running


@dataclass
class Deployment:
    """A ledger with its key and tiles, and a witness's key for the other one."""

    name: str
    folder: Path
    url: str
    log: str = ""
    witness: str = ""

    def file(self, name: str) -> Path:
        return self.folder / f"{self.name}.{name}"

    def make(self, run: Commandline, algorithm: str) -> None:
        self.log = run(
            f"audit ledger key generate --name {self.name}.example/log --out {self.file('key')}"
        ).out.strip()
        self.witness = run(
            f"audit ledger witness key --name {self.name}.example/witness "
            f"--algorithm {algorithm} --out {self.file('witness')}"
        ).out.strip()

    def grow(self, run: Commandline, count: int) -> None:
        """Record events, sign, and publish."""
        with open_ledger(self.url, create=True) as ledger:
            ledger.append_many([event(number) for number in range(count)])
        for line in (
            f"audit ledger checkpoint --ledger {self.url} --key {self.file('key')}",
            f"audit ledger tiles --ledger {self.url} --tiles {self.file('tiles')}",
        ):
            assert run(line).code == 0

    @contextmanager
    def serving(self, other: "Deployment") -> Iterator[str]:
        """Witness the other deployment's log in a process; give its URL."""
        command = [sys.executable, "-m", "audit", "ledger", "witness", "serve"]
        command += ["--listen", "127.0.0.1:0", "--key", str(self.file("witness"))]
        command += ["--state", str(self.file("state")), "--log", other.log]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert found, line
            yield found[0]
        finally:
            process.terminate()
            process.communicate(timeout=20)

    def ask(self, run: Commandline, other: "Deployment", url: str) -> int:
        self.file("policy").write_text(
            f"log {self.log}\nwitness other {other.witness} {url}\nquorum other\n"
        )
        return run(
            f"audit ledger witness ask --ledger {self.url} --tiles {self.file('tiles')} "
            f"--log-policy {self.file('policy')}"
        ).code

    def verify(self, run: Commandline) -> tuple[int, str]:
        ended = run(
            f"audit ledger verify --ledger {self.url} --vkey {self.log} "
            f"--log-policy {self.file('policy')}"
        )
        return ended.code, ended.out


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    if request.param == "sqlite":
        yield SqliteDatabase(tmp_path_factory.mktemp("ledgers"))
        return
    with running() as server:
        yield PostgresDatabase(server)


@pytest.mark.slow
def test_two_deployments_witness_each_other_and_neither_can_rewrite_alone(
    database: Database, tmp_path: Path, run: Commandline
) -> None:
    ours = Deployment("ours", tmp_path, database.new())
    theirs = Deployment("theirs", tmp_path, database.new())
    ours.make(run, "ed25519")
    theirs.make(run, "ml-dsa-44")
    with ExitStack() as stack:
        by_ours = stack.enter_context(ours.serving(theirs))
        by_theirs = stack.enter_context(theirs.serving(ours))
        for count in (3, 5):
            for one, other, url in ((ours, theirs, by_theirs), (theirs, ours, by_ours)):
                one.grow(run, count)
                assert one.ask(run, other, url) == 0
        for one in (ours, theirs):
            code, out = one.verify(run)
            assert (code, "8 of them seen outside: witness by other" in out) == (0, True)
        # We lose our key's memory on purpose, rewrite everything, and sign it.
        ours.url = database.new()
        ours.file("key.last").unlink()
        ours.file("tiles").rename(tmp_path / "true")
        ours.grow(run, 8)
        assert ours.ask(run, theirs, by_theirs) == 10
        assert ours.verify(run)[0] == 3
    # Without anybody who answers it stays at that.
    assert ours.ask(run, theirs, by_theirs) == 3
