"""Open whatever a reference names: a layout on disk or a repository in a registry."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import UsageError
from audit.core.progress import SILENT, Progress
from audit.oci._copy import copy
from audit.oci._layout import Layout
from audit.oci._reference import Reference, parse_digest_place
from audit.oci._store import Store


@dataclass(frozen=True, slots=True)
class Access:
    """How registries may be reached."""

    plain_http: bool = False
    """Speak to a registry on another machine without TLS."""
    token_hosts: frozenset[str] = frozenset()
    """Hosts other than the registry's that may be sent its login for a token."""


@contextlib.contextmanager
def open_store(
    place: Reference, *, access: Access | None = None, create: bool = False
) -> Iterator[Store]:
    """Give the store that `place` lies in.

    Raises:
        InputMissing: a layout that is not there, unless `create` is set.
        UsageError: a registry, and the extra `oci` is not installed.
    """
    if place.path is not None:
        yield Layout.create(place.path) if create else Layout.open(place.path)
        return
    try:
        from audit.oci.registry import open_registry
    except ModuleNotFoundError as exc:
        raise UsageError(
            f"{place.place} is in a registry, and this installation has no registry client",
            hint="pip install 'lastmile-audit[oci]'",
        ) from exc
    how = access or Access()
    registry = open_registry(place, plain_http=how.plain_http, token_hosts=how.token_hosts)
    with contextlib.closing(registry):
        yield registry


def fetch_artifact(
    text: str, folder: Path, *, access: Access | None = None, progress: Progress = SILENT
) -> tuple[Layout, str]:
    """Return a layout that holds the artifact `PLACE@sha256:...`, and the digest.

    An artifact in a registry is copied into a layout at `folder` with what is
    attached to it; one on disk stays where it is.

    Raises:
        UsageError: the reference has no digest; a tag can move between two reads.
        EvidenceError: the registry cannot be reached, or has not got it all.
        DigestMismatch: it gave other bytes for a digest.
    """
    place, digest = parse_digest_place(text)
    if place.path is not None:
        return Layout.open(place.path), digest
    layout = Layout.create(folder)
    with open_store(place, access=access) as store:
        copy(store, layout, digest, progress=progress)
    return layout, digest
