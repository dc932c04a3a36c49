"""Step 2: inspect every file of the model; nothing of it is executed."""

from functools import partial

from audit.documents import ModelInspection, Named
from audit.fingerprint import hash_file
from audit.model import inspect as inspect_model
from audit.release._recipe import Recipe
from audit.release._session import Session

INSPECTION = "model-inspection"
MOST_INPUTS = 200
"""Files named one by one in the entry; the inspection document names them all."""


def inspect(session: Session, recipe: Recipe) -> tuple[ModelInspection, Named]:
    """Return what was found in the model directory, kept and recorded, and what names it."""
    session.progress.start("model", _size(recipe))
    inspection = inspect_model(
        recipe.model, hash_file=partial(hash_file, progress=session.progress)
    )
    kept = session.keep_document(INSPECTION, inspection)
    session.record(
        "model.inspected",
        inputs=[
            Named(name=file.path, digest=file.digests.sha256)
            for file in inspection.files[:MOST_INPUTS]
        ],
        outputs=[kept],
        facts={
            "files": str(len(inspection.files)),
            "formats": sorted({file.format for file in inspection.files}),
            "refused": [file.path for file in inspection.refused[:MOST_INPUTS]],
        },
    )
    return inspection, kept


def _size(recipe: Recipe) -> int:
    return sum(path.stat().st_size for path in recipe.model.rglob("*") if path.is_file())
