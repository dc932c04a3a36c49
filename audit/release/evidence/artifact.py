"""The artifact's manifest, read once; everything else is found from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.core.errors import ConfigError, DigestMismatch, EvidenceError
from audit.documents import BlobEvidence, Evidence, FormatEvidence, Refusal
from audit.oci import FILE_PATH, MODEL_TYPE, Descriptor, Layout, parse_manifest

TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a manifest whose bytes have the right digest names.

    `files` are the layers by the path of the file each one is.
    """

    config: Descriptor | None = None
    files: tuple[tuple[str, Descriptor], ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


def read_artifact(layout: Layout, digest: str) -> tuple[Artifact, list[Evidence]]:
    """Return the artifact `digest` names, and what reading its manifest showed.

    A manifest that is missing, other bytes, or no model gives an empty
    artifact, and the evidence says so.
    """
    try:
        data = layout.manifest(digest)
    except DigestMismatch as exc:
        return Artifact(), [_manifest(digest, exc.found)]
    except EvidenceError:
        return Artifact(), [_manifest(digest, None)]
    read = _manifest(digest, digest)
    try:
        manifest = parse_manifest(data, source="the manifest")
    except ConfigError as exc:
        return Artifact(), [read, _no_model(digest, str(exc))]
    if manifest.artifact_type != MODEL_TYPE:
        return Artifact(), [read, _no_model(digest, f"artifactType is not {MODEL_TYPE}")]
    files = tuple(
        (layer.annotations.get(FILE_PATH, f"layer {at}"), layer)
        for at, layer in enumerate(manifest.layers)
    )
    return Artifact(manifest.config, files, manifest.annotations), [read]


def _manifest(digest: str, found: str | None) -> BlobEvidence:
    return BlobEvidence(subject=digest, name="manifest", expected=digest, found=found)


def _no_model(digest: str, detail: str) -> FormatEvidence:
    return FormatEvidence(
        subject=digest,
        path="manifest",
        format="unknown",
        role=None,
        refusal=Refusal(reason="no-model", detail=detail),
    )
