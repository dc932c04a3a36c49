"""Presence: does a text carry a key's mark, whichever receipt it has?

The pilot contexts alone answer. The text is tested whole and in windows of
fixed numbers of contexts, so that a marked passage inside a foreign text is
found; each test is counted, and the family-wise p is p times the count
(Bonferroni: no assumption about how windows and keys depend on each other).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit.documents import Decision
from audit.watermark.mark._tails import log10_gamma_tail, log10_gamma_tails
from audit.watermark.mark._trail import Trail

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

WINDOWS: Final = (64, 128, 256)
"""Window lengths in pilot contexts; each starts at every half length."""
MIN_CONTEXTS: Final = 25
"""With fewer pilot contexts nothing is said: about 50 scored tokens at a share of one half."""
PRESENT: Final = -6.0
INCONCLUSIVE: Final = -3.0


def decide(log10_p: float) -> Decision:
    """Return what a family-wise p-value allows to be said."""
    if log10_p <= PRESENT:
        return Decision.PRESENT
    return Decision.INCONCLUSIVE if log10_p <= INCONCLUSIVE else Decision.ABSENT


@dataclass(frozen=True, slots=True)
class Presence:
    """The strongest stretch of one text under one key; `log10_p` is of that one test."""

    log10_p: float
    tests: int
    contexts: int
    tokens: tuple[int, int]

    def family(self, tests: int) -> float:
        """Return log10 of the p-value over `tests` tests in all."""
        return min(0.0, self.log10_p + float(np.log10(tests)))


def presence(trail: Trail) -> Presence:
    """Test the pilot contexts of the whole text and of every window of it."""
    return windowed(*trail.pilot())


def windowed(places: IntArray, scores: FloatArray) -> Presence:
    """Test scores, Exp(1) if unmarked, at these token places: all of them, and every window."""
    if len(places) < MIN_CONTEXTS:
        return Presence(0.0, 1, len(places), (0, 0))
    best = (log10_gamma_tail(len(places), float(scores.sum())), 0, len(places))
    tests = 1
    sums = np.concatenate(([0.0], np.cumsum(scores)))
    for length in WINDOWS:
        starts = np.arange(0, len(places) - length + 1, length // 2)
        if length >= len(places) or not len(starts):
            continue
        tails = log10_gamma_tails(length, sums[starts + length] - sums[starts])
        at = int(np.argmin(tails))
        best = min(best, (float(tails[at]), int(starts[at]), length))
        tests += len(starts)
    log10_p, start, length = best
    stretch = int(places[start]), int(places[start + length - 1]) + 1
    return Presence(log10_p, tests, length, stretch)


def log10_designated(trail: Trail, tag: bytes) -> float:
    """Return log10 p of all contexts together, pilot and payload, under a known tag.

    It answers "was this text made with this key?" for somebody who holds the
    receipt. It must not be read as "was it made under this receipt": the pilot
    says yes to every response of the model.
    """
    return log10_gamma_tail(len(trail), float(trail.scores(tag).sum()))


def strongest(found: Sequence[Presence]) -> tuple[int, int]:
    """Return the index of the strongest presence and the number of tests of all together."""
    at = min(range(len(found)), key=lambda number: found[number].log10_p)
    return at, sum(one.tests for one in found)
