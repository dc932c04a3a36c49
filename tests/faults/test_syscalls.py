"""A fault at a system call on the ledger's files: SIGKILL, an I/O error, a full disk. Class 17.

strace injects it at one call, counted among those on these files. Each call is
tried as often as there is time for, spread over all its occurrences.
"""

import random
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.ledger import open_ledger
from tests.fakes.ledgers import event
from tests.faults.conftest import Tallies
from tests.faults.oracle import Acknowledged, examine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]
CALLS = ("pwrite64", "fdatasync", "ftruncate", "unlink", "fcntl", "pread64", "openat", "mmap")
FAULTS = ("signal=KILL", "error=EIO", "error=ENOSPC")
COMMITS = "6"
EACH = 14
"""How many occurrences of a call are tried with each fault when there is time."""
SAMPLE = 5


@dataclass(frozen=True)
class Fault:
    """What happens at which occurrence of which call."""

    call: str
    what: str
    when: int


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of a few entries, copied for each fault."""
    path = tmp_path_factory.mktemp("base") / "a.db"
    with open_ledger(str(path), create=True) as ledger:
        ledger.append_many([event(number) for number in range(900, 905)])
    return path


def write(folder: Path, base: Path, *inject: str) -> tuple[int, Acknowledged]:
    """Run a writer on a copy of `base`, with a fault if asked."""
    folder.mkdir()
    file = folder / "a.db"
    shutil.copy(base, file)
    paths = [str(file) + end for end in ("", "-wal", "-shm", "-journal")]
    command = ["strace", "-f", "--seccomp-bpf", "-o", str(folder / "trace"), "-e", "quiet=all"]
    command += ["-e", "trace=" + ",".join(CALLS), *inject]
    command += [word for path in paths for word in ("-P", path)]
    command += [sys.executable, "-m", "tests.faults.writer", str(file), COMMITS]
    ended = subprocess.run(command, capture_output=True, timeout=120, check=False)
    if ended.returncode not in {0, -signal.SIGKILL}:
        # Refused as it should be, and not by a traceback.
        assert ended.stderr.startswith(b"LedgerUnavailable: "), ended.stderr.decode()[-2000:]
    return ended.returncode, Acknowledged.read(ended.stdout.splitlines(keepends=True))


def faults(counts: Counter[str], *, long: bool) -> list[Fault]:
    def spread(call: str) -> Iterator[int]:
        yield from range(1, counts[call] + 1, max(1, counts[call] // EACH))

    found = [Fault(call, what, at) for call in CALLS for what in FAULTS for at in spread(call)]
    return found if long else random.Random(11).sample(found, SAMPLE)


def test_17_a_fault_at_a_system_call_loses_nothing_that_was_acknowledged(
    base: Path, tmp_path: Path, tallies: Tallies, long: bool
) -> None:
    code, told = write(tmp_path / "whole", base)
    assert (code, len(told.entries)) == (0, 2 * int(COMMITS))
    trace = (tmp_path / "whole" / "trace").read_text()
    counts = Counter(re.findall(r"^\d+ +(\w+)\(", trace, re.MULTILINE))
    assert {"pwrite64", "fdatasync", "fcntl"} <= set(counts)
    lost: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    acknowledged: Counter[str] = Counter()
    for number, fault in enumerate(faults(counts, long=long)):
        folder = tmp_path / str(number)
        inject = f"inject={fault.call}:{fault.what}:when={fault.when}"
        _, told = write(folder, base, "-e", inject)
        found = examine(f"sqlite:///{folder}/a.db", told)
        assert found.broken is None, (fault, found)
        assert found.lost == 0, (fault, found)
        tried[fault.what] += 1
        acknowledged[fault.what] += told.count
        lost[fault.what] += found.lost
        with open_ledger(f"sqlite:///{folder}/a.db") as ledger:  # and it can be written again
            ledger.append(event(800))
            assert ledger.verify().size >= 5 + len(told.entries) + 1
        shutil.rmtree(folder)
    for what in sorted(tried):
        tallies.add(
            f"{what.split('=')[1]} at a system call (SQLite)",
            tried=tried[what],
            acknowledged=acknowledged[what],
            lost=lost[what],
        )
