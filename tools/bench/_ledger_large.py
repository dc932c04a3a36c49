"""A ledger of 1e4, 1e5 and 1e6 entries: growth, verification, proofs."""

import hashlib
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from audit.documents import Event, leaf_hash
from audit.ledger import Ledger, TiledTree, TileFolder, export_tiles, open_ledger
from audit.ledger._merkle import verify_inclusion
from tests.fakes.ledgers import LOG
from tools.bench._figure import Figure, measure

SIZES = (10_000, 100_000, 1_000_000)
_BATCH = 1000
_PROOFS = 300
_ROUNDS = 3


def large(home: Path, events: Sequence[Event]) -> Iterator[Figure]:
    """Give the figures of one ledger as it grows."""
    path, peaks = home / "large.db", dict[int, float]()
    store = TileFolder(home / "tiles")
    with open_ledger(str(path), create=True) as ledger:
        for size in SIZES:
            _grow(ledger, events, size)
            ledger.checkpoint(LOG)
            began = time.perf_counter()
            _, files = export_tiles(ledger, store)
            spent = time.perf_counter() - began
            yield Figure(f"ledger/tiles-{size}-seconds", spent, f"{files} files, what is new")
            yield from _appends(ledger, events, size)
            yield from _proofs(store, size)
            if size >= 100_000:
                words = ["ledger", "verify", "--ledger", str(path)]
                peaks[size] = measure([sys.executable, "-m", "audit", *words]).peak
    yield Figure(
        "ledger/verify-memory-1e6-over-1e5",
        peaks[1_000_000] / peaks[100_000],
        f"{peaks[1_000_000]:.0f} MiB against {peaks[100_000]:.0f} MiB, of the whole process",
        at_most=1.1,
    )
    yield from _verification(path)


def _grow(ledger: Ledger, events: Sequence[Event], size: int) -> None:
    while (have := ledger.size()) < size:
        some = min(_BATCH, size - have)
        first = have % (len(events) - some)
        ledger.append_many(events[first : first + some])


def _appends(ledger: Ledger, events: Sequence[Event], size: int) -> Iterator[Figure]:
    for batch, calls in ((1, 200), (256, 20)):
        walls = []
        cpu = time.process_time()
        for number in range(calls):
            began = time.perf_counter()
            ledger.append_many(events[number : number + batch])
            walls.append(time.perf_counter() - began)
        cpu = (time.process_time() - cpu) / (calls * batch)
        yield Figure(
            f"ledger/append-{batch}-at-{size}-cpu-us",
            cpu * 1e6,
            f"wall p50 {statistics.median(walls) * 1e6 / batch:.0f} us per entry, {_load()}",
        )


def _proofs(store: TileFolder, size: int) -> Iterator[Figure]:
    source = random.Random(size)  # noqa: S311 - the same entries in every run
    made, checked = [], []
    whole = TiledTree(store, size)
    root = whole.root()
    for _ in range(_PROOFS):
        index, tree = source.randrange(size), TiledTree(store, size)  # nothing is remembered
        began = time.perf_counter()
        path = tree.inclusion(index)
        made.append(time.perf_counter() - began)
        leaf = whole.leaf_hash(index)
        began = time.perf_counter()
        verify_inclusion(index=index, size=size, leaf=leaf, path=path, root=root)
        checked.append(time.perf_counter() - began)
    last = size == SIZES[-1]
    yield Figure(
        f"ledger/prove-at-{size}-ms",
        statistics.median(made) * 1e3,
        f"median of {_PROOFS} from files, each by a tree that has read nothing; {_load()}",
        at_most=0.5 if last else None,
    )
    yield Figure(
        f"ledger/verify-proof-at-{size}-us",
        statistics.median(checked) * 1e6,
        f"median of {_PROOFS}",
        at_most=60 if last else None,
    )


def _verification(path: Path) -> Iterator[Figure]:
    with open_ledger(str(path), read_only=True) as ledger:
        leaves = list(islice(ledger.leaves(), 100_000))
        cpus, hashed, size = [], [], ledger.size()
        for _ in range(_ROUNDS):
            cpu = time.process_time()
            for leaf in leaves:
                hashlib.sha256(b"\0" + leaf).digest()
            hashed.append((time.process_time() - cpu) / len(leaves))
            cpu = time.process_time()
            ledger.verify()
            cpus.append((time.process_time() - cpu) / size)
    assert leaf_hash(leaves[0]) == hashlib.sha256(b"\0" + leaves[0]).digest()
    ours, raw = statistics.median(cpus), statistics.median(hashed)
    yield Figure(
        "ledger/verify-cpu-over-hashlib",
        raw / ours,
        f"{ours * 1e6:.2f} us per entry against {raw * 1e6:.2f} us, {size} entries; {_load()}",
        at_least=0.30,
    )
    ratios, details = [], []
    for _ in range(_ROUNDS):
        one, two = measure(_check(path, 1)), measure(_check(path, 2))
        ratios.append(one.wall / two.wall)
        details.append(f"{one.wall:.2f}/{two.wall:.2f} s")
    yield Figure(
        "ledger/fsck-two-processes",
        statistics.median(ratios),
        f"wall of whole commands {', '.join(details)}; {_load()}",
        at_least=1.7,
    )


def _check(path: Path, processes: int) -> list[str]:
    words = ["ledger", "fsck", "--ledger", str(path), "--processes", str(processes)]
    return [sys.executable, "-m", "audit", *words]


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"
