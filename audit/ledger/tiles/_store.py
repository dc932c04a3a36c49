"""Where tiles lie: a folder that any web server can serve."""

import os
import shutil
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from audit.core.errors import EvidenceError, InputMissing
from audit.core.files import make_folder, open_regular, write_whole, writing

MAX_TILE = 256 * (2 + 65_535)


class TileStore(Protocol):
    """Files under names with slashes. A name that was written is never written otherwise."""

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, or None if there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file; it may be lost with the power until `publish`."""

    def publish(self, name: str, data: bytes) -> None:
        """Replace a file, once everything written before it is durable."""

    def remove(self, name: str) -> None:
        """Remove a file, or what lies below a folder, if it is there."""


class TileFolder(TileStore):
    """Tiles in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @override
    def read(self, name: str) -> bytes | None:
        path = self._root / name
        try:
            with open_regular(path) as file:
                size = os.fstat(file.fileno()).st_size
                data = file.read(min(size, MAX_TILE) + 1)  # the room is made before it is read
        except InputMissing:
            if path.exists():
                raise
            return None
        if len(data) > MAX_TILE:
            raise EvidenceError(f"{path} is larger than any tile")
        return data

    @override
    def write(self, name: str, data: bytes) -> None:
        path = self._root / name
        make_folder(path.parent)
        beside = path.with_name(f".{path.name}.part")
        try:
            beside.write_bytes(data)
            beside.replace(path)
        except OSError as exc:
            beside.unlink(missing_ok=True)
            raise writing(path, exc) from exc

    @override
    def publish(self, name: str, data: bytes) -> None:
        os.sync()  # thousands of small files: one flush of all is quicker than two for each
        make_folder(self._root)
        with write_whole(self._root / name) as file:
            file.write(data)

    @override
    def remove(self, name: str) -> None:
        path = self._root / name
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as exc:
            raise writing(path, exc) from exc
