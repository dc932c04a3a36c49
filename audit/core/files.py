"""Files: read bounded, write whole or not at all.

* A name that is read is opened once, and the open file is what is checked.
* A result appears under its name only when it is complete (write beside, then rename).
* Every `OSError` becomes one of our errors here, with the file's name in it.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from audit.core.errors import AuditError, ConfigError, InputMissing, StorageFailed, UsageError

MAX_DOCUMENT = 64 << 20
"""Largest configuration or document file that is read into memory, in bytes."""


def read_bounded(path: Path, *, limit: int = MAX_DOCUMENT) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes.

    Raises:
        InputMissing: not there, not readable, or not a regular file.
        ConfigError: larger than `limit`.
    """
    with open_regular(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ConfigError(f"{path}: larger than the {limit} bytes read at most")
    return data


@contextlib.contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading; a FIFO or device is refused instead of waited for.

    Raises:
        InputMissing: not there, not readable, or not a regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        file = os.fdopen(descriptor, "rb")
    except OSError as exc:
        raise reading(path, exc) from exc
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise InputMissing(f"{path}: not a regular file")
        try:
            yield file
        except OSError as exc:
            raise reading(path, exc) from exc


@contextlib.contextmanager
def write_whole(path: Path, *, mode: int = 0o644, replace: bool = True) -> Iterator[BinaryIO]:
    """Give a file to write; it takes the name `path` only when the block ends well.

    The bytes are on disk (fsync of file and folder) before the name is.
    Without `replace`, a file that has the name by then keeps it.

    Raises:
        StorageFailed: the folder is missing or read-only, or the disk is full.
        UsageError: the name is taken and `replace` is false.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            beside.replace(path)
        else:
            path.hardlink_to(beside)  # unlike a rename, fails when the name is taken
        _sync_folder(path.parent)
    except FileExistsError as exc:
        raise UsageError(f"{path} is already there and is not overwritten") from exc
    except OSError as exc:
        raise writing(path, exc) from exc
    finally:
        beside.unlink(missing_ok=True)


def make_folder(path: Path) -> Path:
    """Create `path` and its parents if needed, and return it.

    Raises:
        StorageFailed: it cannot be created, or a file has its name.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise writing(path, exc) from exc
    return path


def reading(path: Path, exc: OSError) -> AuditError:
    """Return our error for a failed read of `path`."""
    return InputMissing(
        f"cannot read {path}: {_why(exc)}", hint="check the path and its permissions"
    )


def writing(path: Path, exc: OSError) -> AuditError:
    """Return our error for a failed write of `path`."""
    hint = "free some space and run again" if exc.errno in {errno.ENOSPC, errno.EDQUOT} else None
    return StorageFailed(f"cannot write {path}: {_why(exc)}", hint=hint)


def _why(exc: OSError) -> str:
    return (exc.strerror or type(exc).__name__).lower()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
