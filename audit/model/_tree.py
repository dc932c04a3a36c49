"""Every file of a model directory: a closed world of regular files.

What is not a regular file would mean something else wherever it is copied, so
the whole directory is refused for it, before anything is read.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from audit.core.errors import InputMissing, ModelRefused, UsageError
from audit.core.files import reading

MAX_FILES = 100_000


def list_files(root: Path) -> list[tuple[str, Path]]:
    """Return (name, path) of every file under `root`, in code-point order of name.

    Raises:
        InputMissing: `root` is not a directory that can be read.
        UsageError: it holds no files, or more than 100 000.
        ModelRefused: a symbolic link, FIFO, socket or device, or a name that is
            not UTF-8.
    """
    if not root.is_dir():
        raise InputMissing(f"{root} is not a directory", hint="name the model's directory")
    files: list[tuple[str, Path]] = []
    for name, path in _walk(root, ""):
        files.append((name, path))
        if len(files) > MAX_FILES:
            raise UsageError(f"{root} holds more than {MAX_FILES} files")
    if not files:
        raise UsageError(f"{root} holds no files", hint="name the model's directory")
    return sorted(files)


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError as exc:
        raise reading(folder, exc) from exc
    for entry in found:
        try:
            entry.name.encode("utf-8")
        except UnicodeEncodeError:
            shown = prefix + entry.name.encode("utf-8", "backslashreplace").decode("ascii")
            raise ModelRefused(shown, "name-unsafe", "the name is not UTF-8") from None
        name, path = prefix + entry.name, folder / entry.name
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            yield from _walk(path, name + "/")
        elif stat.S_ISREG(mode):
            yield name, path
        else:
            raise _not_regular(name, mode)


def _not_regular(name: str, mode: int) -> ModelRefused:
    if stat.S_ISLNK(mode):
        return ModelRefused(
            name,
            "symlink",
            "a symbolic link, which means another file wherever it is copied",
            hint="copy the files into the model directory: cp -rL",
        )
    return ModelRefused(name, "special-file", "a FIFO, socket or device")
