"""What changed between two lock files."""

from collections.abc import Iterator
from typing import Literal

from audit.documents import LockChange
from audit.release.locks._package import Lock, Package

Kind = Literal["added", "removed", "version", "hash"]


def compare_locks(before: Lock, after: Lock) -> list[LockChange]:
    """Return the changes from one lock file to another, by name of the package."""
    old, new = _by_name(before), _by_name(after)
    changes: list[LockChange] = []
    for name, platform in sorted({*old, *new}):
        was, now = old.get((name, platform), {}), new.get((name, platform), {})
        shown = name + (f" ({platform})" if platform else "")
        changes += _changes(shown, was, now)
    return changes


def _changes(name: str, was: dict[str, Package], now: dict[str, Package]) -> Iterator[LockChange]:
    for version in sorted({*was} & {*now}):
        before, after = (", ".join(sorted(one[version].hashes)) for one in (was, now))
        if before != after:
            yield _change("hash", f"{name} {version}", before, after)
    gone, come = sorted({*was} - {*now}), sorted({*now} - {*was})
    if gone and come:
        yield _change("version", name, ", ".join(gone), ", ".join(come))
    elif gone:
        yield _change("removed", name, ", ".join(gone), "")
    elif come:
        yield _change("added", name, "", ", ".join(come))


def _change(kind: Kind, package: str, before: str, after: str) -> LockChange:
    return LockChange(kind=kind, package=package, before=before, after=after)


def _by_name(lock: Lock) -> dict[tuple[str, str], dict[str, Package]]:
    found: dict[tuple[str, str], dict[str, Package]] = {}
    for one in lock.packages:
        name = one.name.lower().replace("_", "-")
        found.setdefault((name, one.platform), {})[one.version] = one
    return found
