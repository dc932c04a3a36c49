"""A log file redacted into another, whole or not at all, and taken up where it stopped.

The work goes to `OUT.part`, with `OUT.part.json` beside it that says how far both
files are; `OUT` appears when everything is done. Going on asks for the same
beginning of the input and the same recognisers.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from audit.core.errors import ConfigError, StorageFailed
from audit.core.files import open_regular
from audit.core.progress import SILENT, Progress
from audit.redact._lines import Done, LineSettings, opened, redact_lines

_HEAD = 64 << 10


@dataclass(frozen=True, slots=True)
class FileJob:
    """What is redacted into what."""

    source: Path
    output: Path
    settings: LineSettings
    workers: int = 1
    quarantine: Path | None = None
    resume: bool = False


def redact_file(job: FileJob, progress: Progress = SILENT) -> Done:
    """Redact a log file; plain, gzip and zstd are told apart by their first bytes.

    Raises:
        InputMissing: the source is not a readable file.
        ConfigError: there is nothing to resume, or it was made from something else.
        RedactionFailed: a worker died; what is done so far can be resumed.
        StorageFailed: the output cannot be written.
    """
    part = job.output.with_name(job.output.name + ".part")
    with open_regular(job.source) as raw:
        name = _identity(raw, job)
        progress.start(job.source.name, os.fstat(raw.fileno()).st_size)
        source = opened(raw)
        try:
            with part.open("r+b" if job.resume and part.exists() else "wb") as out:
                state = _State(part, name, out)
                done = state.taken_up(source) if job.resume else Done()
                _run(job, source, state, done, progress)
            part.replace(job.output)
            state.path.unlink(missing_ok=True)
        except OSError as exc:
            raise StorageFailed(f"{job.output}: cannot be written: {exc.strerror}") from exc
    return done


def _run(job: FileJob, source: BinaryIO, state: "_State", done: Done, progress: Progress) -> None:
    quarantine = job.quarantine.open("ab") if job.quarantine else None
    try:

        def sink(batch: Done) -> None:
            state.out.write(batch.out)
            if quarantine is not None and batch.bad:
                quarantine.write(batch.bad)
            progress.advance(batch.size)
            done.add(batch)
            state.note(done)

        redact_lines(source, sink, job.settings, job.workers)
        state.out.flush()
        os.fsync(state.out.fileno())
    finally:
        if quarantine is not None:
            quarantine.close()


class _State:
    """How far a job is, on disk."""

    def __init__(self, part: Path, name: str, out: BinaryIO) -> None:
        self.path = part.with_name(part.name + ".json")
        self.out = out
        self._name = name

    def taken_up(self, source: BinaryIO) -> Done:
        """Return what was done, with both files set to where it ended.

        Raises:
            ConfigError: there is no state, or it belongs to something else.
        """
        try:
            state = json.loads(self.path.read_bytes())
            done = Done(lines=state["lines"], size=state["size"], refused=state["refused"])
            done.counts.update(state["counts"])
        except (OSError, ValueError, KeyError) as exc:
            raise ConfigError(f"{self.path}: there is nothing to resume") from exc
        if state["name"] != self._name:
            raise ConfigError(f"{self.path}: made from another input or other recognisers")
        left = state["size"]
        while left and (data := source.read(min(left, 1 << 20))):
            left -= len(data)
        self.out.seek(state["written"])
        self.out.truncate()
        return done

    def note(self, done: Done) -> None:
        """Write down how far both files are, after every batch."""
        self.out.flush()
        os.fsync(self.out.fileno())
        state = {
            "name": self._name,
            "lines": done.lines,
            "size": done.size,
            "refused": done.refused,
        }
        state |= {"counts": dict(done.counts), "written": self.out.tell()}
        beside = self.path.with_name(self.path.name + ".new")
        beside.write_text(json.dumps(state), "utf-8")
        beside.replace(self.path)


def _identity(raw: BinaryIO, job: FileJob) -> str:
    """Name the beginning of the input and everything that decides what is found."""
    head = raw.read(_HEAD)
    raw.seek(0)
    redactor = job.settings.redactor()
    text = f"{hashlib.sha256(head).hexdigest()} {redactor.recognisers} {job.settings.style}"
    return hashlib.sha256(text.encode()).hexdigest()
