"""Image manifests and indexes (OCI image-spec 1.1), read strictly and bounded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.oci._descriptor import Descriptor, parse_descriptor, text_map

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
EMPTY = b"{}"

MAX_MANIFEST = 4 << 20
"""Largest manifest, in bytes: what OCI distribution-spec 1.1 asks registries to accept."""
MAX_LAYERS = 1000
MAX_INDEX_ENTRIES = 10_000
MAX_REFERRERS = 1000
"""Most manifests attached to one artifact that are opened."""
_DOCKER = "application/vnd.docker.distribution.manifest"
DOCKER_TYPES = frozenset({f"{_DOCKER}.v2+json", f"{_DOCKER}.list.v2+json"})
"""Older manifests: signed and verified by digest like any other, and not looked into."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One artifact: a configuration, layers, and what it is attached to."""

    media_type: str
    artifact_type: str | None
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None
    annotations: Mapping[str, str]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """The configuration and the layers."""
        return (self.config, *self.layers)


@dataclass(frozen=True, slots=True)
class Index:
    """A list of manifests."""

    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None
    annotations: Mapping[str, str]


def parse_manifest(data: bytes, *, source: str) -> Manifest:
    """Read an image manifest; `source` names it in errors.

    Raises:
        ConfigError: not strict JSON, not a manifest, or beyond the bounds.
    """
    value = _object(data, source)
    try:
        return _manifest(value)
    except ValueError as exc:
        raise ConfigError(f"{source}: {exc}") from exc


def parse_index(data: bytes, *, source: str) -> Index:
    """Read an image index; `source` names it in errors.

    Raises:
        ConfigError: not strict JSON, not an index, or beyond the bounds.
    """
    value = _object(data, source)
    try:
        return _index(value)
    except ValueError as exc:
        raise ConfigError(f"{source}: {exc}") from exc


@dataclass(frozen=True, slots=True)
class Kind:
    """What a manifest says it is, and what it is attached to."""

    media_type: str
    artifact_type: str | None
    subject: Descriptor | None


def manifest_kind(data: bytes) -> Kind:
    """Return what a manifest says it is.

    Raises:
        ConfigError: no kind of manifest, or a malformed one.
    """
    value = _object(data, "the manifest")
    if value.get("mediaType") in DOCKER_TYPES:
        return Kind(value["mediaType"], None, None)
    if "manifests" in value:
        return Kind(INDEX_TYPE, None, parse_index(data, source="the manifest").subject)
    manifest = parse_manifest(data, source="the manifest")
    return Kind(MANIFEST_TYPE, manifest.artifact_type, manifest.subject)


def _manifest(value: Mapping[str, Any]) -> Manifest:
    # The body says what it is, so that no second reader takes it for something else.
    if value.get("mediaType") != MANIFEST_TYPE or "manifests" in value:
        raise ValueError(f"not a manifest ({MANIFEST_TYPE})")
    artifact_type = value.get("artifactType")
    if artifact_type is not None and not isinstance(artifact_type, str):
        raise ValueError("artifactType is not text")
    return Manifest(
        media_type=MANIFEST_TYPE,
        artifact_type=artifact_type or None,
        config=parse_descriptor(value.get("config"), "config"),
        layers=_descriptors(value, "layers", MAX_LAYERS),
        subject=_subject(value),
        annotations=text_map(value.get("annotations"), "annotations"),
    )


def _index(value: Mapping[str, Any]) -> Index:
    if value.get("mediaType", INDEX_TYPE) != INDEX_TYPE or "layers" in value:
        raise ValueError(f"not an index ({INDEX_TYPE})")
    return Index(
        manifests=_descriptors(value, "manifests", MAX_INDEX_ENTRIES),
        subject=_subject(value),
        annotations=text_map(value.get("annotations"), "annotations"),
    )


def _object(data: bytes, source: str) -> dict[str, Any]:
    if len(data) > MAX_MANIFEST:
        raise ConfigError(f"{source}: {len(data)} bytes; {MAX_MANIFEST} are read at most")
    value = strict_json.loads(data, source=source)
    if not isinstance(value, dict):
        raise ConfigError(f"{source}: not an object")
    if value.get("schemaVersion") != 2:
        raise ConfigError(f"{source}: schemaVersion is not 2")
    return value


def _descriptors(value: Mapping[str, Any], name: str, most: int) -> tuple[Descriptor, ...]:
    items = value.get(name)
    if not isinstance(items, list):
        raise ValueError(f"{name} is not a list")  # noqa: TRY004
    if len(items) > most:
        raise ValueError(f"{name} has {len(items)} items; {most} are read at most")
    return tuple(parse_descriptor(item, f"{name}.{at}") for at, item in enumerate(items))


def _subject(value: Mapping[str, Any]) -> Descriptor | None:
    subject = value.get("subject")
    return None if subject is None else parse_descriptor(subject, "subject")
