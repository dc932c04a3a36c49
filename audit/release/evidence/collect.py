"""All evidence about one artifact, in the order in which it is looked at."""

import re
from dataclasses import dataclass

from audit.core.progress import SILENT, Progress
from audit.documents import Evidence, Release
from audit.documents.release import MODEL_ID_PATTERN, VERSION_PATTERN
from audit.gate import GatePolicy
from audit.ledger import Ledger
from audit.oci import Layout
from audit.release.evidence.artifact import TITLE, VERSION, Artifact, read_artifact
from audit.release.evidence.blobs import check_blobs
from audit.release.evidence.carried import check_carried
from audit.release.evidence.carriers import check_carriers
from audit.release.evidence.formats import check_formats
from audit.release.evidence.record import Record, check_record
from audit.release.evidence.signatures import check_signatures, read_signers
from audit.release.evidence.structure import check_structure

UNKNOWN = "unknown"
"""What a release is called that neither its manifest nor the ledger names."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A release, and everything that was checked about it."""

    release: Release
    evidence: tuple[Evidence, ...]


def collect(
    layout: Layout,
    digest: str,
    *,
    policy: GatePolicy,
    ledger: Ledger,
    progress: Progress = SILENT,
) -> Collected:
    """Return the evidence about the artifact `digest` in `layout`.

    Raises:
        ConfigError: a key, identity or root in the policy is none.
        LedgerUnavailable: the ledger cannot be read.
        FileChanged: a blob changed between two looks.
    """
    signers = read_signers(policy.document.spec)
    record = check_record(ledger, digest, policy=policy, progress=progress)
    artifact, evidence = read_artifact(layout, digest)
    evidence.insert(0, record.evidence)
    blobs = tuple(check_blobs(layout, digest, artifact, progress))
    found = {blob.found for blob in blobs if blob.found}
    evidence += blobs
    evidence += check_structure(layout, digest, artifact)
    evidence += check_signatures(layout, digest, signers)
    evidence += check_formats(layout, digest, artifact, found, progress)
    evidence += check_carried(digest, artifact.annotations, record)
    evidence += check_carriers(layout, digest, artifact, record, signers)
    if record.environment is not None:
        evidence.append(record.environment)
    return Collected(_release(digest, artifact, record), tuple(evidence))


def _release(digest: str, artifact: Artifact, record: Record) -> Release:
    """Return what the artifact calls itself, or what the ledger calls it."""
    names = (artifact.annotations.get(TITLE, ""), artifact.annotations.get(VERSION, ""))
    if not _are_names(names) and record.packaged is not None:
        event = record.packaged.event
        names = (event.model_id or "", str(event.facts.get("version", "")))
    model_id, version = names if _are_names(names) else (UNKNOWN, UNKNOWN)
    return Release(model_id=model_id, version=version, artifact=digest)


def _are_names(names: tuple[str, str]) -> bool:
    patterns = (MODEL_ID_PATTERN, VERSION_PATTERN)
    return all(re.fullmatch(p, name) for p, name in zip(patterns, names, strict=True))
