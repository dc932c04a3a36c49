"""Bounds that hold at every look, however often somebody looks.

A test of a fixed size, asked again each minute, finds something sooner or later.
These do not: the chance of one false alarm over all looks together is `alpha`.

* `band`: how far an empirical distribution can be from the true one (Howard and
  Ramdas 2022, "Sequential estimation of quantiles", the DKW-type bound)
* `log_e`: the logarithm of an e-value against "the rate is at most `limit`": a
  Beta(1/2, 1/2) mixture over the rates, against the likeliest rate within the limit
"""

import math
from bisect import bisect_right
from collections.abc import Sequence


def band(count: int, alpha: float) -> float:
    """Return the half-width of the band around a distribution of `count` samples."""
    if not count:
        return 1.0
    return min(1.0, 0.85 * math.sqrt(
        (math.log(math.log(math.e * count)) + 0.8 * math.log(1612 / alpha)) / count
    ))  # fmt: skip


def slowdown(stable: Sequence[int], canary: Sequence[int]) -> float:
    """Return by how much the canary's distribution lies to the slow side, 0 to 1.

    The largest difference of the two distribution functions, one-sided: a canary
    that is faster gives 0.
    """
    ours, theirs = sorted(canary), sorted(stable)
    points = sorted({*ours, *theirs})
    return max(
        (
            bisect_right(theirs, at) / len(theirs) - bisect_right(ours, at) / len(ours)
            for at in points
        ),
        default=0.0,
    )


def log_e(hits: int, count: int, limit: float) -> float:
    """Return the log of the evidence that a rate is above `limit`; above log(1/alpha) it is."""
    if not count or hits / count <= limit:
        return 0.0
    mixture = _log_beta(hits + 0.5, count - hits + 0.5) - _log_beta(0.5, 0.5)
    return mixture - (hits * math.log(limit) + (count - hits) * math.log1p(-limit))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
