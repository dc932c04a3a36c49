"""Log files, line by line: JSON at its leaves, anything else as text; order kept.

* A line that cannot be read or scanned whole leaves as one placeholder line, is
  counted and named by its number, and goes as it was to the quarantine, if there
  is one. No line is dropped.
* Work is done in batches by processes that are few batches ahead, so memory does
  not grow with the file. When a process dies the run ends; the output is not there.
"""

import gzip
import io
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import BinaryIO

from audit.core.errors import ExtraMissing, InputMissing, RedactionFailed
from audit.redact._redactor import Redactor, Settings
from audit.redact._replace import WHOLE, placeholder, typed
from audit.redact._structured import redact_json

BATCH = 256 << 10
"""Bytes of lines that one process takes at a time."""
MOST_LINE = 8 << 20
"""Longest line in bytes that is scanned."""
_AHEAD = 3
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class LineSettings:
    """What a worker needs to make its redactor."""

    style: str = "placeholder"
    names: bool = False
    budget: float = 10.0

    def redactor(self) -> Redactor:
        """Return the redactor these settings describe.

        Raises:
            ExtraMissing: names are wanted and a model is not installed.
        """
        settings = Settings(
            on_failure="refuse",
            budget=self.budget,
            most=MOST_LINE,
            replacement=typed if self.style == "typed" else placeholder,
        )
        if not self.names:
            return Redactor(settings)
        from audit.redact.names import Names

        return Redactor(settings, [Names()])


@dataclass(slots=True)
class Done:
    """What became of a batch, or of a file: its lines, and which of them were refused."""

    out: bytes = b""
    lines: int = 0
    size: int = 0
    refused: list[int] = field(default_factory=list)
    """Numbers of the lines that were refused, from 1."""
    counts: Counter[str] = field(default_factory=Counter)
    bad: bytes = b""

    def add(self, other: "Done") -> None:
        """Take another batch behind this one, without its text."""
        self.refused.extend(self.lines + number for number in other.refused)
        self.lines += other.lines
        self.size += other.size
        self.counts.update(other.counts)


Sink = Callable[[Done], object]
"""Takes what is ready, in order."""


def redact_lines(source: BinaryIO, sink: Sink, settings: LineSettings, workers: int = 1) -> Done:
    """Redact the lines of `source` and give them to `sink` in order; return the totals.

    Raises:
        RedactionFailed: a worker died.
        ExtraMissing: names are wanted and a model is not installed.
    """
    total = Done()
    results = _serial(source, settings) if workers < 2 else _parallel(source, settings, workers)
    for done in results:
        sink(done)
        total.add(done)
    return total


def _serial(source: BinaryIO, settings: LineSettings) -> Iterator[Done]:
    redactor = settings.redactor()
    for batch in batches(source):
        yield _batch(redactor, batch)


def _parallel(source: BinaryIO, settings: LineSettings, workers: int) -> Iterator[Done]:
    settings.redactor()  # a missing model is said here, not by a dead worker
    waiting: deque[Future[Done]] = deque()
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start, (settings,))
    try:
        for batch in batches(source):
            waiting.append(pool.submit(_work, batch))
            if len(waiting) > workers * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as exc:
        raise RedactionFailed("a worker process died before its lines were redacted") from exc
    finally:
        pool.shutdown(cancel_futures=True)


_worker: list[Redactor] = []


def _start(settings: LineSettings) -> None:
    _worker[:] = [settings.redactor()]


def _work(batch: list[bytes]) -> Done:
    return _batch(_worker[0], batch)


def batches(source: BinaryIO) -> Iterator[list[bytes]]:
    """Give the lines of `source` in batches; a line over the limit comes cut to its first part."""
    lines: list[bytes] = []
    size = 0
    while line := source.readline(MOST_LINE + 1):
        if len(line) > MOST_LINE and not line.endswith(b"\n"):
            while (more := source.readline(MOST_LINE)) and not more.endswith(b"\n"):
                pass
            line = line[: MOST_LINE + 1]
        lines.append(line)
        size += len(line)
        if size >= BATCH:
            yield lines
            lines, size = [], 0
    if lines:
        yield lines


def _batch(redactor: Redactor, lines: list[bytes]) -> Done:
    done = Done(lines=len(lines))
    out, bad = [], []
    for number, line in enumerate(lines, start=1):
        done.size += len(line)
        redacted = _line(redactor, line, done.counts)
        if redacted is None:
            done.refused.append(number)
            bad.append(line)
            redacted = WHOLE.encode() + (
                b"\n" if line.endswith(b"\n") or len(line) > MOST_LINE else b""
            )
        out.append(redacted)
    done.out, done.bad = b"".join(out), b"".join(bad)
    return done


def _line(redactor: Redactor, line: bytes, counts: Counter[str]) -> bytes | None:
    """Return a line redacted, or None when it could not be read or scanned whole."""
    if len(line) > MOST_LINE:
        return None
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return None
    body = text.rstrip("\r\n")
    try:
        result = redact_json(redactor, body) if body[:1] in ("{", "[") else None
        result = result or redactor.redact(body)
    except RedactionFailed:
        return None
    if result.is_clean:
        return line
    for span in result.spans:
        counts[span.type] += 1
    return (result.text + text[len(body) :]).encode("utf-8")


def opened(source: BinaryIO) -> BinaryIO:
    """Return `source` unpacked when it is gzip or zstd, by its first bytes.

    Raises:
        ExtraMissing: zstd, and the library for it is not installed.
        InputMissing: it cannot be read.
    """
    head = io.BufferedReader(source, 1 << 20) if isinstance(source, io.RawIOBase) else source
    try:
        magic = head.peek(4)[:4] if isinstance(head, io.BufferedReader) else b""
    except OSError as exc:
        raise InputMissing("the input cannot be read") from exc
    if magic[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=head)  # type: ignore[return-value]
    if magic == b"\x28\xb5\x2f\xfd":
        try:
            import zstandard
        except ImportError as exc:
            raise ExtraMissing("zstandard", extra="redact") from exc
        reader = zstandard.ZstdDecompressor().stream_reader(head)
        return io.BufferedReader(reader)
    return head
