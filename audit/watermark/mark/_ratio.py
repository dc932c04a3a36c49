"""The exact tail of a sketch's score: a sum of log likelihood ratios over uniform numbers.

Each ratio's distribution depends on its level alone and is known in closed
form. The sum is convolved on a grid on which every term is rounded up, so the
tail is never smaller than the true one. The convolution is done by FFT after an
exponential tilt that puts the observed sum in the middle; without the tilt the
transform would lose tails below 1e-16.
"""

import math

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

EDITED = 0.3
"""The share of known contexts after which somebody else's token is expected."""
LEVELS = 16
STEPS_PER_BIT = 1.75
_LOW = math.log(EDITED)
_BINS = 1 << 14
_MOST_TILT = 3.0
_STRONG = 12.0 * math.log(10)
"""Beyond this sum the simple bound exp(-sum) says all that is asked."""


def chances(levels: IntArray) -> FloatArray:
    """Return the probability a level stands for."""
    found: FloatArray = np.exp2(-(levels + 0.5) / STEPS_PER_BIT)
    return found


def log_ratios(chance: FloatArray, numbers: FloatArray) -> FloatArray:
    """Return ln of the likelihood ratio of numbers, against uniform ones."""
    ratio: FloatArray = EDITED + (1 - EDITED) / chance * numbers ** (1 / chance - 1)
    return np.log(ratio)


def log10_ratio_tail(counts: IntArray, total: float) -> float:
    """Return log10 P(sum >= total) when the numbers are uniform.

    `counts` has the number of terms by level. Where exp(-total) is below 1e-12
    that is returned, which is larger (the ratio's expectation is 1: Markov).
    """
    if total >= _STRONG:
        return -total / math.log(10)
    used = np.flatnonzero(counts)
    terms = int(counts.sum())
    tops = log_ratios(chances(used), np.ones(len(used)))
    if not terms or total <= _LOW * terms:
        return 0.0
    span = float((counts[used] * (tops - _LOW)).sum())
    step = span / _BINS
    masses = [_masses(chance, top, step) for chance, top in zip(chances(used), tops, strict=True)]
    place = (total - _LOW * terms) / step
    return _tail(masses, counts[used], place, _tilt(masses, counts[used], place, step))


def _masses(chance: float, top: float, step: float) -> FloatArray:
    """Return P(term in (LOW + (k-1) step, LOW + k step]) for every k from 0 on."""
    edges = np.minimum(_LOW + step * np.arange(math.ceil((top - _LOW) / step) + 1), top)
    share = np.clip((np.exp(edges) - EDITED) * chance / (1 - EDITED), 0.0, 1.0)
    below = share ** (chance / (1 - chance))
    below[-1] = 1.0
    return np.diff(below, prepend=0.0)


def _tail(masses: list[FloatArray], counts: IntArray, place: float, tilt: float) -> float:
    """Return log10 of the mass at `place` steps and beyond, found under a tilt per step."""
    bins = 1 << int(sum(n * (len(m) - 1) for m, n in zip(masses, counts, strict=True))).bit_length()
    spectrum = np.ones(bins // 2 + 1, dtype=np.complex128)
    scale = 0.0
    for mass, count in zip(masses, counts, strict=True):
        tilted = mass * np.exp(tilt * np.arange(len(mass)))
        weight = float(tilted.sum())
        scale += int(count) * math.log(weight)
        spectrum *= np.fft.rfft(tilted / weight, bins) ** int(count)
    density = np.maximum(np.fft.irfft(spectrum, bins), 0.0)
    first = max(0, math.floor(place))
    places = np.arange(first, bins)
    share = float((density[first:] * np.exp(-tilt * (places - first))).sum())
    if share <= 0.0:
        return 0.0
    return min(0.0, (scale - tilt * first + math.log(share)) / math.log(10))


def _tilt(masses: list[FloatArray], counts: IntArray, place: float, step: float) -> float:
    """Return the tilt per step, 0 or more, under which the mean lies at `place`; by bisection."""
    low, high = 0.0, _MOST_TILT * step
    for _ in range(30):
        middle = (low + high) / 2
        mean = 0.0
        for mass, count in zip(masses, counts, strict=True):
            at = np.arange(len(mass))
            tilted = mass * np.exp(middle * at)
            mean += count * float((tilted * at).sum() / tilted.sum())
        low, high = (middle, high) if mean < place else (low, middle)
    return (low + high) / 2
