"""Start the writers, watch the head, kill some of them if asked, count at the end."""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.core.errors import EvidenceError, LedgerUnavailable, UsageError
from audit.ledger._open import open_ledger
from audit.ledger.hammer._acks import HAMMER_TYPE, hammer_event, read_acks
from audit.ledger.hammer._check import HammerCount, Seen, count

_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 120
"""How long a writer may take over its time: it may wait for the database."""
_SETTLE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Load:
    """How many processes write for how long, and how many events a call has at most.

    `kill_every` seconds one of the writers or sequencers is killed and started again.
    """

    processes: int
    seconds: float
    batch: int = 8
    sequencers: int = 0
    kill_every: float | None = None


def hammer(url: str, load: Load) -> HammerCount:
    """Write with many processes to a ledger that holds nothing else, and count.

    Raises:
        UsageError: the ledger holds entries of others; this would bury them.
        EvidenceError: a writer failed, or none was ever acknowledged anything.
        LedgerUnavailable: the ledger cannot be made, or cannot be read afterwards.
    """
    with open_ledger(url, create=True) as ledger:
        first = next(ledger.entries(), None)
        if first is not None and first.event.type != HAMMER_TYPE:
            raise UsageError(
                f"{ledger.url} holds entries already, and not by a hammer",
                hint="give it a ledger of its own; it makes one where there is none",
            )
    with tempfile.TemporaryDirectory(prefix="audit-hammer-") as folder:
        crowd = _Crowd(url, load, Path(folder))
        try:
            crowd.run()
        finally:
            crowd.stop()
        _settle(url, writer=f"end-{os.getpid()}-{time.monotonic_ns()}")
        with open_ledger(url) as ledger:
            acks = read_acks(Path(folder))
            if not acks.sequenced:
                raise EvidenceError(
                    f"{ledger.url} acknowledged nothing to {load.processes} writers"
                )
            return count(ledger, acks, crowd.seen, killed=crowd.killed)


def _settle(url: str, *, writer: str) -> None:
    """Append behind everything that waits, so that all of it has its place."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        try:
            with open_ledger(url) as ledger:
                ledger.append(hammer_event(writer, 0), key=writer)
        except LedgerUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return


@dataclass
class _Crowd:
    """The processes of one run."""

    url: str
    load: Load
    folder: Path
    seen: list[Seen] = field(default_factory=list)
    killed: int = 0

    def __post_init__(self) -> None:
        self._until = time.monotonic() + self.load.seconds
        self._started = 0
        self._writers: list[subprocess.Popen[bytes]] = []
        self._sequencers: list[subprocess.Popen[bytes]] = []

    def run(self) -> None:
        """Start all, and return when the writers are done."""
        self._sequencers += [self._sequencer() for _ in range(self.load.sequencers)]
        self._writers += [self._writer() for _ in range(self.load.processes)]
        source, next_kill = random.Random(), self._next_kill()  # noqa: S311 - whom, is no secret
        while (now := time.monotonic()) < self._until:
            self._look()
            if next_kill is not None and now >= next_kill:
                self._kill(source)
                next_kill = self._next_kill()
            self._revive()
            time.sleep(_LOOK_SECONDS)
        for process in self._writers:
            if process.wait(timeout=_PATIENCE_SECONDS):
                raise EvidenceError(f"a writer ended with {process.returncode}: {self._talk()}")

    def stop(self) -> None:
        """Leave no process behind."""
        for process in self._sequencers:
            process.terminate()
        for process in [*self._sequencers, *self._writers]:
            try:
                process.wait(timeout=0 if process in self._writers else _PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _next_kill(self) -> float | None:
        every = self.load.kill_every
        return None if every is None else time.monotonic() + every

    def _kill(self, source: random.Random) -> None:
        victim = source.choice([*self._writers, *self._sequencers])
        victim.kill()
        victim.wait()
        self.killed += 1
        if victim in self._writers:
            self._writers[self._writers.index(victim)] = self._writer()

    def _revive(self) -> None:
        """Start a sequencer for each that is gone; a database that restarts ends them."""
        for at, process in enumerate(self._sequencers):
            if process.poll() is not None:
                self._sequencers[at] = self._sequencer()

    def _look(self) -> None:
        try:
            with open_ledger(self.url, read_only=True) as ledger, ledger.reading() as snapshot:
                head = snapshot.head()
        except LedgerUnavailable:
            return  # the writers find that out by themselves
        self.seen.append((head.size, head.root))

    def _writer(self) -> "subprocess.Popen[bytes]":
        self._started += 1
        name = f"w{os.getpid()}-{time.monotonic_ns()}-{self._started}"
        left = max(self._until - time.monotonic(), 0)
        words = (str(self.folder), name, f"{left}", str(self.load.batch))
        return self._start("audit.ledger.hammer._writer", words)

    def _sequencer(self) -> "subprocess.Popen[bytes]":
        return self._start("audit", ("ledger", "sequencer"))

    def _start(self, module: str, words: Sequence[str]) -> "subprocess.Popen[bytes]":
        # The URL may hold a password, and everybody sees a process's arguments.
        environment: Mapping[str, str] = {**os.environ, "AUDIT_LEDGER": self.url}
        with (self.folder / "talk").open("ab") as talk:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                [sys.executable, "-m", module, *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=talk,
            )

    def _talk(self) -> str:
        return (self.folder / "talk").read_text("utf-8", "replace").strip().rsplit("\n", 1)[-1]
