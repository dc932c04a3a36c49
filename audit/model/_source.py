"""One open model file, read by offset in bounded pieces.

* Nothing is mapped: a read touches one block, whatever the size of the file.
* The file is opened once, and what is compared at the end is the open file, so a
  name that changes hands is noticed.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from audit.core.errors import FileChanged
from audit.core.files import open_regular, reading
from audit.model._refused import Refused

BLOCK = 1 << 18
"""Bytes read at once, and kept; neighbours are then answered from memory."""

JUMP = 1 << 12
"""Bytes read after a jump, when nobody knows yet whether the neighbours are wanted."""


class Source:
    """The bytes of one open file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self._descriptor = file.fileno()
        self._block = b""
        self._base = 0

    def read(self, at: int, count: int) -> bytes:
        """Return exactly `count` bytes from `at`.

        Raises:
            Refused: `truncated`, the file ends before that.
        """
        begin = at - self._base
        if begin >= 0 and begin + count <= len(self._block):
            return self._block[begin : begin + count]
        if at + count > self.size:
            raise Refused(
                "truncated", f"{count} bytes at {at} run past the end of the file at {self.size}"
            )
        if count > BLOCK:
            return self._pread(at, count)
        goes_on = self._base <= at <= self._base + len(self._block)
        ahead = BLOCK if goes_on else max(count, JUMP)
        self._block, self._base = self._pread(at, min(ahead, self.size - at)), at
        return self._block[:count]

    def head(self, count: int) -> bytes:
        """Return the first `count` bytes, or all of a shorter file."""
        return self.read(0, min(count, self.size))

    def chunks(self, begin: int, end: int) -> Iterator[bytes]:
        """Give the bytes from `begin` to `end` in pieces of at most one block."""
        while begin < end:
            piece = self.read(begin, min(BLOCK, end - begin))
            yield piece
            begin += len(piece)

    def _pread(self, at: int, count: int) -> bytes:
        pieces = []
        while count:
            piece = os.pread(self._descriptor, count, at)
            if not piece:
                raise Refused("truncated", f"the file ended at {at} while it was read")
            pieces.append(piece)
            at, count = at + len(piece), count - len(piece)
        return b"".join(pieces)


@contextlib.contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file to be inspected; the block ends well only if it did not change.

    Raises:
        InputMissing: not there, not readable or not a regular file.
        FileChanged: it changed, or its name now means another file.
    """
    with open_regular(path) as file:
        before = _state(os.fstat(file.fileno()))
        yield Source(file, os.fstat(file.fileno()).st_size)
        if not before == _state(os.fstat(file.fileno())) == _state(_stat(path)):
            raise FileChanged(
                f"{path} changed while it was inspected", hint="stop the writer and run again"
            )


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as exc:
        raise reading(path, exc) from exc


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
