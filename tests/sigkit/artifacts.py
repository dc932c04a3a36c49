"""Small artifacts to sign."""

import json
from pathlib import Path

from audit.documents import FileRole
from audit.oci import (
    FILE_PATH,
    LAYER_TYPES,
    MANIFEST_TYPE,
    MODEL_CONFIG_TYPE,
    Descriptor,
    Layout,
    ModelFacts,
    digest_of,
    modelpack_config,
    modelpack_manifest,
)


def manifest(text: str = "x", subject: Descriptor | None = None) -> bytes:
    config = Descriptor("application/vnd.oci.empty.v1+json", digest_of(b"{}"), 2)
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.json(),
        "layers": [],
        "annotations": {"text": text},
    }
    if subject:
        value["subject"] = subject.json()
    return json.dumps(value).encode()


def model(layout: Layout, files: dict[str, bytes | Path], *, name: str = "v1") -> Descriptor:
    """Package files as a ModelPack artifact."""
    kind = LAYER_TYPES[FileRole.WEIGHT]
    layers = []
    for path, data in files.items():
        notes = {FILE_PATH: path}
        if isinstance(data, Path):
            layers.append(layout.add_file(data, media_type=kind, annotations=notes))
        else:
            added = layout.add_blob(data, media_type=kind)
            layers.append(Descriptor(kind, added.digest, added.size, annotations=notes))
    config = layout.add_blob(
        modelpack_config(ModelFacts("acme/model", "1.4.0", "gguf"), layers),
        media_type=MODEL_CONFIG_TYPE,
    )
    return layout.add_manifest(modelpack_manifest(config, layers, annotations={}), ref_name=name)
