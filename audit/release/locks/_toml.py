"""Lock files in TOML: `uv.lock`, `pylock.toml` (PEP 751) and `poetry.lock`."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from audit.core.errors import ConfigError
from audit.release.locks._package import Lock, Package, find_problems

_LOCAL = ("editable", "directory", "path", "virtual", "git", "vcs")


def read_toml(text: str, source: str) -> Lock:
    """Return what a lock file in TOML pins.

    Raises:
        ConfigError: not TOML, or of none of the three shapes.
    """
    try:
        value = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ConfigError(f"{source}: {str(exc) or 'nests too deep'}") from exc
    listed, name = value.get("packages"), "pylock"
    if not isinstance(listed, list):
        listed = value.get("package")
        name = "poetry" if isinstance(value.get("metadata"), dict) else "uv"
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ConfigError(f"{source}: no list of packages, so this is no lock file we know")
    foreign = [item for item in listed if not _is_project(item)]
    local = [problem for item in foreign for problem in _local(item)]
    fetched = [_package(item) for item in foreign if not any(_local(item))]
    return Lock(name, tuple(map(_package, foreign)), (*local, *find_problems(fetched)))


def _is_project(item: Mapping[str, Any]) -> bool:
    """Whether an item is the project itself: what uv writes for the folder of the lock file."""
    source = item.get("source")
    return isinstance(source, dict) and any(source.get(k) == "." for k in ("editable", "virtual"))


def _local(item: Mapping[str, Any]) -> Iterator[str]:
    source = item.get("source")
    for kind in _LOCAL:
        found = item.get(kind) or (source.get(kind) if isinstance(source, dict) else None)
        if found:
            yield f"{item.get('name')}: comes from its {kind}, which may change"


def _package(item: Mapping[str, Any]) -> Package:
    hashes: set[str] = set()
    urls: list[str] = []
    for file in _files(item):
        named, digest = file.get("hashes"), file.get("hash")
        if isinstance(named, dict):  # pylock names the algorithm in a key, the others in the text
            digest = f"sha256:{named.get('sha256', '')}"
        if isinstance(digest, str) and digest.startswith("sha256:") and digest != "sha256:":
            hashes.add(digest.removeprefix("sha256:"))
        if isinstance(url := file.get("url"), str):
            urls.append(url)
    return Package(
        str(item.get("name")), str(item.get("version", "")), frozenset(hashes), tuple(urls)
    )


def _files(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in ("wheels", "files", "sdist", "archive"):
        found = item.get(key)
        for file in found if isinstance(found, list) else [found]:
            if isinstance(file, dict):
                yield file
