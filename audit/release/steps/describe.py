"""Step 3: facts from the training, evaluation and lock files, and the model card."""

from dataclasses import dataclass

from audit.core.errors import InputMissing
from audit.core.files import read_bounded
from audit.documents import DatasetManifest, Named, ReleaseFacts, SourceFile
from audit.fingerprint import hash_file
from audit.release._recipe import Recipe
from audit.release._session import Session
from audit.release.describe import model_card, read_evaluation, read_training

FACTS = "release-facts"
CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Description:
    """The facts and the card of a release, and what names them."""

    facts: ReleaseFacts
    card: bytes
    kept: tuple[Named, ...]


def describe(session: Session, recipe: Recipe, manifest: DatasetManifest) -> Description:
    """Return facts and card, kept and recorded.

    Raises:
        ConfigError: a source file is malformed, or two of them disagree.
    """
    facts = read_training(recipe.training)
    if recipe.evaluation is not None:
        facts += read_evaluation(recipe.evaluation)
    release = ReleaseFacts(
        model_id=recipe.model_id,
        version=recipe.version,
        dataset_fingerprint=manifest.fingerprint,
        facts=tuple(facts),
        sources=_sources(recipe),
    )
    card = model_card(release, _existing_card(recipe))
    kept = (session.keep_document(FACTS, release), session.keep(CARD, card))
    session.record(
        "release.described",
        inputs=[Named(name=one.path, digest=one.digests.sha256) for one in release.sources],
        outputs=kept,
        facts={one.name: one.value for one in release.facts},
    )
    return Description(release, card, kept)


def _sources(recipe: Recipe) -> tuple[SourceFile, ...]:
    paths = [*recipe.training, recipe.evaluation, recipe.lock]
    return tuple(
        SourceFile(path=path.name, digests=hash_file(path)) for path in paths if path is not None
    )


def _existing_card(recipe: Recipe) -> bytes | None:
    path = recipe.model / CARD
    if not path.exists():
        return None
    try:
        return read_bounded(path)
    except InputMissing as exc:
        raise InputMissing(f"the model card {path} cannot be read", hint=exc.hint) from exc
