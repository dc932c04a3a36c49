"""CNCF ModelPack (model-spec v0.0.7): a model as an OCI artifact, one raw layer per file.

Layers are the files themselves, neither packed nor compressed, so the digest
of a layer is the digest of the file that will be opened.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from audit.core.canonical import canonical_bytes
from audit.core.errors import ConfigError, UsageError
from audit.documents import FileRole
from audit.oci._descriptor import Descriptor
from audit.oci._manifest import MANIFEST_TYPE

MODEL_TYPE = "application/vnd.cncf.model.manifest.v1+json"
MODEL_CONFIG_TYPE = "application/vnd.cncf.model.config.v1+json"
FILE_PATH = "org.cncf.model.filepath"
"""The annotation of a layer that says which file of the model it is."""
CREATED = "org.opencontainers.image.created"

LAYER_TYPES: Mapping[FileRole, str] = {
    FileRole.WEIGHT: "application/vnd.cncf.model.weight.v1.raw",
    FileRole.CONFIG: "application/vnd.cncf.model.weight.config.v1.raw",
    FileRole.DOC: "application/vnd.cncf.model.doc.v1.raw",
}


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a ModelPack configuration says about a model; None is left out."""

    name: str
    version: str
    format: str
    created: str | None = None
    family: str | None = None
    title: str | None = None
    description: str | None = None
    licenses: tuple[str, ...] = ()
    architecture: str | None = None
    param_size: str | None = None
    precision: str | None = None
    quantization: str | None = None


def modelpack_config(facts: ModelFacts, layers: Sequence[Descriptor]) -> bytes:
    """Return the canonical bytes of the configuration of a model with these layers.

    Raises:
        UsageError: no layers; an artifact of nothing is no model.
    """
    if not layers:
        raise UsageError(f"model {facts.name} has no files to package")
    descriptor: dict[str, Any] = {
        "createdAt": facts.created,
        "description": facts.description,
        "family": facts.family,
        "licenses": list(facts.licenses) or None,
        "name": facts.name,
        "title": facts.title,
        "version": facts.version,
    }
    config: dict[str, Any] = {
        "architecture": facts.architecture,
        "format": facts.format,
        "paramSize": facts.param_size,
        "precision": facts.precision,
        "quantization": facts.quantization,
    }
    return canonical_bytes(
        {
            "config": _present(config),
            "descriptor": _present(descriptor),
            "modelfs": {"diffIds": [layer.digest for layer in layers], "type": "layers"},
        }
    )


def modelpack_manifest(
    config: Descriptor, layers: Sequence[Descriptor], *, annotations: Mapping[str, str]
) -> bytes:
    """Return the canonical bytes of a model's manifest, layers in the order given.

    Raises:
        UsageError: a layer without a file path, or two layers with one path.
    """
    paths = [layer.annotations.get(FILE_PATH, "") for layer in layers]
    if not all(paths):
        raise UsageError(f"a layer has no annotation {FILE_PATH}")
    if len({path.casefold() for path in paths}) != len(paths):
        raise UsageError("two layers name the same file, or differ by case alone")
    return canonical_bytes(
        {
            "annotations": dict(annotations),
            "artifactType": MODEL_TYPE,
            "config": config.json(),
            "layers": [layer.json() for layer in layers],
            "mediaType": MANIFEST_TYPE,
            "schemaVersion": 2,
        }
    )


def source_date(environ: Mapping[str, str]) -> str | None:
    """Return the time SOURCE_DATE_EPOCH names (RFC 3339, UTC), or None when it is not set.

    Nothing else puts a time into an artifact, so that it can be made again.

    Raises:
        ConfigError: the variable is not a count of seconds since 1970.
    """
    text = environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,11}", text):
        raise ConfigError(f"SOURCE_DATE_EPOCH is {text!r}, not seconds since 1970")
    return datetime.fromtimestamp(int(text), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
