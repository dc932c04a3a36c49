"""Which format a lock file has: told by its name, and by how its text begins."""

from audit.core.errors import ConfigError
from audit.release.locks._conda import EXPLICIT, read_conda_lock, read_explicit
from audit.release.locks._package import Lock
from audit.release.locks._pip import read_pip
from audit.release.locks._toml import read_toml

FORMATS = ("pip", "conda-lock", "conda-explicit", "uv", "pylock", "poetry")
MAX_LOCK = 4 << 20
"""Largest lock file that is read, in bytes."""


def read_lock(data: bytes, *, source: str) -> Lock:
    """Return what a lock file pins; `source` is its path, whose ending tells the format.

    Raises:
        ConfigError: too large, not UTF-8, or not of the shape its name promises.
    """
    if len(data) > MAX_LOCK:
        raise ConfigError(f"{source}: {len(data)} bytes; {MAX_LOCK} are read at most")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{source}: not UTF-8 at byte {exc.start}") from exc
    name = source.rpartition("/")[2].lower()
    if any(line.strip() == EXPLICIT for line in text.splitlines()):
        lock = read_explicit(text, source)
    elif name.endswith((".yml", ".yaml")):
        lock = read_conda_lock(text, source)
    elif name.endswith(".toml") or name in {"uv.lock", "poetry.lock"}:
        lock = read_toml(text, source)
    else:
        lock = read_pip(text, source)
    if lock.packages:
        return lock
    return Lock(lock.format, (), (*lock.problems, "no package is locked"))
