"""Step 4: package the model as a CNCF ModelPack artifact in an OCI image layout."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import FileChanged
from audit.documents import FileRole, InspectedFile, ModelInspection, Named
from audit.oci import (
    CREATED,
    FILE_PATH,
    LAYER_TYPES,
    MODEL_CONFIG_TYPE,
    Descriptor,
    Layout,
    ModelFacts,
    modelpack_config,
    modelpack_manifest,
    source_date,
)
from audit.release._recipe import Recipe
from audit.release._session import Session
from audit.release.describe import annotations
from audit.release.evidence.artifact import TITLE, VERSION
from audit.release.steps.describe import CARD, Description


@dataclass(frozen=True, slots=True)
class Made:
    """A packaged release: where it lies, and what names it."""

    layout: Layout
    manifest: Descriptor
    created: str | None


def package(
    session: Session,
    recipe: Recipe,
    inspection: ModelInspection,
    description: Description,
    used: Sequence[Named],
) -> Made:
    """Copy every file into the layout, write the manifest, and record it.

    The same files and facts give the same manifest, byte for byte.

    Raises:
        FileChanged: a file is not what was inspected.
        StorageFailed: the layout cannot be written.
    """
    layout = Layout.create(recipe.layout or session.folder / "layout")
    layers = [
        _add(session, layout, recipe.model, file) for file in inspection.files if file.path != CARD
    ]
    layers.append(
        _named_layer(layout.add_blob(description.card, media_type=_media_type(FileRole.DOC)), CARD)
    )
    created = source_date(os.environ)
    config = layout.add_blob(
        modelpack_config(_model_facts(recipe, inspection, created), layers),
        media_type=MODEL_CONFIG_TYPE,
    )
    data = modelpack_manifest(
        config, layers, annotations=_annotations(recipe, description, created)
    )
    manifest = layout.add_manifest(data, ref_name=recipe.version)
    session.record(
        "release.packaged",
        subject=manifest.digest,
        inputs=used,
        outputs=[Named(name="config", digest=config.digest)],
        facts={"version": recipe.version, "layers": str(len(layers))},
    )
    return Made(layout, manifest, created)


def _add(session: Session, layout: Layout, folder: Path, file: InspectedFile) -> Descriptor:
    added = layout.add_file(
        folder / file.path,
        media_type=_media_type(file.role),
        annotations={FILE_PATH: file.path},
        progress=session.progress,
    )
    if added.digest != file.digests.sha256:
        raise FileChanged(
            f"{folder / file.path} changed after it was inspected",
            hint="stop the writer and run again",
        )
    return added


def _named_layer(layer: Descriptor, path: str) -> Descriptor:
    return Descriptor(layer.media_type, layer.digest, layer.size, annotations={FILE_PATH: path})


def _media_type(role: FileRole | None) -> str:
    """Return the ModelPack layer type; a refused file has no role and travels as a weight."""
    return LAYER_TYPES[role or FileRole.WEIGHT]


def _annotations(
    recipe: Recipe, description: Description, created: str | None
) -> Mapping[str, str]:
    when = {} if created is None else {CREATED: created}
    return annotations(description.facts) | {TITLE: recipe.model_id, VERSION: recipe.version} | when


def _model_facts(recipe: Recipe, inspection: ModelInspection, created: str | None) -> ModelFacts:
    weights = [file for file in inspection.files if file.role is FileRole.WEIGHT]
    facts = weights[0].facts if weights else {}
    return ModelFacts(
        name=recipe.model_id,
        version=recipe.version,
        format=weights[0].format if weights else "unknown",
        created=created,
        architecture=facts.get("architecture"),
        quantization=facts.get("quantization"),
    )
