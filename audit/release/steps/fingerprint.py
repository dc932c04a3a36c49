"""Step 1: fingerprint the dataset."""

from audit.documents import DatasetManifest, Named
from audit.fingerprint import fingerprint_dataset
from audit.release._recipe import Recipe
from audit.release._session import Session

MANIFEST = "dataset-manifest"


def fingerprint(session: Session, recipe: Recipe) -> tuple[DatasetManifest, Named]:
    """Return the dataset's manifest, kept and recorded, and what names it."""
    manifest = fingerprint_dataset(recipe.dataset, progress=session.progress)
    kept = session.keep_document(MANIFEST, manifest)
    session.record(
        "dataset.fingerprinted",
        outputs=[Named(name="dataset", digest=manifest.fingerprint), kept],
        facts={"files": str(len(manifest.files)), "bytes": str(manifest.size)},
    )
    return manifest, kept
