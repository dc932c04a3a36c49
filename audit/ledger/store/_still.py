"""SQLite files on a medium that cannot be written, such as a copy handed to a court.

SQLite reads a file in WAL mode only where it can make another one beside it for
shared memory. Where it cannot, and nobody writes, the file is read without
locks; whether it stayed as it was is looked at afterwards.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from audit.core.errors import LedgerUnavailable

_Mark = tuple[int, int, int, bool]


def is_still(path: Path) -> bool:
    """Whether `path` lies where we cannot write, and no writer has left a WAL file there."""
    folder = path.absolute().parent
    return not os.access(folder, os.W_OK, effective_ids=True) and not _wal(path).exists()


@contextlib.contextmanager
def unchanged(path: Path, url: str) -> Iterator[None]:
    """Read while the block runs.

    Raises:
        LedgerUnavailable: the file is another one afterwards; whatever was read is not known.
    """
    before = _mark(path)
    try:
        yield
    finally:
        if before is None or before != _mark(path):
            raise LedgerUnavailable(f"{url} changed while it was read", hint="open it again")


def _mark(path: Path) -> _Mark | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, _wal(path).exists())


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")
