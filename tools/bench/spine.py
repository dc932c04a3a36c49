"""Hashing, the whole main job, start-up, and the memory of packaging."""

import json
import os
import shutil
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from audit.fingerprint import BOTH, Algorithm, hash_stream
from examples.demo import find_model, prepare
from tools.bench._figure import Figure, measure, median_ratio, seconds

GIB = 1 << 30
AUDIT = [sys.executable, "-m", "audit"]


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="audit-bench-") as name:
        folder = Path(name)
        yield from hashing(folder)
        yield from main_job(folder)
        yield from packaging(folder)
    yield start_up()


def hashing(folder: Path) -> Iterator[Figure]:
    path = folder / "data"
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for at in range(2 * GIB >> 20):
            file.write(at.to_bytes(8, "big") + block[8:])

    def ours(*algorithms: Algorithm) -> None:
        with path.open("rb") as file:
            hash_stream(file, size=2 * GIB, algorithms=algorithms)

    if shutil.which("b3sum"):
        ratio, spread = median_ratio(
            lambda: measure(["b3sum", "--num-threads", "1", "--no-mmap", str(path)]),
            lambda: ours("blake3"),
        )
        yield Figure("BLAKE3, speed over b3sum, one thread, 2 GiB", ratio, spread, at_least=0.9)
    else:
        print("skipped: b3sum is not installed (apt install b3sum)")
    ratio, spread = median_ratio(lambda: ours(*BOTH), lambda: ours("sha256"))
    yield Figure("both digests in one pass over SHA-256 alone", ratio, spread, at_most=1.15)
    path.unlink()


def main_job(folder: Path) -> Iterator[Figure]:
    prepare(folder)
    measure([*AUDIT, "release", "init", ".", "--model-id", "acme/bench"], cwd=folder)
    model = find_model()

    def job() -> None:
        shutil.rmtree(folder / "out", ignore_errors=True)
        measure([*AUDIT, "release", "run", "RELEASE.toml"], cwd=folder)

    job()
    runs = sorted(seconds(job) for _ in range(5))
    sums = sorted(measure(["sha256sum", str(model)]).wall for _ in range(5))
    allowed = 3 * sums[2] + 1.5
    detail = f"{runs[2]:.2f} s; sha256sum {sums[2]:.2f} s; load {os.getloadavg()[0]:.1f}"
    yield Figure(
        "release run on 98 MB over 3 x sha256sum + 1.5 s", runs[2] / allowed, detail, at_most=1
    )
    shutil.rmtree(folder / "out")


def packaging(folder: Path) -> Iterator[Figure]:
    shutil.rmtree(folder / "model")
    (folder / "model").mkdir()
    size = 4 * GIB
    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    with (folder / "model" / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + size)
    took = measure([*AUDIT, "release", "run", "RELEASE.toml"], cwd=folder)
    detail = f"{took.wall:.0f} s for the whole job"
    yield Figure("peak MiB, release run of a 4 GiB sparse file", took.peak, detail, at_most=200)


def start_up() -> Figure:
    samples = sorted(measure([*AUDIT, "--help"]).cpu for _ in range(9))
    detail = f"median of 9, {samples[0]:.3f}..{samples[-1]:.3f}"
    return Figure("CPU seconds of audit --help", samples[4], detail, at_most=0.15)
