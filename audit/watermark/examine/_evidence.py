"""The tests of one text: every key in every spelling, then every candidate's receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.documents import RegisteredKey, Scheme
from audit.watermark._keys import EpochKeys, engine_key, receipt_key
from audit.watermark.examine._candidates import Candidate
from audit.watermark.mark import (
    Presence,
    Sketch,
    Streams,
    Trail,
    follow,
    log10_tag_test,
    presence,
    weigh,
)
from audit.watermark.native import native_presence
from audit.watermark.synonyms import LABEL, agreement, synonym_key

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
MOST_CONTEXTS = 8192
"""Payload contexts that are tabulated at most when a receipt has no sketch."""


@dataclass(frozen=True, slots=True)
class KeyTest:
    """What one key gave in one spelling of the text."""

    line: RegisteredKey
    keys: EpochKeys
    tokens: IntArray
    trail: Trail | None
    """None for the marks that engines make by themselves."""
    presence: Presence


@dataclass(frozen=True, slots=True)
class ReceiptTest:
    """What one candidate gave: log10 p of presence and of attribution, before any family."""

    candidate: Candidate
    log10_presence: float
    log10_attribution: float


def check_key(line: RegisteredKey, keys: EpochKeys, tokens: IntArray) -> KeyTest:
    """Test a text for the mark of one key."""
    if line.profile.scheme is Scheme.AUDIT_G1:
        trail = follow(tokens, Streams(line.profile, keys.pilot, keys.payload))
        return KeyTest(line, keys, tokens, trail, presence(trail))
    found = native_presence(tokens, line.profile, engine_key(keys))
    return KeyTest(line, keys, tokens, None, found)


def check_receipt(candidate: Candidate, tests: Sequence[KeyTest]) -> ReceiptTest | None:
    """Test a text for one receipt; None when the receipt says its response had no mark."""
    mark = candidate.receipt.mark
    mine = [test for test in tests if mark is not None and test.line.key_id == mark.key_id]
    if mark is None or not mine:
        return None
    tag = bytes.fromhex(mark.tag)
    results = [_check(candidate, tag, test) for test in mine]
    spellings = np.log10(len(mine))
    return ReceiptTest(
        candidate,
        min(0.0, min(one.log10_presence for one in results) + spellings),
        min(0.0, min(one.log10_attribution for one in results) + spellings),
    )


def check_synonyms(
    candidate: Candidate, forms: Sequence[str], keys: Mapping[str, EpochKeys]
) -> ReceiptTest | None:
    """Test a text for the words a receipt's key chose; None when the receipt names no such choice.

    The receipt of an unmarked response names no key, so every key is tried.
    """
    if LABEL not in candidate.receipt.labels or not keys:
        return None
    receipt_id = candidate.receipt.receipt_id
    found = [
        agreement(form, synonym_key(one, receipt_id)).log10_p
        for one in keys.values()
        for form in forms
    ]
    log10_p = min(0.0, min(found) + float(np.log10(len(found))))
    return ReceiptTest(candidate, log10_p, log10_p)


def tag_table(test: KeyTest) -> FloatArray | None:
    """Return how well each payload symbol fits, within the stretch the pilot points at.

    The pilot's stream is independent of the payload's, so looking only where
    it is strong favours no tag.
    """
    if test.trail is None:
        return None
    first, last = test.presence.tokens
    rows = np.flatnonzero(test.trail.positions >= 0)
    if last > first:
        rows = rows[(test.trail.places[rows] >= first) & (test.trail.places[rows] < last)]
    return test.trail.score_table(rows[:MOST_CONTEXTS])


def _check(candidate: Candidate, tag: bytes, test: KeyTest) -> ReceiptTest:
    if test.trail is None:
        return _check_native(candidate, test)
    if candidate.record.sketch is not None:
        sketch = Sketch.unpack(bytes.fromhex(candidate.record.sketch))
        weighed = weigh(test.trail, sketch, key=test.keys.sketch)
        attribution = log10_tag_test(weighed.table, tag, candidates=1)
        return ReceiptTest(candidate, weighed.log10_presence(tag), attribution)
    table = tag_table(test)
    if table is None or test.line.revoked_at_ns is not None:
        # Whoever has the key can write under any tag; only the sketch ties to a response.
        return ReceiptTest(candidate, 0.0, 0.0)
    return ReceiptTest(candidate, 0.0, log10_tag_test(table, tag, candidates=1))


def _check_native(candidate: Candidate, test: KeyTest) -> ReceiptTest:
    """A per-request key is its own attribution; a server's key attributes nothing."""
    if test.line.profile.scheme is not Scheme.SGLANG_GUMBEL:
        return ReceiptTest(candidate, 0.0, 0.0)
    key = receipt_key(test.keys, candidate.receipt.receipt_id)
    found = native_presence(test.tokens, test.line.profile, key)
    log10_p = found.family(found.tests)
    return ReceiptTest(candidate, log10_p, log10_p)


def strongest(tests: Sequence[KeyTest]) -> Mapping[str, KeyTest]:
    """Return each key's strongest spelling by key id."""
    best: dict[str, KeyTest] = {}
    for test in tests:
        known = best.get(test.line.key_id)
        if known is None or test.presence.log10_p < known.presence.log10_p:
            best[test.line.key_id] = test
    return best
