"""From p-values to words. Pure: nothing here looks at the text again.

* presence: "made with this key", present at 1e-6 over every test that was made
* attribution: "under this receipt", present at 1e-3 over the candidates, and
  only when presence holds for the same text
* no mark, but much of the wording of a receipt's text: a near copy
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from audit.documents import (
    Attribution,
    Decision,
    Detection,
    DetectionVerdict,
    PresenceFinding,
    Via,
)
from audit.watermark._wording import Shared
from audit.watermark.examine._candidates import Candidate
from audit.watermark.examine._evidence import KeyTest, ReceiptTest
from audit.watermark.mark import INCONCLUSIVE, MIN_CONTEXTS, decide

NEAR_COPY_PERMILLE = 200
NEAR_COPY_HASHES = 6
PARTIAL_PERMILLE = 250
"""Below this share the receipt's wording is only a part of the text."""
_ORDER = [Decision.PRESENT, Decision.INCONCLUSIVE, Decision.ABSENT]


@dataclass(frozen=True, slots=True)
class Findings:
    """All results of one examination."""

    characters: int
    tokens: int
    tests: int
    """Presence tests made, over keys, windows, spellings and receipts."""
    keys: Mapping[str, KeyTest]
    receipts: Sequence[ReceiptTest]
    candidates: Sequence[Candidate]
    scanned: int
    """Receipts whose tags were scanned."""
    remarks: frozenset[str]


def log10_text(log10_p: float) -> str:
    """Return log10 of a p-value as documents write it: two digits, rounded towards 0."""
    hundredths = math.floor(-log10_p * 100 + 1e-9)
    return f"-{hundredths // 100}.{hundredths % 100:02d}" if hundredths > 0 else "0.00"


def conclude(found: Findings) -> Detection:
    """Return the detection that these findings carry."""
    presences = [_presence(test, found) for test in found.keys.values()]
    attributions = _attributions(found)
    verdict = _verdict(presences, attributions, found)
    worth = [one for one in presences if one.decision is not Decision.ABSENT]
    strongest = sorted(presences, key=lambda one: float(one.log10_p))[:1]
    return Detection(
        verdict=verdict,
        characters=found.characters,
        tokens=found.tokens,
        presence=tuple(worth or strongest),
        attributions=tuple(attributions),
        remarks=tuple(sorted(found.remarks | _remarks(presences, attributions, found))),
    )


def is_near_copy(shared: Shared | None) -> bool:
    """Whether so much wording is shared that chance does not explain it."""
    if shared is None:
        return False
    return shared.permille >= NEAR_COPY_PERMILLE and shared.hashes >= NEAR_COPY_HASHES


def _presence(test: KeyTest, found: Findings) -> PresenceFinding:
    of_key = [
        one.log10_presence
        for one in found.receipts
        if one.candidate.receipt.mark is not None
        and one.candidate.receipt.mark.key_id == test.line.key_id
    ]
    log10_p = min(0.0, min([test.presence.log10_p, *of_key]) + math.log10(found.tests))
    return PresenceFinding(
        key_id=test.line.key_id,
        model_id=test.line.model_id,
        model_digest=test.line.model_digest,
        decision=decide(log10_p),
        log10_p=log10_text(log10_p),
        tests=found.tests,
        contexts=test.presence.contexts,
        tokens=test.presence.tokens,
    )


def _attributions(found: Findings) -> list[Attribution]:
    tested = {one.candidate.receipt.receipt_id: one for one in found.receipts}
    attributions = []
    for candidate in found.candidates:
        one = tested.get(candidate.receipt.receipt_id)
        attribution = _attribution(candidate, one, found)
        if attribution.decision is not Decision.ABSENT or is_near_copy(candidate.shared):
            attributions.append(attribution)
    return sorted(
        attributions,
        key=lambda one: (not one.exact, _ORDER.index(one.decision), float(one.log10_p)),
    )


def _attribution(candidate: Candidate, test: ReceiptTest | None, found: Findings) -> Attribution:
    by_scan_alone = candidate.via == {Via.SCAN}
    rivals = max(1, len(found.candidates) + (found.scanned if by_scan_alone else 0))
    log10_p = min(0.0, test.log10_attribution + math.log10(rivals)) if test else 0.0
    receipt = candidate.receipt
    return Attribution(
        receipt_id=receipt.receipt_id,
        receipt_digest=receipt.document_digest(),
        ts_ns=receipt.ts_ns,
        model_id=receipt.model_id,
        model_digest=receipt.model_digest,
        via=tuple(sorted(candidate.via)),
        exact=candidate.exact,
        decision=_tied(candidate, test, log10_p, found),
        log10_p=log10_text(log10_p),
        candidates=rivals,
        shared_permille=candidate.shared.permille if candidate.shared else None,
    )


def _tied(
    candidate: Candidate, test: ReceiptTest | None, log10_p: float, found: Findings
) -> Decision:
    if candidate.exact:
        return Decision.PRESENT
    if test is None or log10_p > INCONCLUSIVE:
        return Decision.ABSENT
    mark = candidate.receipt.mark
    pilot = found.keys[mark.key_id].presence.log10_p if mark else 0.0
    presence = min(pilot, test.log10_presence, test.log10_attribution) + math.log10(found.tests)
    return decide(presence)


def _verdict(
    presences: Sequence[PresenceFinding], attributions: Sequence[Attribution], found: Findings
) -> DetectionVerdict:
    if any(one.exact for one in attributions):
        return DetectionVerdict.AUTHENTIC
    if _any(attributions, Decision.PRESENT):
        return DetectionVerdict.DERIVED
    if any(
        one.decision is Decision.PRESENT and not _revoked(one.key_id, found) for one in presences
    ):
        return DetectionVerdict.MODEL_ONLY
    if any(is_near_copy(one.shared) for one in found.candidates):
        return DetectionVerdict.NEAR_COPY
    if any(one.decision is not Decision.ABSENT for one in presences) or _any(
        attributions, Decision.INCONCLUSIVE
    ):
        return DetectionVerdict.INCONCLUSIVE
    return DetectionVerdict.NO_EVIDENCE


def _remarks(
    presences: Sequence[PresenceFinding], attributions: Sequence[Attribution], found: Findings
) -> set[str]:
    present = [one for one in presences if one.decision is Decision.PRESENT]
    tied = [one.receipt_id for one in attributions if one.decision is Decision.PRESENT]
    parts = [
        one.shared.of_text_permille if one.shared else 0
        for one in found.candidates
        if one.receipt.receipt_id in tied
    ]
    remarks = {
        "short": all(test.presence.contexts < MIN_CONTEXTS for test in found.keys.values()),
        "key-revoked": any(_revoked(one.key_id, found) for one in present),
        "several-models": len({one.model_digest for one in present}) > 1,
        "mixture": len(tied) > 1,
        "partial": bool(parts) and max(parts) < PARTIAL_PERMILLE,
    }
    return {name for name, holds in remarks.items() if holds}


def _revoked(key_id: str, found: Findings) -> bool:
    return found.keys[key_id].line.revoked_at_ns is not None


def _any(attributions: Iterable[Attribution], decision: Decision) -> bool:
    return any(one.decision is decision for one in attributions)
