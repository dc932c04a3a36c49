"""The ledger: is it whole, and what did it record when the artifact was packaged?"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from audit.core.errors import ChainBroken
from audit.core.progress import Progress
from audit.documents import LedgerEntry, LedgerEvidence, LedgerState
from audit.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Record:
    """What a verified ledger knows of an artifact.

    `fingerprints` and `metrics` are what the entries say that the packaging
    entry names among its inputs, with the entry's number.
    """

    evidence: LedgerEvidence
    packaged: LedgerEntry | None = None
    fingerprints: dict[str, int] = field(default_factory=dict)
    metrics: dict[tuple[str, str], int] = field(default_factory=dict)


def check_record(
    ledger: Ledger, digest: str, *, vkeys: Sequence[str], progress: Progress
) -> Record:
    """Return what the ledger knows of `digest`; a broken ledger knows nothing.

    Raises:
        LedgerUnavailable: it cannot be read.
    """
    try:
        verified = ledger.verify(vkeys=vkeys, progress=progress)
    except ChainBroken as exc:
        return Record(
            LedgerEvidence(
                subject=digest,
                state=LedgerState.BROKEN,
                size=ledger.size(),
                root="",
                checkpoint_size=None,
                packaged_seq=None,
                problem=str(exc),
            )
        )
    packaged = next(ledger.entries(subject=digest, type="release.packaged"), None)
    seq = packaged.number if packaged else None
    covered = seq is not None and seq < verified.covered
    evidence = LedgerEvidence(
        subject=digest,
        state=LedgerState.INTACT if covered or seq is None else LedgerState.UNCHECKPOINTED,
        size=verified.size,
        root=verified.root,
        checkpoint_size=verified.covered or None,
        packaged_seq=seq,
        problem=None,
    )
    if packaged is None:
        return Record(evidence)
    return Record(evidence, packaged, _fingerprints(ledger, packaged), _metrics(ledger, packaged))


def _fingerprints(ledger: Ledger, packaged: LedgerEntry) -> dict[str, int]:
    return {
        output.digest: entry.number
        for entry in _made_for(ledger, packaged, "dataset.fingerprinted")
        for output in entry.event.outputs
        if output.name == "dataset"
    }


def _metrics(ledger: Ledger, packaged: LedgerEntry) -> dict[tuple[str, str], int]:
    return {
        (name, value): entry.number
        for entry in _made_for(ledger, packaged, "release.described")
        for name, value in entry.event.facts.items()
    }


def _made_for(ledger: Ledger, packaged: LedgerEntry, kind: str) -> list[LedgerEntry]:
    """Return earlier entries of `kind` that made something the packaging entry used."""
    used = {one.digest for one in packaged.event.inputs}
    return [
        entry
        for entry in ledger.entries(type=kind)
        if entry.number < packaged.number and used & {one.digest for one in entry.event.outputs}
    ]
