"""Carriers: what each document that speaks about the release says, read by itself.

They are the ledger, the annotations, the card, the configuration and the signed statement. The ledger's word is what was recorded when the release was described and packaged.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from audit.core.errors import AuditError, SignatureMismatch
from audit.documents import RELEASE_FACTS, Carrier, CarrierEvidence, Statement
from audit.oci import Layout
from audit.release.describe import card_facts
from audit.release.describe.mapping import MODEL_ID, MODEL_VERSION, PREFIX
from audit.release.evidence.artifact import TITLE, VERSION, Artifact
from audit.release.evidence.record import Record
from audit.release.evidence.signatures import Signers
from audit.release.evidence.structure import read_config
from audit.sign import verify_expected

CARD = "README.md"
MAX_CARD = 4 << 20
"""Largest card that is read, in bytes."""


def check_carriers(
    layout: Layout, digest: str, artifact: Artifact, record: Record, signers: Signers
) -> Iterator[CarrierEvidence]:
    """Give evidence for each carrier that is there.

    Raises:
        EvidenceError: more is attached to the artifact than is opened.
    """
    if record.packaged is not None:
        facts, problem = record.facts, record.facts_problem
        yield _carrier(digest, Carrier.LEDGER, facts, problem)
    if artifact.config is None:
        return
    yield _carrier(digest, Carrier.ANNOTATIONS, _annotations(artifact))
    yield _config(layout, digest, artifact)
    yield from _card(layout, digest, artifact)
    yield from _statements(layout, digest, signers)


def _carrier(
    digest: str, carrier: Carrier, facts: dict[str, str], problem: str | None = None
) -> CarrierEvidence:
    return CarrierEvidence(subject=digest, carrier=carrier, facts=facts, problem=problem)


def _annotations(artifact: Artifact) -> dict[str, str]:
    names = {TITLE: MODEL_ID, VERSION: MODEL_VERSION}
    return {
        names.get(key, key.removeprefix(PREFIX)): value
        for key, value in artifact.annotations.items()
        if key in names or key.startswith(PREFIX)
    }


def _config(layout: Layout, digest: str, artifact: Artifact) -> CarrierEvidence:
    facts: dict[str, str] = {}
    try:
        described = (
            read_config(layout, artifact.config).get("descriptor") if artifact.config else {}
        )
    except AuditError as exc:
        return _carrier(digest, Carrier.CONFIG, facts, str(exc))
    if isinstance(described, dict):
        facts = _texts({MODEL_ID: described.get("name"), MODEL_VERSION: described.get("version")})
    return _carrier(digest, Carrier.CONFIG, facts)


def _card(layout: Layout, digest: str, artifact: Artifact) -> Iterator[CarrierEvidence]:
    for path, layer in artifact.files:
        if path == CARD:
            try:
                facts = card_facts(layout.blob(layer.digest, limit=MAX_CARD))
            except AuditError as exc:
                yield _carrier(digest, Carrier.CARD, {}, str(exc))
            else:
                yield _carrier(digest, Carrier.CARD, facts)


def _statements(layout: Layout, digest: str, signers: Signers) -> Iterator[CarrierEvidence]:
    for bundle in layout.bundles(digest):
        try:
            verified = signers.verify(partial(verify_expected, bundle), digest, RELEASE_FACTS)
        except SignatureMismatch:
            continue  # a signature, or a statement of somebody else: signatures.py speaks of it
        predicate = Statement.read(verified.payload, source="the statement").predicate
        yield _carrier(digest, Carrier.STATEMENT, _stated(predicate))


def _stated(predicate: dict[str, Any]) -> dict[str, str]:
    facts, dataset = predicate.get("facts"), predicate.get("dataset")
    said = {MODEL_ID: predicate.get("modelId"), MODEL_VERSION: predicate.get("version")}
    if isinstance(dataset, dict):
        said |= {f"dataset.{name}": value for name, value in dataset.items()}
    if isinstance(facts, dict):
        said |= {
            name: fact.get("value") if isinstance(fact, dict) else fact
            for name, fact in facts.items()
        }
    return _texts(said)


def _texts(values: dict[str, Any]) -> dict[str, str]:
    """Return what is there, as text; what should be text and is not never equals a fact."""
    return {
        name: value if isinstance(value, str) else f"({type(value).__name__})"
        for name, value in values.items()
        if value is not None
    }
