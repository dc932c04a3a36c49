"""The files of a model directory, for OpenSSF Model Signing: all of them, and plain ones only.

Nothing is left out for its name. A hidden file is loaded like any other, and an
empty folder or a link is something a signature over files cannot say.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from audit.core.errors import ConfigError, FileChanged, InputMissing
from audit.core.files import open_regular, reading

MAX_FILES = 100_000
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file: its path in the model, and the hex of its SHA-256.

    Or one shard of a file, which is named `path:start:end`, the end left out.
    """

    name: str
    sha256: str


def model_files(
    folder: Path, *, except_for: Path | None = None, shard: int | None = None
) -> tuple[ModelFile, ...]:
    """Return every file under `folder` in order of its path, without the signature itself.

    Paths are compared folder by folder, so `a/b` comes before `a.txt`. With `shard`,
    the files come in pieces of so many bytes.

    Raises:
        InputMissing: no such folder, or a file in it cannot be read.
        ConfigError: a link, device or empty folder, a name that is not text, no files
            at all, or too many; in pieces, also an empty file.
    """
    if not folder.is_dir():
        raise InputMissing(f"{folder} is not a folder")
    left_out = except_for.resolve() if except_for else None
    found = []
    for path in _walk(folder):
        if path.resolve() == left_out:
            continue
        found.append(path)
        if len(found) > MAX_FILES:
            raise ConfigError(f"{folder}: more than {MAX_FILES} files")
    if not found:
        raise ConfigError(f"{folder}: there are no files to sign")
    named = {path.relative_to(folder).as_posix(): path for path in found}
    ordered = {name: named[name] for name in sorted(named, key=lambda name: name.split("/"))}
    if shard is not None:
        return tuple(_shards(ordered, shard))
    return tuple(ModelFile(name, _sha256(path)) for name, path in ordered.items())


def _shards(files: Mapping[str, Path], length: int) -> Iterator[ModelFile]:
    sizes = {name: path.stat().st_size for name, path in files.items()}
    if sum(-(-size // length) for size in sizes.values()) > MAX_FILES:
        raise ConfigError(f"shards of {length} bytes would be more than {MAX_FILES}")
    for name, path in files.items():
        if sizes[name] == 0:
            raise ConfigError(f"{path}: a signature over shards cannot speak of an empty file")
        with open_regular(path) as file:
            for start in range(0, sizes[name], length):
                end = min(start + length, sizes[name])
                digest = _read(file, end - start)
                if digest is None:
                    raise FileChanged(f"{path} became shorter while it was read")
                yield ModelFile(f"{name}:{start}:{end}", digest)


def _read(file: IO[bytes], size: int) -> str | None:
    """Return the hex of the SHA-256 of the next `size` bytes, or None if there are fewer."""
    hasher = hashlib.sha256()
    while size and (chunk := file.read(min(CHUNK, size))):
        hasher.update(chunk)
        size -= len(chunk)
    return None if size else hasher.hexdigest()


def _walk(folder: Path) -> list[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as exc:
        raise reading(folder, exc) from exc
    if not entries:
        raise ConfigError(f"{folder}: an empty folder cannot be signed")
    found = []
    for entry in entries:
        path = Path(entry.path)
        if not entry.name.isprintable() or "\\" in entry.name:
            raise ConfigError(f"{folder}: the name {entry.name!r} cannot be signed")
        if entry.is_symlink():
            raise ConfigError(f"{path}: a link cannot be signed")
        if entry.is_dir(follow_symlinks=False):
            found += _walk(path)
        elif entry.is_file(follow_symlinks=False):
            found.append(path)
        else:
            raise ConfigError(f"{path}: not a regular file")
    return found


def _sha256(path: Path) -> str:
    hasher = hashlib.sha256()
    with open_regular(path) as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()


def model_digest(files: tuple[ModelFile, ...]) -> str:
    """Return the digest an OMS statement is about: SHA-256 over the raw digests in order.

    It does not bind names; the list of resources in the predicate does.
    """
    raw = b"".join(bytes.fromhex(file.sha256) for file in files)
    return "sha256:" + hashlib.sha256(raw).hexdigest()
