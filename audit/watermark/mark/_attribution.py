"""Attribution: which receipt does a marked text belong to?

The pilot says yes to every response of a key, so only payload contexts count.
They give a table: how well each value of each payload symbol fits the text. A
foreign receipt's tag is an HMAC and knows nothing of the text, so

    p = the share of all 256^n tags that fit the text at least as well, times N

is exact for one candidate and a union bound for N, whatever the text is:
unmarked, edited, or marked under a receipt that is not among the candidates.
(A plain Gamma tail is not: neighbours of the true tag share symbols with it.)

Limit: it assumes the candidate's response does not share its wording with the
text for another reason. Two answers to one prompt may; docs/limitations.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audit.watermark.mark._g1 import SYMBOL_VALUES
from audit.watermark.mark._tails import log10_gamma_tail

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_STEPS = 4096
"""The grid on which scores are counted; coarser only makes p larger."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate by its index, and log10 of its p-value over all candidates."""

    index: int
    log10_p: float


def scan(table: FloatArray, tags: NDArray[np.uint8]) -> FloatArray:
    """Return how well each tag fits, one row of symbols per tag: one look-up per symbol."""
    totals = np.zeros(len(tags), dtype=np.float32)
    for position, row in enumerate(table.astype(np.float32)):
        totals += row[tags[:, position]]
    return totals.astype(np.float64)


def attribute(
    table: FloatArray, tags: NDArray[np.uint8], *, candidates: int, keep: int = 16
) -> list[Ranked]:
    """Return the `keep` best of `tags`, strongest first.

    `candidates` is how many tags were looked at to arrive at these rows; it is
    never smaller than their number.
    """
    if candidates < len(tags):
        raise ValueError(f"{len(tags)} tags of {candidates} candidates")
    totals = scan(table, tags)
    keep = min(keep, len(tags))
    best = np.argpartition(-totals, keep - 1)[:keep] if keep else np.array([], dtype=np.int64)
    ranked = [
        Ranked(int(at), log10_tag_test(table, tags[at].tobytes(), candidates=candidates))
        for at in best
    ]
    return sorted(ranked, key=lambda one: one.log10_p)


def log10_tag_test(table: FloatArray, tag: bytes, *, candidates: int) -> float:
    """Return log10 of the share of all tags that fit as well as `tag`, times `candidates`.

    `table` has shape (symbols, 256). The sums over all tags are counted on a
    grid, those of other tags rounded up and the tag's own down.
    """
    low = table.min(axis=1, keepdims=True)
    above = table - low
    span = float(above.max(axis=1).sum())
    if span <= 0:
        return 0.0
    step = span / _STEPS
    chances = np.ones(1)
    for row in above:
        steps = np.bincount(np.ceil(row / step).astype(np.int64))
        chances = np.convolve(chances, steps / SYMBOL_VALUES)
    fit = float(sum(row[symbol] for row, symbol in zip(above, tag, strict=True)))
    share = float(chances[int(fit / step) :].sum())
    return float(min(0.0, np.log10(share) + np.log10(candidates)))


def log10_subset_bound(
    sums: FloatArray, counts: Sequence[int] | IntArray, *, candidates: int
) -> float:
    """Return log10 of the parametric bound, which the count above is measured against.

        p = min(1, 2^n * max over A of  N * 256^-|A| * P(Gamma(T_rest) >= S_rest))

    `sums` and `counts` are scores and contexts by position under one tag; A runs
    over the positions that may agree by chance, the rest carry the evidence.
    """
    positions = len(sums)
    worst = -np.inf
    for rest in _subsets(positions):
        shape = int(sum(int(counts[position]) for position in rest))
        total = float(sum(sums[position] for position in rest))
        agreeing = (positions - len(rest)) * np.log10(SYMBOL_VALUES)
        worst = max(worst, log10_gamma_tail(shape, total) - agreeing)
    return float(min(0.0, worst + np.log10(candidates) + positions * np.log10(2)))


@lru_cache(maxsize=16)
def _subsets(positions: int) -> tuple[tuple[int, ...], ...]:
    """Return every subset of range(positions)."""
    return tuple(
        tuple(at for at in range(positions) if bits >> at & 1) for bits in range(2**positions)
    )
