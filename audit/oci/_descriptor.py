"""Descriptors (OCI image-spec 1.1, descriptor.md): what names a blob."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.documents import is_digest

MAX_SIZE = 1 << 50
"""Largest blob a descriptor may name, in bytes (1 PiB)."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob by digest and size, and what it is said to be."""

    media_type: str
    digest: str
    size: int
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """Return the descriptor as it stands in a manifest."""
        value: dict[str, Any] = {
            "mediaType": self.media_type,
            "size": self.size,
            "digest": self.digest,
        }
        if self.annotations:
            value["annotations"] = dict(self.annotations)
        if self.artifact_type:
            value["artifactType"] = self.artifact_type
        return value


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of `data` as `sha256:hex`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def parse_descriptor(value: object, where: str) -> Descriptor:
    """Read a descriptor; members we do not use (urls, data, platform) are passed over.

    Raises:
        ValueError: a malformed member, or a digest other than SHA-256.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{where} is not an object")  # noqa: TRY004
    digest, size = value.get("digest"), value.get("size")
    if not isinstance(digest, str) or not is_digest(digest) or not digest.startswith("sha256:"):
        raise ValueError(f"{where}.digest is not a sha256 digest")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_SIZE:
        raise ValueError(f"{where}.size is not a size in bytes")
    artifact_type = value.get("artifactType")
    if artifact_type is not None and not isinstance(artifact_type, str):
        raise ValueError(f"{where}.artifactType is not text")
    return Descriptor(
        media_type=text(value, "mediaType", where),
        digest=digest,
        size=size,
        artifact_type=artifact_type or None,
        annotations=text_map(value.get("annotations"), f"{where}.annotations"),
    )


def text(value: Mapping[str, Any], name: str, where: str) -> str:
    """Return a text member that is not empty.

    Raises:
        ValueError: it is absent, empty or not text.
    """
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise ValueError(f"{where}.{name} is not text")
    return found


def text_map(value: object, where: str) -> dict[str, str]:
    """Return a text-to-text member; absent means empty.

    Raises:
        ValueError: something else is there.
    """
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError(f"{where} is not a map from text to text")
    return value
