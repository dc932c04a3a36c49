"""Where an artifact and its ledger are."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from audit.core.errors import InputMissing, UsageError
from audit.core.progress import SILENT, Progress
from audit.oci import (
    Access,
    Layout,
    copy,
    fetch_artifact,
    open_store,
    parse_digest_place,
    parse_place,
)


@contextlib.contextmanager
def open_artifact(
    name: str, *, access: Access | None = None, progress: Progress = SILENT
) -> Iterator[tuple[Layout, str]]:
    """Give the layout and the digest of `PLACE@sha256:...`.

    An artifact in a registry is copied, with what is attached to it, into a
    temporary layout that is gone when the block ends.

    Raises:
        UsageError: no digest; a tag can move between two reads.
        InputMissing: the layout is not there.
        RegistryUnavailable: the registry cannot be reached.
    """
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        yield fetch_artifact(name, Path(folder), access=access, progress=progress)


def push_artifact(
    layout: Layout, digest: str, target: str, *, access: Access | None, progress: Progress
) -> str:
    """Copy an artifact and what is attached to it to a registry, and return its name there.

    Raises:
        UsageError: `target` names no registry.
        RegistryUnavailable: the registry cannot be reached, or refuses.
    """
    place = parse_place(target)
    with open_store(place, access=access) as store:
        copy(layout, store, digest, ref_name=place.name, progress=progress)
    return f"{place.place}@{digest}"


def find_ledger(name: str) -> str:
    """Return the URL of the ledger that a run left beside the layout of `PLACE@sha256:...`.

    Raises:
        UsageError: there is none, or the artifact is in a registry, beside which nothing lies.
        InputMissing: there is no such layout.
    """
    path = parse_digest_place(name)[0].path
    if path is not None and not path.is_dir():
        raise InputMissing(f"{path} is not there, so no artifact is in it")
    beside = path.parent / "ledger.db" if path else None
    if beside is None or not beside.is_file():
        where = f"there is no {beside}" if beside else f"{name} is in a registry"
        raise UsageError(
            f"no ledger is named, and {where}",
            hint="name one: --ledger sqlite:///PATH, or AUDIT_LEDGER",
        )
    return f"sqlite:///{beside}"
