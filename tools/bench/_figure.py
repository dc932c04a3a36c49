"""What a figure is, and how two things are timed fairly against each other."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, and the least or the most it should be."""

    name: str
    value: float
    detail: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_met(self) -> bool:
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    def line(self) -> str:
        bounds = [(">=", self.at_least), ("<=", self.at_most)]
        target = ", ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
        word = "ok" if self.is_met else "MISSED"
        return f"{word:6} {self.name}: {self.value:.3g} ({target or 'no target'})  {self.detail}"


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process took: wall and CPU seconds, peak memory in MiB."""

    wall: float
    cpu: float
    peak: float


def measure(
    command: Sequence[str], *, cwd: Path | None = None, codes: Sequence[int] = (0,)
) -> Sample:
    """Run a command to its end and return what the kernel accounted for it alone."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    talk = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode not in codes:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {talk.decode()[-500:]}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median_ratio(
    one: Callable[[], object], other: Callable[[], object], *, rounds: int = 5
) -> tuple[float, str]:
    """Return the median of time(one) / time(other), the two run in turn, and its spread."""
    one(), other()
    ratios = []
    for _ in range(rounds):
        first = seconds(one)
        ratios.append(first / seconds(other))
    spread = (
        f"median of {rounds}, {min(ratios):.2f}..{max(ratios):.2f}, load {os.getloadavg()[0]:.1f}"
    )
    return statistics.median(ratios), spread


def seconds(call: Callable[[], object]) -> float:
    """Return the wall seconds of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
