"""A disk that loses power: what was written, what was flushed, what may be left.

strace shows every write of a process to its files, with its bytes. From that
any state can be made that a disk may hold when the power fails: all that was
flushed, and of what was not, all, none, some, or torn parts. In the strictest
state a file that was made is gone as well, unless its folder was flushed.
"""

import codecs
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["write", "cut", "flush", "remove", "make", "flush-folder", "said"]
Survives = Literal["nothing", "strictly-nothing", "some", "all"]
SECTOR = 512
_CALLS = "openat,pwrite64,write,fdatasync,fsync,ftruncate,unlink"
_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\w+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True)
class Step:
    """One thing a process did to a file, or one line it said."""

    kind: Kind
    name: str = ""
    data: bytes = b""
    offset: int = 0


def record(folder: Path, words: Sequence[str]) -> list[Step]:
    """Run a writer on `folder`/a.db, and return what it did, in order."""
    trace, said = folder.parent / f"{folder.name}.trace", folder.parent / f"{folder.name}.said"
    paths = [folder, *(folder / f"a.db{end}" for end in ("", "-wal", "-journal")), said]
    command = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-xx",
        "-s",
        "1000000",
        "-e",
        f"trace={_CALLS}",
        "-e",
        "quiet=all",
    ]
    command += ["-o", str(trace), *(word for path in paths for word in ("-P", str(path)))]
    program = [sys.executable, "-m", "tests.faults.writer", str(folder / "a.db"), *words]
    with said.open("wb") as out:
        subprocess.run([*command, *program], stdout=out, check=True, timeout=300)
    return _parse(trace.read_text(), folder)


def _parse(trace: str, folder: Path) -> list[Step]:
    """Return the steps in a trace; file descriptors are followed to names."""
    opened: dict[int, str] = {1: "said"}
    known: set[str] = set()
    steps: list[Step] = []
    for line in trace.splitlines():
        if (found := _LINE.match(line)) is None or found[3].startswith("-"):
            continue
        call, words, result = found.groups()
        if call == "openat":
            path = _bytes(words).decode()
            name = "." if path == str(folder) else Path(path).name
            opened[int(result)] = name
            if name not in {".", *known} and "O_CREAT" in words:
                known.add(name)
                steps.append(Step("make", name))
        elif call == "unlink":
            known.discard(Path(_bytes(words).decode()).name)
            steps.append(Step("remove", Path(_bytes(words).decode()).name))
        else:
            steps.append(_step(call, words, opened[int(words.split(",")[0])]))
    return steps


def _step(call: str, words: str, name: str) -> Step:
    if call in {"pwrite64", "write"}:
        if name == "said":
            return Step("said", data=_bytes(words))
        return Step("write", name, _bytes(words), int(words.rsplit(",", 1)[1]))
    if call == "ftruncate":
        return Step("cut", name, offset=int(words.split(",")[1]))
    return Step("flush-folder" if name == "." else "flush", name)


def _bytes(words: str) -> bytes:
    found = _TEXT.search(words)
    assert found is not None, words
    return codecs.escape_decode(found[1].encode())[0]  # type: ignore[no-any-return]


@dataclass
class Disk:
    """What is on a disk after some steps, if the power fails then."""

    survives: Survives
    source: random.Random
    files: dict[str, bytearray] = field(default_factory=dict)

    def run(self, steps: Sequence[Step]) -> "Disk":
        flushed = {step.name: at for at, step in enumerate(steps) if step.kind == "flush"}
        folders = [at for at, step in enumerate(steps) if step.kind == "flush-folder"]
        named = max(folders, default=-1)
        for at, step in enumerate(steps):
            if step.kind == "make":
                self.files.setdefault(step.name, bytearray())
            elif step.kind == "remove":
                if at < named or self.survives != "strictly-nothing":
                    self.files.pop(step.name, None)
            elif step.kind in {"write", "cut"}:
                self._apply(step, kept=at < flushed.get(step.name, -1))
        if self.survives == "strictly-nothing":
            made = {step.name: at for at, step in enumerate(steps) if step.kind == "make"}
            for name in [name for name in self.files if made[name] > named]:
                del self.files[name]
        return self

    def _apply(self, step: Step, *, kept: bool) -> None:
        data, chance = step.data, self.source.random()
        if not kept:
            if "nothing" in self.survives or (self.survives == "some" and chance < 0.45):
                return
            if self.survives == "some" and chance < 0.6:
                data = data[: SECTOR * self.source.randint(0, len(data) // SECTOR)]
        file = self.files.setdefault(step.name, bytearray())
        if step.kind == "cut":
            del file[step.offset :]
            return
        file.extend(bytes(max(step.offset + len(data) - len(file), 0)))
        file[step.offset : step.offset + len(data)] = data

    def write(self, folder: Path) -> None:
        """Put the files where a ledger can be opened."""
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
