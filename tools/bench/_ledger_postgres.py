"""Sixteen writer processes on PostgreSQL, against the same code with a lock on the head row.

`submit` is acknowledged when it is durable, with a sequencer behind it; `append`
and `sequencer` when it has its place, without and with a service.

`python -m tools.bench._ledger_postgres MODE FILE SECONDS` is one writer; the
URL comes by the environment.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from audit.core.clock import now_ns
from audit.documents import Event
from audit.ledger._leaf import as_pending
from audit.ledger._open import open_store
from audit.ledger.store._append import append_directly
from tests.fakes.databases import PostgresDatabase
from tests.fakes.ledgers import event
from tests.fakes.postgres import running
from tools.bench._figure import Figure

_WRITERS = 16
_SECONDS = 6.0
_ROUNDS = 3
_START_SECONDS = 6.0
"""All writers begin at once, when the slowest has loaded its code."""


def postgres() -> Iterator[Figure]:
    """Give the figures of many writers."""
    with running({}) as server, tempfile.TemporaryDirectory() as folder:
        database = PostgresDatabase(server)
        rates: dict[str, list[float]] = {}
        late: dict[str, list[float]] = {}
        for _ in range(_ROUNDS):
            for mode in ("lock", "append", "sequencer", "submit"):
                rate, p99 = _run(database.new(), mode, Path(folder))
                rates.setdefault(mode, []).append(rate)
                late.setdefault(mode, []).append(p99)
    middle = {mode: statistics.median(found) for mode, found in rates.items()}
    for mode in ("append", "sequencer", "submit"):
        each = [ours / lock for ours, lock in zip(rates[mode], rates["lock"], strict=True)]
        yield Figure(
            f"ledger/postgres-{_WRITERS}-writers-{mode}-over-head-lock",
            statistics.median(each),
            f"{middle[mode]:.0f}/s against {middle['lock']:.0f}/s; p99 "
            f"{statistics.median(late[mode]):.0f} ms against {statistics.median(late['lock']):.0f} ms; "
            f"{min(each):.1f}..{max(each):.1f}, load {os.getloadavg()[0]:.1f}",
            at_least=5 if mode == "submit" else None,
        )


def _run(url: str, mode: str, folder: Path) -> tuple[float, float]:
    """Return acknowledged entries per second, and the 99th percentile of a call in ms."""
    environment = {**os.environ, "AUDIT_LEDGER": url}
    begin = time.time() + _START_SECONDS  # noqa: TID251 - a moment that processes share
    files = [folder / str(number) for number in range(_WRITERS)]
    service = [sys.executable, "-m", "audit", "ledger", "sequencer"]
    sequencer = (
        subprocess.Popen(service, env=environment, stdout=subprocess.DEVNULL)
        if mode in {"sequencer", "submit"}
        else None
    )
    words = [sys.executable, "-m", "tools.bench._ledger_postgres", mode]
    writers = [
        subprocess.Popen([*words, str(file), str(begin), str(_SECONDS)], env=environment)
        for file in files
    ]
    for writer in writers:
        assert writer.wait() == 0
    if sequencer is not None:
        sequencer.terminate()
        sequencer.wait()
    times = sorted(float(line) for file in files for line in file.read_text().split())
    return len(times) / _SECONDS, times[int(len(times) * 0.99)] * 1e3


def _writer(mode: str, file: Path, begin: float, seconds: float) -> None:
    store = open_store(os.environ["AUDIT_LEDGER"], create=False, read_only=False)
    calls: dict[str, Callable[[Event], object]] = {
        "lock": lambda one: _with_lock(store, one),
        "append": lambda one: store.append([as_pending(one)], now_ns),
        "submit": lambda one: store.submit([as_pending(one)], now_ns),
    }
    call = calls.get(mode, calls["append"])
    times: list[float] = []
    time.sleep(max(begin - time.time(), 0))  # noqa: TID251
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        call(event(len(times)))
        times.append(time.perf_counter() - began)
    file.write_text("\n".join(map(str, times)))


def _with_lock(store: object, one: Event) -> None:
    """Append as a design without an inbox does: wait for the head, keep it until the disk has it."""
    with store.writing() as writing:  # type: ignore[attr-defined]
        append_directly(writing, [as_pending(one)], now_ns)


if __name__ == "__main__":
    _writer(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
