"""Model files made by hand: sound ones, and bad ones with harmless payloads.

Nothing here is loaded by anything; each case says for which reason it is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A directory of files, the one that is refused, and why."""

    files: Mapping[str, bytes]
    refused: str
    reason: str
    detail: str

    def write(self, folder: Path) -> Path:
        """Write the files below `folder` and return it."""
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder


def one(name: str, data: bytes, reason: str, detail: str) -> Case:
    """Return the case of a single file."""
    return Case({name: data}, name, reason, detail)
