"""Write the files of an artifact into a folder.

The rules:

* One layer, one file, named by the layer's annotation. Archives are not unpacked, so
  there are no links, devices, owners or modes to be had from outside.
* A path is relative, has no `..`, and is spelled so that no two of them can meet on a
  file system that ignores case or normalises names.
* The folder is new or empty, and holds in the end exactly the files of the manifest.
"""

import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from audit.core.errors import ConfigError, UsageError
from audit.core.files import make_folder, write_whole, writing
from audit.core.progress import SILENT, Progress
from audit.oci._descriptor import Descriptor
from audit.oci._manifest import parse_manifest
from audit.oci._modelpack import FILE_PATH
from audit.oci._store import Store

TITLE = "org.opencontainers.image.title"
MAX_PART = 255
MAX_PATH = 1024
_ARCHIVE = re.compile(r"[.+](tar|tar\+gzip|tar\+zstd|gzip|zstd|zip)$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\:*?\"<>|\ud800-\udfff]")
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def unpack(
    store: Store, digest: str, folder: Path, *, progress: Progress = SILENT
) -> tuple[Descriptor, ...]:
    """Write every file of the artifact `digest` under `folder` and return its layers.

    The folder appears whole or not at all.

    Raises:
        UsageError: the folder holds something already.
        ConfigError: a layer is an archive, or its path cannot be one.
        EvidenceError: a blob cannot be had.
        DigestMismatch: other bytes were given for a digest.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise UsageError(f"{folder} is not an empty folder", hint="name a folder that is not there")
    layers = parse_manifest(store.manifest(digest), source=digest).layers
    paths = file_paths(layers)
    make_folder(folder.parent)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for layer, path in zip(layers, paths, strict=True):
            make_folder((beside / path).parent)
            with write_whole(beside / path) as file:
                store.blob_into(file, layer, progress=progress)
        beside.chmod(0o755)
        _take_name(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return layers


def _take_name(beside: Path, folder: Path) -> None:
    try:
        os.rename(beside, folder)  # noqa: PTH104  (replaces an empty folder, never a full one)
    except OSError as exc:
        raise writing(folder, exc) from exc


def file_paths(layers: Sequence[Descriptor]) -> list[str]:
    """Return the path of each layer's file.

    Raises:
        ConfigError: a layer that is no plain file, a path that leaves the folder, or
            two paths that could be one.
    """
    if not layers:
        raise ConfigError("the artifact holds no files")
    paths = [_path(layer) for layer in layers]
    taken: set[str] = set()
    for path in paths:
        key = _folded(path)
        if key in taken:
            raise ConfigError(f"the file {path!r} is there twice, or differs in spelling alone")
        taken.add(key)
    for path in paths:
        parts = _folded(path).split("/")
        for end in range(1, len(parts)):
            if "/".join(parts[:end]) in taken:
                raise ConfigError(f"{path!r} lies in what is a file itself")
    return paths


def _path(layer: Descriptor) -> str:
    path = layer.annotations.get(FILE_PATH) or layer.annotations.get(TITLE)
    if path is None:
        raise ConfigError(f"layer {layer.digest} does not say which file it is")
    if _ARCHIVE.search(layer.media_type):
        raise ConfigError(f"{path!r} is an archive ({layer.media_type}); only files are unpacked")
    if len(path.encode("utf-8", "surrogatepass")) > MAX_PATH or _CONTROL.search(path):
        raise ConfigError(f"{path[:80]!r} is not a path that every system has")
    for part in path.split("/"):
        if part in {"", ".", ".."} or part[-1] in ". " or len(part.encode()) > MAX_PART:
            raise ConfigError(f"{path!r} is not a plain relative path")
        if _DEVICES.fullmatch(part):
            raise ConfigError(f"{path!r} names a device on some systems")
    return path


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())
