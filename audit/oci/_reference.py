"""How an artifact is named on the command line: where it is, and its digest."""

import re
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import UsageError

_LAYOUT = re.compile(r"(?P<path>.+)@(?P<digest>sha256:[0-9a-f]{64})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LayoutReference:
    """An artifact in an image layout on disk."""

    path: Path
    digest: str


def parse_reference(text: str) -> LayoutReference:
    """Read `LAYOUT@sha256:...`.

    Raises:
        UsageError: no digest. A name can be moved between the check and the use.
    """
    match = _LAYOUT.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} does not name an artifact by digest",
            hint="write LAYOUT@sha256:HEX; audit oci inspect LAYOUT lists the digests",
        )
    return LayoutReference(Path(match["path"]), match["digest"])
