"""How an artifact is named on the command line: where it is, and its digest or name.

    ./models@sha256:9f86...           an image layout on disk
    ./models:1.4.0                    the same, by the name it has there
    registry.example/acme/m@sha256:.. a repository in a registry
    registry.example/acme/m:1.4.0     the same, by tag

A registry's name holds a dot or a port, or is `localhost`; a folder of such a
name is written with `./` in front. `oci:` in front always means a layout.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import UsageError

_DIGEST = r"sha256:[0-9a-f]{64}"
# Grammar of OCI distribution-spec 1.1 ("Pulling manifests"), host as in RFC 3986 without user.
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:[0-9])|\[[0-9a-f:.]+\])"
_REGISTRY = re.compile(
    rf"(?P<host>{_HOST}(?::[0-9]{{1,5}})?)/(?P<repository>{_PART}(?:/{_PART})*)"
    rf"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}))?(?:@(?P<digest>{_DIGEST}))?"
)
_LAYOUT = re.compile(
    rf"(?P<path>.+?)(?::(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}))?(?:@(?P<digest>{_DIGEST}))?",
    re.DOTALL,
)
MAX_REPOSITORY = 255


@dataclass(frozen=True, slots=True)
class LayoutReference:
    """An artifact in an image layout on disk, by digest."""

    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A place, and the artifact in it: by digest, by name, or neither."""

    path: Path | None
    """The layout, when it is one on disk."""
    host: str
    repository: str
    name: str | None
    digest: str | None

    @property
    def place(self) -> str:
        """Where the artifact is, without its name."""
        return str(self.path) if self.path else f"{self.host}/{self.repository}"


def parse_place(text: str) -> Reference:
    """Read a reference of any kind.

    Raises:
        UsageError: it is none.
    """
    explicit = text.startswith(("/", "./", "../", "oci:"))
    if not explicit and (match := _REGISTRY.fullmatch(text)):
        repository = match["repository"]
        if len(repository) > MAX_REPOSITORY:
            raise UsageError(f"{text!r}: the repository name is longer than {MAX_REPOSITORY}")
        return Reference(None, match["host"], repository, match["tag"], match["digest"])
    match = _LAYOUT.fullmatch(text.removeprefix("oci:"))
    if match is None or "@" in match["path"].rpartition("/")[2]:
        raise UsageError(
            f"{text!r} does not name an artifact",
            hint="write PLACE@sha256:HEX, where PLACE is a layout or HOST/REPOSITORY",
        )
    return Reference(Path(match["path"]), "", "", match["name"], match["digest"])


def parse_digest_place(text: str) -> tuple[Reference, str]:
    """Read a reference that must have a digest, and return both.

    Raises:
        UsageError: no digest. A name can be moved between the check and the use.
    """
    place = parse_place(text)
    if place.digest is None:
        raise UsageError(
            f"{text!r} does not name an artifact by digest",
            hint=f"audit oci inspect {text} prints the digest it has now",
        )
    return place, place.digest


def parse_reference(text: str) -> LayoutReference:
    """Read `LAYOUT@sha256:...`.

    Raises:
        UsageError: no digest, or in a registry.
    """
    place, digest = parse_digest_place(text)
    if place.path is None:
        raise UsageError(f"{text!r} is in a registry, not in a layout on disk")
    return LayoutReference(place.path, digest)
