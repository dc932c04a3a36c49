"""Both digests in one pass: SHA-256 in this thread, BLAKE3 beside it.

Both libraries let go of the interpreter lock while they hash, so on two cores
the pass takes the time of the slower one. A file is opened once; what is
compared before and after is the open file, not its name.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from blake3 import blake3

from audit.core.errors import FileChanged
from audit.core.files import open_regular
from audit.core.progress import SILENT, Progress
from audit.documents import FileDigests

CHUNK = 1 << 20
SMALL = 1 << 18
"""Below this many bytes a second thread costs more than it saves."""

Algorithm = Literal["blake3", "sha256"]
BOTH: tuple[Algorithm, ...] = ("blake3", "sha256")


class _Hash(Protocol):
    def update(self, data: memoryview, /) -> object: ...
    def hexdigest(self) -> str: ...


_NEW: dict[Algorithm, Callable[[], _Hash]] = {"blake3": blake3, "sha256": hashlib.sha256}


def hash_file(path: Path, *, progress: Progress = SILENT) -> FileDigests:
    """Return size, BLAKE3 and SHA-256 of a file, read once.

    Raises:
        InputMissing: the file is not there, not readable or not regular.
        FileChanged: it changed while it was read.
    """
    with open_regular(path) as file:
        before = _state(file)
        found = hash_stream(file, size=before[0], progress=progress)
        if _state(file) != before:
            raise FileChanged(
                f"{path} changed while it was hashed", hint="stop the writer and run again"
            )
    return FileDigests(
        size=before[0],
        blake3=f"blake3:{found['blake3']}",
        sha256=f"sha256:{found['sha256']}",
    )


def hash_stream(
    file: BinaryIO,
    *,
    size: int,
    algorithms: tuple[Algorithm, ...] = BOTH,
    progress: Progress = SILENT,
) -> dict[Algorithm, str]:
    """Return the hex digest of the rest of `file` for each of `algorithms`.

    `size` is how many bytes are expected; it only decides whether a second
    thread is worth starting.
    """
    hashes = {name: _NEW[name]() for name in algorithms}
    own, *others = hashes.values()
    if not others or size < SMALL:
        for chunk in _chunks(file, progress):
            for one in hashes.values():
                one.update(chunk)
    else:
        _hash_beside(_chunks(file, progress), own, others[0])
    return {name: one.hexdigest() for name, one in hashes.items()}


def _hash_beside(chunks: Iterator[memoryview], beside: _Hash, own: _Hash) -> None:
    """Feed every chunk to both hashes, `beside` in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        for chunk in chunks:
            other = pool.submit(beside.update, chunk)
            own.update(chunk)
            other.result()  # before the buffer is filled again


def _chunks(file: BinaryIO, progress: Progress) -> Iterator[memoryview]:
    """Give the file in pieces of one buffer; each piece lives until the next is asked for."""
    buffer = memoryview(bytearray(CHUNK))
    while count := file.readinto(buffer):  # type: ignore[attr-defined]
        yield buffer[:count]
        progress.advance(count)


def _state(file: BinaryIO) -> tuple[int, int, int]:
    stat = os.fstat(file.fileno())
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
