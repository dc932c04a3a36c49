"""A hashing function as the model room is given one; the real one is another room's."""

import hashlib
from pathlib import Path

from blake3 import blake3

from audit.documents import FileDigests, InspectedFile
from audit.model import inspect


def hash_file(path: Path) -> FileDigests:
    data = path.read_bytes()
    return FileDigests(
        size=len(data),
        blake3="blake3:" + blake3(data).hexdigest(),
        sha256="sha256:" + hashlib.sha256(data).hexdigest(),
    )


def look(folder: Path) -> dict[str, InspectedFile]:
    """Return what is found in a directory, by path."""
    return {file.path: file for file in inspect(folder, hash_file=hash_file).files}


def why(file: InspectedFile) -> str | None:
    """Return the reason a file is refused for, or None."""
    return None if file.refusal is None else file.refusal.reason
