"""File names that mean one file everywhere.

A model is unpacked on file systems that fold case and normalise Unicode; two
names that become one there would let the last file win.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from audit.model._refused import Refused, quoted

LONGEST = 1024


def require_safe(name: str) -> None:
    """Require a relative POSIX path that stays below its folder.

    Raises:
        Refused: `name-unsafe`.
    """
    parts = name.split("/")
    if (
        len(name) > LONGEST
        or any(part in {"", ".", ".."} for part in parts)
        or any(char in name for char in '\\:*?"<>|')
        or not name.isprintable()
        or any(part.endswith((".", " ")) for part in parts)
    ):
        raise Refused("name-unsafe", f"{quoted(name)} is not a plain relative path")


def colliding(names: Iterable[str]) -> frozenset[str]:
    """Return the names that some file system cannot tell from another, or from a folder."""
    folded = [(name, _folded(name)) for name in names]
    counts = Counter(name for _, name in folded)
    folders = {parent for _, name in folded for parent in _parents(name)}
    return frozenset(name for name, one in folded if counts[one] > 1 or one in folders)


def _parents(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def require_alone(name: str, collisions: frozenset[str]) -> None:
    """Require that no other file of the set has this name on any file system.

    Raises:
        Refused: `name-collision`.
    """
    if name in collisions:
        raise Refused(
            "name-collision", "another file or folder has this name, but for case or Unicode form"
        )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
