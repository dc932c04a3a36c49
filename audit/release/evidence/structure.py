"""Structure: do the manifest, the configuration and the blobs say the same?

Clients go by different parts of an artifact: one unpacks by media type, one trusts
a size, one the order in the configuration. Where the parts differ, clients get
different models from one digest, and the gate has seen one of them.
"""

from collections.abc import Iterator
from typing import Any

from audit.core import strict_json
from audit.core.errors import ConfigError, EvidenceError, VerificationError
from audit.documents import StructureEvidence
from audit.oci import FILE_PATH, LAYER_TYPES, MODEL_CONFIG_TYPE, Descriptor, Layout
from audit.release.evidence.artifact import Artifact

MAX_CONFIG = 4 << 20
"""Largest configuration that is read, in bytes."""
CONFIG = "config"


def check_structure(layout: Layout, digest: str, artifact: Artifact) -> Iterator[StructureEvidence]:
    """Give evidence for the configuration and each file of an artifact."""
    if artifact.config is None:
        return
    problem = _config(layout, artifact.config, [layer for _, layer in artifact.files])
    yield StructureEvidence(subject=digest, part=CONFIG, problem=problem)
    for path, layer in artifact.files:
        yield StructureEvidence(subject=digest, part=path, problem=_layer(layout, layer))


def read_config(layout: Layout, config: Descriptor) -> dict[str, Any]:
    """Return an artifact's configuration.

    Raises:
        ConfigError: it is no JSON object.
        EvidenceError, VerificationError: it cannot be had, or has another digest.
    """
    value = strict_json.loads(layout.blob(config.digest, limit=MAX_CONFIG), source=CONFIG)
    if not isinstance(value, dict):
        raise ConfigError(f"{CONFIG}: not an object")
    return value


def _config(layout: Layout, config: Descriptor, layers: list[Descriptor]) -> str | None:
    if config.media_type != MODEL_CONFIG_TYPE:
        return f"is of type {config.media_type[:100]!r}, not {MODEL_CONFIG_TYPE}"
    try:
        value = read_config(layout, config)
    except (ConfigError, EvidenceError, VerificationError) as exc:
        return f"cannot be read: {exc}"
    model = value.get("modelfs")
    if not isinstance(model, dict) or model.get("type") != "layers":
        return "has no modelfs of type layers"
    if model.get("diffIds") != [layer.digest for layer in layers]:
        return "lists other layers (modelfs.diffIds) than the manifest, or in another order"
    return _size(layout, config)


def _layer(layout: Layout, layer: Descriptor) -> str | None:
    if FILE_PATH not in layer.annotations:
        return f"has no annotation {FILE_PATH}, so nobody knows which file it is"
    if layer.media_type not in LAYER_TYPES.values():
        return f"is of type {layer.media_type[:100]!r}, which some clients unpack"
    return _size(layout, layer)


def _size(layout: Layout, descriptor: Descriptor) -> str | None:
    """Return what is wrong with a size; a blob that is missing is another rule's."""
    path = layout.blob_path(descriptor.digest)
    if path.is_file() and (found := path.stat().st_size) != descriptor.size:
        return f"has {found} bytes, and the manifest says {descriptor.size}"
    return None
