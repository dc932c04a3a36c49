"""Attribution: which receipt does a marked text belong to?

Only payload contexts count; the pilot is the same for all responses of a key.
A foreign receipt whose tag shares some symbols with the true one scores high on
those positions, so a plain Bonferroni bound over the candidates is wrong (it
attributes most marked texts whose receipt is absent). The bound here is valid
whether the text is unmarked or marked under a tag that is not a candidate:

    p = min(1, 2^n * max over A of  N * 256^-|A| * P(Gamma(T_rest) >= S_rest))

A runs over all subsets of the n positions, the ones that might agree by chance;
the rest must carry the evidence. Tags of foreign receipts are uniform and
independent of the text, so exactly A agrees with probability at most 256^-|A|,
and the union over N candidates and 2^n subsets gives the factors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audit.watermark.mark._tails import log10_gamma_tail

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_LOG10_256 = float(np.log10(256))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate by its index, and log10 of its p-value over all candidates."""

    index: int
    log10_p: float


def attribute(
    table: FloatArray, counts: IntArray, tags: NDArray[np.uint8], *, candidates: int, keep: int = 16
) -> list[Ranked]:
    """Return the `keep` best of `tags`, strongest first.

    `tags` has one row of symbols per candidate. `candidates` is how many were
    looked at to arrive at these rows; it is never smaller than their number.
    """
    if candidates < len(tags):
        raise ValueError(f"{len(tags)} tags of {candidates} candidates")
    totals = scan(table, tags)
    keep = min(keep, len(tags))
    best = np.argpartition(-totals, keep - 1)[:keep] if keep else np.array([], dtype=np.int64)
    columns = np.arange(len(counts))
    ranked = [
        Ranked(
            int(at),
            log10_attribution(
                table[columns, tags[at].astype(np.int64)], counts, candidates=candidates
            ),
        )
        for at in best
    ]
    return sorted(ranked, key=lambda one: one.log10_p)


def scan(table: FloatArray, tags: NDArray[np.uint8]) -> FloatArray:
    """Return the payload score of every tag: one table look-up per symbol."""
    small = table.astype(np.float32)
    totals = np.zeros(len(tags), dtype=np.float32)
    for position, row in enumerate(small):
        totals += row[tags[:, position]]
    return totals.astype(np.float64)


def log10_attribution(
    sums: FloatArray, counts: Sequence[int] | IntArray, *, candidates: int
) -> float:
    """Return log10 of the bound for one tag, whose score sums by position are `sums`."""
    positions = len(sums)
    worst = -np.inf
    for rest in _subsets(positions):
        shape = int(sum(int(counts[position]) for position in rest))
        total = float(sum(sums[position] for position in rest))
        agreeing = positions - len(rest)
        worst = max(worst, log10_gamma_tail(shape, total) - agreeing * _LOG10_256)
    return float(min(0.0, worst + np.log10(candidates) + positions * np.log10(2)))


@lru_cache(maxsize=16)
def _subsets(positions: int) -> tuple[tuple[int, ...], ...]:
    """Return every subset of range(positions)."""
    return tuple(
        tuple(at for at in range(positions) if bits >> at & 1) for bits in range(2**positions)
    )
