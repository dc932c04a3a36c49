"""Which files a dataset has, in an order that every file system gives.

A symbolic link to a file inside the tree is read as that file. One that leaves
the tree would make the fingerprint depend on what lies elsewhere: refused.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.core.errors import InputMissing, UsageError
from audit.core.files import reading

LINK_HINT = "copy the file into the dataset: cp -L"


def list_files(roots: Sequence[Path]) -> list[tuple[str, Path]]:
    """Return (name, path) of every file under `roots`, in code-point order of name.

    With one root, a folder's files are named from inside it and a file by its
    own name; with several, each name starts with its root's last part.

    Raises:
        UsageError: no files, two roots of one name, a link that leaves its tree, a
            name that is not UTF-8, a FIFO, socket or device.
        InputMissing: a root is not there or not readable.
    """
    if len({root.resolve().name for root in roots}) != len(roots):
        raise UsageError("two dataset paths end in the same name, so their files would collide")
    files: list[tuple[str, Path]] = []
    for root in roots:
        base = root.resolve().name
        if root.is_file():
            files.append((base, root))
            continue
        prefix = f"{base}/" if len(roots) > 1 else ""
        files += [(prefix + name, path) for name, path in _walk(root, root.resolve(), "")]
    if not files:
        raise UsageError(f"no files in {', '.join(map(str, roots))}", hint="name a dataset folder")
    return sorted(files)


def _walk(folder: Path, top: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.is_symlink()) for entry in entries]
    except OSError as exc:
        raise reading(folder, exc) from exc
    for name, is_link in found:
        path = folder / name
        _check_name(name, path)
        mode = _mode(path)
        if is_link:
            _check_link(path, top, mode)
        if stat.S_ISDIR(mode):
            yield from _walk(path, top, f"{prefix}{name}/")
        elif stat.S_ISREG(mode):
            yield prefix + name, path
        else:
            raise UsageError(f"{path}: not a file or folder")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError as exc:
        raise reading(path, exc) from exc


def _check_name(name: str, path: Path) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as exc:
        shown = os.fsencode(path)
        raise UsageError(f"the file name {shown!r} is not UTF-8", hint="rename it") from exc


def _check_link(path: Path, top: Path, mode: int) -> None:
    target = path.resolve()
    if not target.is_relative_to(top):
        raise UsageError(f"{path}: a symbolic link that leaves the dataset", hint=LINK_HINT)
    if stat.S_ISDIR(mode):
        raise UsageError(f"{path}: a symbolic link to a folder", hint=LINK_HINT)


def require_paths(roots: Sequence[Path]) -> None:
    """Check that every root is there before any is hashed.

    Raises:
        InputMissing: one is not.
    """
    for root in roots:
        if not root.exists():
            raise InputMissing(f"no such dataset: {root}", hint="check the path")
