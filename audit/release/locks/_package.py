"""What every format of lock file comes to."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Package:
    """One locked package: where it is fetched from, and the SHA-256 digests that may be found.

    `platform` is empty where the format does not tell platforms apart.
    """

    name: str
    version: str
    hashes: frozenset[str]
    urls: tuple[str, ...] = ()
    platform: str = ""

    @property
    def place(self) -> str:
        """The package as a reader finds it in the file."""
        version = f" {self.version}" if self.version else ""
        return f"{self.name}{version}" + (f" ({self.platform})" if self.platform else "")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file that was read; `problems` say why another environment may come of it."""

    format: str
    packages: tuple[Package, ...]
    problems: tuple[str, ...]


def find_problems(packages: Iterable[Package]) -> Iterator[str]:
    """Give what is wrong with packages in any format: no SHA-256, or fetched without TLS."""
    for one in packages:
        if not one.version and not one.urls:
            yield f"{one.place}: no exact version"
        if not one.hashes:
            yield f"{one.place}: no sha256"
        elif bad := sorted(item for item in one.hashes if not SHA256.fullmatch(item)):
            yield f"{one.place}: {bad[0][:80]!r} is not a sha256"
        for url in one.urls:
            if not is_https(url):
                yield f"{one.place}: fetched from {shown(url)}, which is not https"


def is_https(url: str) -> bool:
    """Whether `url` is fetched with TLS from a named host."""
    return url.startswith("https://") and bool(_host(url))


def shown(url: str) -> str:
    """Return what may be said of a URL: no path, and nobody's password."""
    return (
        f"{url.partition(':')[0][:20]}://{_host(url)}" if "://" in url else "a place without a URL"
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
