"""Tail probabilities, as decimal logarithms, exact far beyond what a float can hold.

Under "no mark" every score is Exp(1), so a sum of T of them is Gamma(T, 1) and
its upper tail is the Poisson sum  exp(-s) * sum(s^k / k!, k < T).
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
LN10 = math.log(10)
_FAR = 30.0


def log10_gamma_tail(shape: int, total: float) -> float:
    """Return log10 P(Gamma(shape, 1) >= total); 0.0 when `shape` is 0.

    Exact to about 1e-11 relative in p for shapes up to 1e5 and any `total`.
    """
    if shape == 0 or total <= 0:
        return 0.0
    return float(log10_gamma_tails(shape, np.array([total]))[0])


def log10_gamma_tails(shape: int, totals: FloatArray) -> FloatArray:
    """Return log10 P(Gamma(shape, 1) >= total) for every total; all totals are above 0."""
    terms = np.outer(np.log(totals), np.arange(shape)) - _log_factorials(shape)
    top = terms.max(axis=1)
    sums = np.exp(terms - top[:, None]).sum(axis=1)
    logs: FloatArray = (top + np.log(sums) - totals) / LN10
    return np.minimum(logs, 0.0)


@lru_cache(maxsize=64)
def _log_factorials(count: int) -> FloatArray:
    """Return ln 0!, ln 1!, ... ln (count-1)!."""
    return np.array([math.lgamma(k + 1) for k in range(count)])


def log10_binomial_tail(trials: int, hits: int, chance: float) -> float:
    """Return log10 P(Binomial(trials, chance) >= hits)."""
    if hits <= 0:
        return 0.0
    counts = np.arange(hits, trials + 1)
    factorials = _log_factorials(trials + 1)
    terms = (
        factorials[trials]
        - factorials[counts]
        - factorials[trials - counts]
        + counts * math.log(chance)
        + (trials - counts) * math.log1p(-chance)
    )
    top = float(terms.max())
    return min(0.0, (top + math.log(float(np.exp(terms - top).sum()))) / LN10)


def log10_normal_tail(z: float) -> float:
    """Return log10 P(N(0, 1) >= z)."""
    if z < _FAR:
        return math.log10(math.erfc(z / math.sqrt(2)) / 2)
    # Abramowitz and Stegun 26.2.12, relative error below z^-8 * 105.
    series = 1 - z**-2 + 3 * z**-4 - 15 * z**-6
    return (-z * z / 2 + math.log(series / (z * math.sqrt(2 * math.pi)))) / LN10
