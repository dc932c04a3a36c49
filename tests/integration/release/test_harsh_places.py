"""Where a run has to end well: a full disk, an interrupt, a terminal."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from audit.ledger import open_ledger
from tests.commandline import Commandline
from tests.releasekit import lay_out, tiny_gguf

AUDIT = [sys.executable, "-m", "audit"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline) -> Path:
    monkeypatch.chdir(lay_out(tmp_path / "r"))
    assert run("audit release init . --model-id acme/support").code == 0
    return tmp_path / "r"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight MiB, which only root may mount."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_ends_with_exit_3_and_the_next_run_is_allowed(
    folder: Path, small_disk: Path, run: Commandline
) -> None:
    tensors = tiny_gguf()
    (folder / "model" / "model.gguf").write_bytes(tensors)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (7900 << 10))
    ended = run(f"audit release run RELEASE.toml --out {small_disk}/out")
    assert ended.code == 3, ended
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert not [path for path in small_disk.rglob("*") if path.suffix == ".part"]
    filler.unlink()
    with open_ledger(f"{small_disk}/out/ledger.db", create=True) as ledger:
        ledger.verify()
    assert run(f"audit release run RELEASE.toml --out {small_disk}/out").code == 0


@pytest.mark.slow
def test_an_interrupt_is_exit_130_and_says_so(folder: Path) -> None:
    with (folder / "dataset" / "large").open("wb") as file:
        file.truncate(64 << 30)
    with subprocess.Popen(
        # A shell's background job ignores interrupts, and its children inherit that.
        ["env", "--default-signal=INT", *AUDIT, "fingerprint", "dataset", "dataset"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            while process.poll() is None and not _reads(process.pid, "/large"):
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert out == ""
    assert "audit: error: interrupted" in err
    assert "Traceback" not in err


def _reads(pid: int, ending: str) -> bool:
    """Whether the process has a file open whose path ends so; files come and go meanwhile."""
    for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(OSError):
            if str(descriptor.readlink()).endswith(ending):
                return True
    return False


@pytest.mark.slow
def test_bars_are_drawn_on_a_terminal_and_nowhere_else(folder: Path) -> None:
    with (folder / "dataset" / "large").open("wb") as file:
        file.truncate(1 << 28)
    command = [*AUDIT, "fingerprint", "dataset", "dataset"]
    plain = subprocess.run(command, capture_output=True, check=True)
    assert plain.stderr == b""
    try:
        here, there = pty.openpty()
    except OSError:
        pytest.skip("there are no pseudo-terminals here")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=there)
    os.close(there)
    drawn = b""
    try:
        while piece := os.read(here, 4096):
            drawn += piece
    except OSError:  # the other end is closed
        pass
    out, _ = process.communicate(timeout=60)
    os.close(here)
    assert process.returncode == 0
    assert out == plain.stdout
    assert b"dataset" in drawn
