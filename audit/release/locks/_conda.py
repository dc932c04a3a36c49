"""conda: `conda-lock.yml` (kind `lock`), and explicit lists (kind `explicit`).

`conda-lock -k explicit` writes lists named `conda-<platform>.lock`, which are not
`conda-lock.yml`; one under the other's name is said by name.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from audit.core import strict_yaml
from audit.core.errors import ConfigError
from audit.release.locks._package import Lock, Package, find_problems

EXPLICIT = "@EXPLICIT"
_FILE = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.(conda|tar\.bz2)")


def read_conda_lock(text: str, source: str) -> Lock:
    """Return what a conda-lock.yml pins.

    Raises:
        ConfigError: not strict YAML, or not of its shape.
    """
    value = strict_yaml.loads(text.encode("utf-8"), source=source).value
    metadata, listed = (
        _member(value, "metadata", dict, source),
        _member(value, "package", list, source),
    )
    packages = tuple(_package(item, f"{source}: package.{at}") for at, item in enumerate(listed))
    problems = (*_platforms(metadata, packages), *find_problems(packages))
    return Lock("conda-lock", packages, problems)


def read_explicit(text: str, source: str) -> Lock:
    """Return what an explicit list pins: one URL a line, its digest behind `#`."""
    packages = tuple(
        _listed(line.strip())
        for line in text.splitlines()
        if line.strip() and not line.startswith(("#", EXPLICIT))
    )
    wrong = (
        [f"{source.rpartition('/')[2]} holds an explicit list, not a conda-lock.yml (kind `lock`)"]
        if source.endswith((".yml", ".yaml"))
        else []
    )
    return Lock("conda-explicit", packages, (*wrong, *find_problems(packages)))


def _listed(line: str) -> Package:
    url, _, digest = line.partition("#")
    match = _FILE.fullmatch(url.rpartition("/")[2])
    name, version = (match["name"], match["version"]) if match else (url[:80], "")
    sha256 = digest.removeprefix("sha256:")
    hashes = frozenset({sha256}) if digest.startswith("sha256:") else frozenset()
    return Package(name, version, hashes, (url,))


def _platforms(metadata: Mapping[str, Any], packages: tuple[Package, ...]) -> Iterator[str]:
    platforms = metadata.get("platforms")
    hashes = metadata.get("content_hash")
    if not isinstance(platforms, list) or not platforms:
        yield "metadata.platforms names no platform"
        return
    for platform in platforms:
        if not isinstance(hashes, dict) or not hashes.get(platform):
            yield f"metadata.content_hash has none for {platform}"
        if not any(one.platform == platform for one in packages):
            yield f"no package is locked for the platform {platform}"
    for stray in sorted({one.platform for one in packages} - set(map(str, platforms))):
        yield f"packages are locked for {stray}, which metadata.platforms does not name"


def _package(item: Any, where: str) -> Package:
    if not isinstance(item, dict) or not all(isinstance(item.get(k), str) for k in ("name", "url")):
        raise ConfigError(f"{where}: a package has a name and a url")
    found = item.get("hash")
    sha256 = found.get("sha256") if isinstance(found, dict) else None
    return Package(
        item["name"],
        str(item.get("version", "")),
        frozenset({sha256}) if isinstance(sha256, str) else frozenset(),
        (item["url"],),
        str(item.get("platform", "")),
    )


def _member(value: Any, name: str, kind: type, source: str) -> Any:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind):
        raise ConfigError(f"{source}: {name} is not there, so this is no conda-lock.yml")
    return found
