"""A canary's verdict in the ledger."""

from audit.core.errors import EvidenceError
from audit.documents import Arm, CanaryVerdict, Event, LedgerEntry, Named
from audit.ledger import Ledger

DECIDED = "canary.decided"


def decided_event(verdict: CanaryVerdict) -> Event:
    """Return the event that records a verdict on a canary."""
    return Event(
        type=DECIDED,
        model_id=verdict.model_id,
        subject=verdict.canary,
        inputs=(
            Named(name="stable", digest=verdict.stable),
            Named(name="policy", digest=verdict.policy.digest),
            Named(name="samples", digest=verdict.samples),
        ),
        outputs=(Named(name="verdict", digest=verdict.document_digest()),),
        facts={
            "outcome": verdict.outcome.value,
            "findings": [f"{one.limit}:{one.action}" for one in verdict.findings],
            "requests": {arm.value: verdict.arms[arm].requests for arm in Arm},
            "shift": verdict.shift,
            "detectable": verdict.detectable,
            "arm_key": verdict.arm_key,
        },
    )


def find_decided(ledger: Ledger, verdict: CanaryVerdict) -> LedgerEntry:
    """Return the entry that recorded exactly this verdict.

    Raises:
        EvidenceError: none did.
        LedgerUnavailable: the ledger cannot be read.
    """
    digest = verdict.document_digest()
    for entry in ledger.entries(subject=verdict.canary, type=DECIDED):
        if any(one.digest == digest for one in entry.event.outputs):
            return entry
    raise EvidenceError(f"no entry of {ledger.url} recorded the canary verdict {digest}")
