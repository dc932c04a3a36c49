"""The gate, end to end: collect evidence, decide, record the verdict, then answer.

Nothing skips a step. The verdict is recorded before the caller learns it; if it
cannot be recorded, the caller gets an error (exit 3) and no verdict. The one
exception is a ledger so broken that nothing can follow its head: then the
denial itself is still given, marked as not recorded.

Trust: the policy file names whose signatures and whose checkpoints count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit.core.clock import Clock, now_ns
from audit.core.errors import ChainBroken
from audit.core.progress import SILENT, Progress
from audit.documents import (
    Event,
    Evidence,
    LedgerEntry,
    Named,
    Outcome,
    SignatureEvidence,
    Verdict,
)
from audit.gate import GatePolicy, decide
from audit.ledger import Ledger
from audit.oci import Layout
from audit.release.evidence import collect


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict, and the ledger entry that recorded it.

    `entry` is None only for a denial that no entry could follow.
    """

    verdict: Verdict
    entry: LedgerEntry | None


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate needs besides the artifact: a policy, a ledger, the time."""

    policy: GatePolicy
    ledger: Ledger
    clock: Clock = now_ns
    progress: Progress = SILENT

    def check(self, layout: Layout, digest: str) -> Answer:
        """Return the recorded verdict on the artifact `digest` in `layout`.

        Raises:
            ConfigError: a key in the policy is not a public key.
            LedgerUnavailable: the ledger cannot be read, or the verdict not recorded.
        """
        found = collect(
            layout, digest, policy=self.policy, ledger=self.ledger, progress=self.progress
        )
        verdict = decide(
            found.release, found.evidence, policy=self.policy, decided_at_ns=self.clock()
        )
        try:
            return Answer(verdict, self.ledger.append(verdict_event(verdict, found.evidence)))
        except ChainBroken:
            if verdict.outcome is not Outcome.DENY:
                raise
            return Answer(verdict, None)


def verdict_event(verdict: Verdict, evidence: Sequence[Evidence]) -> Event:
    """Return the ledger event that records a verdict, and the signatures it rests on."""
    return Event(
        type="gate.decided",
        model_id=verdict.release.model_id,
        subject=verdict.release.artifact,
        inputs=(Named(name="policy", digest=verdict.policy.digest),),
        outputs=(Named(name="verdict", digest=verdict.document_digest()),),
        facts={
            "outcome": verdict.outcome.value,
            "policy": verdict.policy.id,
            "policy_version": verdict.policy.version,
            "findings": sorted({finding.rule for finding in verdict.findings}),
            "rules_off": [off.rule for off in verdict.rules_off],
            "version": verdict.release.version,
            "signatures": [_signature(o) for o in evidence if isinstance(o, SignatureEvidence)],
        },
    )


def _signature(one: SignatureEvidence) -> dict[str, Any]:
    """Return what a ledger keeps of a signature: no e-mail address, which would stay for ever."""
    facts: dict[str, Any] = {
        "bundle": one.bundle,
        "key": one.key,
        "predicate_type": one.predicate_type,
        "signer": one.signer,
    }
    if one.issuer is not None and one.identity is not None:
        facts |= {"issuer": one.issuer, "trusted_root": one.trusted_root}
        facts |= {"times_ns": [str(when) for when in one.times]}
        facts |= {} if "://" not in one.identity else {"identity": one.identity}
    if one.log is not None:
        facts["log"] = {"id": one.log.log_id, "index": str(one.log.index), "url": one.log.url}
    return facts
