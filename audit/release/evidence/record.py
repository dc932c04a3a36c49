"""The ledger: is it whole, and what did it record when the artifact was packaged?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from audit.core.errors import ChainBroken, CheckpointStale, QuorumMissing, SignatureMismatch
from audit.core.progress import Progress
from audit.documents import EnvironmentEvidence, LedgerEntry, LedgerEvidence, LedgerState
from audit.gate import GatePolicy
from audit.ledger import Ledger
from audit.release.describe.mapping import FINGERPRINT, MODEL_ID, MODEL_VERSION

LOCKED = "environment.locked"
"""The type of the entry that recorded a lock file."""


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
    facts: dict[str, str] = field(default_factory=dict)
    facts_problem: str | None = None
    """Two entries that described the release, and differ."""
    environment: EnvironmentEvidence | None = None


def check_record(ledger: Ledger, digest: str, *, policy: GatePolicy, progress: Progress) -> Record:
    """Return what the ledger knows of `digest`; a broken ledger knows nothing.

    Raises:
        LedgerUnavailable: it cannot be read.
    """
    try:
        verified = ledger.verify(vkeys=policy.document.spec.ledger.vkeys, progress=progress)
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
    covered, state, problem = _vouched(ledger, verified.covered, policy)
    if state is LedgerState.INTACT and seq is not None and seq >= covered:
        state = LedgerState.UNCHECKPOINTED
    evidence = LedgerEvidence(
        subject=digest,
        state=state,
        size=verified.size,
        root=verified.root,
        checkpoint_size=covered or None,
        packaged_seq=seq,
        problem=problem,
    )
    if packaged is None:
        return Record(evidence)
    return _known(ledger, digest, packaged, evidence)


def _vouched(
    ledger: Ledger, covered: int, policy: GatePolicy
) -> tuple[int, LedgerState, str | None]:
    """Return how many entries are under a checkpoint that counts, and why not if none does.

    `covered` are under one by a key the policy names. With witnesses, one counts
    that their quorum cosigned, and lately enough; without, its last entry's time says how old it is.
    """
    max_age_ns = policy.document.spec.ledger.max_age_ns
    try:
        if policy.log_policy is not None:
            covered = ledger.counted(policy.log_policy, max_age_ns=max_age_ns).checkpoint.size
        elif max_age_ns is not None and covered:
            ledger.check_fresh(covered, max_age_ns=max_age_ns)
    except CheckpointStale as exc:
        return covered, LedgerState.STALE, str(exc)
    except (QuorumMissing, SignatureMismatch) as exc:
        return covered, LedgerState.UNWITNESSED, str(exc)
    return covered, LedgerState.INTACT, None


def _known(ledger: Ledger, digest: str, packaged: LedgerEntry, evidence: LedgerEvidence) -> Record:
    """Return what the entries say that the packaging entry goes back to."""
    described = _made_for(ledger, packaged, "release.described")
    fingerprints = _fingerprints(ledger, packaged)
    return Record(
        evidence,
        packaged,
        fingerprints,
        _metrics(described),
        _facts(packaged, described, fingerprints),
        _differ(described, tuple(fingerprints)),
        _environment(ledger, digest, packaged),
    )


def _fingerprints(ledger: Ledger, packaged: LedgerEntry) -> dict[str, int]:
    return {
        output.digest: entry.number
        for entry in _made_for(ledger, packaged, "dataset.fingerprinted")
        for output in entry.event.outputs
        if output.name == "dataset"
    }


def _metrics(described: Sequence[LedgerEntry]) -> dict[tuple[str, str], int]:
    return {
        (name, value): entry.number
        for entry in described
        for name, value in entry.event.facts.items()
    }


def _facts(
    packaged: LedgerEntry, described: Sequence[LedgerEntry], fingerprints: Iterable[str]
) -> dict[str, str]:
    """Return every fact that the ledger recorded of a release, by its name."""
    facts = {name: str(value) for one in described for name, value in one.event.facts.items()}
    if (fingerprint := next(iter(fingerprints), None)) is not None:
        facts[FINGERPRINT] = fingerprint
    names = {MODEL_ID: packaged.event.model_id, MODEL_VERSION: packaged.event.facts.get("version")}
    return facts | {name: str(value) for name, value in names.items() if value is not None}


def _differ(described: Sequence[LedgerEntry], fingerprints: Sequence[str]) -> str | None:
    """Return why the ledger says two things about a release, or nothing about it."""
    if not described:
        return "no entry described the release before it was packaged"
    said = {tuple(sorted(one.event.facts.items())) for one in described}
    if len(said) > 1 or len(fingerprints) > 1:
        return "entries that described the release differ"
    return None


def _environment(ledger: Ledger, digest: str, packaged: LedgerEntry) -> EnvironmentEvidence | None:
    """Return what the last lock file that the packaging entry used was found to be."""
    locked = _made_for(ledger, packaged, LOCKED)
    if not locked:
        return None
    event = locked[-1].event
    lock = next((one.digest for one in event.inputs if one.digest.startswith("sha256:")), None)
    if lock is None:
        return None
    count, problems = str(event.facts.get("problem_count")), event.facts.get("problems")
    shown = tuple(map(str, problems)) if isinstance(problems, tuple | list) else ()
    if count != str(len(shown)):
        shown = (*shown, f"{count} problems in all")
    return EnvironmentEvidence(
        subject=digest,
        lock=lock,
        format=str(event.facts.get("format")),
        problems=shown,
        recorded_seq=locked[-1].number,
    )


def _made_for(ledger: Ledger, packaged: LedgerEntry, kind: str) -> list[LedgerEntry]:
    """Return earlier entries of `kind` that made something the packaging entry used."""
    used = {one.digest for one in packaged.event.inputs}
    return [
        entry
        for entry in ledger.entries(type=kind)
        if entry.number < packaged.number and used & {one.digest for one in entry.event.outputs}
    ]
