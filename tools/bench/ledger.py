"""The ledger: appends, verification and proofs, each against the cheapest thing that could be.

Every figure is a ratio of two measurements taken in turn in one run. The raw
baseline writes the same bytes into the same table without chaining anything.
"""

import asyncio
import os
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from audit.documents import Event, Named
from audit.ledger import Ledger, open_ledger
from audit.ledger._leaf import as_pending
from audit.ledger.store._sqlite import SCHEMA
from tools.bench import Figure
from tools.bench._ledger_large import large
from tools.bench._ledger_postgres import postgres

_ROUNDS = 5
_SECONDS = 1.0


def figures() -> Iterator[Figure]:
    """Give all figures of the ledger."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        events = list(_events(4096))
        size = statistics.mean(len(as_pending(event).event) + 190 for event in events)
        yield Figure("ledger/entry-bytes", size, "mean leaf in the figures below")
        for batch in (1, 64, 256, 1024):
            yield from _append(home, events, batch)
        for clients in (1, 64, 256, 1024):
            yield _group_commit(home, events, clients)
        yield from large(home, events)
    if shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        yield from postgres()
    else:
        print("skipped: PostgreSQL is not installed")


def _events(count: int) -> Iterator[Event]:
    """Give gateway responses whose leaves are about 772 bytes."""
    source = random.Random(7)  # noqa: S311 - the same bytes in every run

    def digest() -> str:
        return f"sha256:{source.randbytes(32).hex()}"

    for number in range(count):
        yield Event(
            type="gateway.response",
            model_id="acme/llama3-8b-ft-finance",
            subject=digest(),
            inputs=(Named(name="model", digest=digest()),),
            facts={
                "log_hash": digest(),
                "request_id": str(uuid.UUID(bytes=source.randbytes(16))),
                "redaction": {"entities": {"CN_ID": 1, "EMAIL_ADDRESS": 1, "PERSON": 2}},
                "region": "eu-central-1",
                "tenant": f"t-{number % 997:04d}",
                "watermark": {"key_id": "k-2026-11", "score": "0.9931"},
            },
        )


def _append(home: Path, events: Sequence[Event], batch: int) -> Iterator[Figure]:
    """Compare appending with inserting the same rows, by wall and by CPU time."""
    walls, cpus, rates = [], [], []
    for number in range(_ROUNDS):
        raw = _rate(lambda name: _raw(home / name, events, batch), f"raw-{batch}-{number}.db")
        ours = _rate(lambda name: _ours(home / name, events, batch), f"our-{batch}-{number}.db")
        walls.append(ours[0] / raw[0])
        cpus.append(raw[1] / ours[1])
        rates.append((ours[0], raw[0], ours[1] * 1e6, raw[1] * 1e6))
    ours_wall, raw_wall, ours_cpu, raw_cpu = (
        statistics.median(part) for part in zip(*rates, strict=True)
    )
    detail = (
        f"{ours_wall:.0f}/s against {raw_wall:.0f}/s, CPU {ours_cpu:.1f} us against {raw_cpu:.1f} us; "
        f"{_spread(walls)}"
    )
    wall_target = 0.85 if batch == 1 else None
    yield Figure(
        f"ledger/append-{batch}-wall-over-raw",
        statistics.median(walls),
        detail,
        at_least=wall_target,
    )
    cpu_target = 0.60 if batch >= 256 else None
    yield Figure(
        f"ledger/append-{batch}-cpu-over-raw",
        statistics.median(cpus),
        _spread(cpus),
        at_least=cpu_target,
    )


def _spread(values: Sequence[float]) -> str:
    return f"median of {len(values)}, {min(values):.2f}..{max(values):.2f}, load {os.getloadavg()[0]:.1f}"


def _rate(make: Callable[[str], Callable[[], int]], name: str) -> tuple[float, float]:
    """Return entries per second, and CPU seconds per entry, of a step run for a while."""
    step, done = make(name), 0
    step()
    wall, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < _SECONDS:
        done += step()
    spent = time.perf_counter() - wall
    return done / spent, (time.process_time() - cpu) / done


def _raw(path: Path, events: Sequence[Event], batch: int) -> Callable[[], int]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(SCHEMA[0])
    around = b"x" * 190
    rows = [
        (event.type, event.subject, as_pending(event).event + around, bytes(32)) for event in events
    ]
    done = 0

    def step() -> int:
        nonlocal done
        part = [(done + at, done + at, *rows[(done + at) % len(rows)]) for at in range(batch)]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", part)
        connection.execute("COMMIT")
        done += batch
        return batch

    return step


def _ours(path: Path, events: Sequence[Event], batch: int) -> Callable[[], int]:
    ledger = open_ledger(str(path), create=True)
    done = 0

    def step() -> int:
        nonlocal done
        first = done % (len(events) - batch + 1)
        ledger.append_many(events[first : first + batch])
        done += batch
        return batch

    return step


def _group_commit(home: Path, events: Sequence[Event], clients: int) -> Figure:
    """Append one entry per call from many tasks at once."""
    times: list[float] = []

    async def run(ledger: Ledger) -> float:
        with ledger.appender() as appender:
            end = time.perf_counter() + 2 * _SECONDS

            async def client(number: int) -> None:
                while (began := time.perf_counter()) < end:
                    await appender.append(events[number % len(events)])
                    times.append(time.perf_counter() - began)

            began = time.perf_counter()
            await asyncio.gather(*(client(number) for number in range(clients)))
            return time.perf_counter() - began

    with open_ledger(str(home / f"group-{clients}.db"), create=True) as ledger:
        spent = asyncio.run(run(ledger))
    times.sort()
    middle, late = (times[int(len(times) * part)] * 1e3 for part in (0.5, 0.99))
    detail = f"p50 {middle:.2f} ms, p99 {late:.2f} ms, load {os.getloadavg()[0]:.1f}"
    return Figure(f"ledger/one-per-call-{clients}-clients-per-second", len(times) / spent, detail)
