"""A synthetic language model: Zipf distributions of a chosen entropy over a small vocabulary.

What it writes has no meaning, but tokens depend on the token before, so that
contexts repeat as they do in text.
"""

import math

import numpy as np

from audit.documents import MarkProfile
from audit.watermark import LocalRoot, derive_epoch
from audit.watermark.mark import MarkedSampler, Nucleus, Streams

VOCABULARY = 5000
DIGEST = "sha256:" + "a" * 64


def streams(name: bytes = b"root", profile: MarkProfile | None = None) -> Streams:
    keys = derive_epoch(LocalRoot(name.ljust(32, b".")), DIGEST, "2026")
    return Streams(profile or MarkProfile(), keys.pilot, keys.payload)


def zipf(bits: float, size: int = 64) -> np.ndarray:
    """Return probabilities proportional to rank^-a, with `a` set for this entropy."""
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        weights = np.arange(1, size + 1) ** -middle
        chances = weights / weights.sum()
        entropy = -(chances * np.log2(np.maximum(chances, 1e-300))).sum()
        low, high = (middle, high) if entropy > bits else (low, middle)
    return chances


def write(sampler: MarkedSampler, count: int, bits: float, *, seed: int = 0) -> np.ndarray:
    """Let the sampler write `count` tokens; `seed` picks what the model would like to say."""
    rng = np.random.default_rng(seed)
    chances = zipf(bits)
    for _ in range(count):
        options = rng.choice(VOCABULARY, size=len(chances), replace=False)
        sampler.choose(Nucleus(options, chances))
    return np.array([choice.token for choice in sampler.choices])


def unmarked(count: int, *, seed: int) -> np.ndarray:
    """Return tokens nobody marked, with the skew and the repeats of text."""
    rng = np.random.default_rng(seed)
    return np.minimum(rng.zipf(1.3, size=count), VOCABULARY) - 1


def binomial_band(trials: int, chance: float, *, sigmas: float = 4.0) -> tuple[float, float]:
    spread = sigmas * math.sqrt(trials * chance * (1 - chance))
    return trials * chance - spread, trials * chance + spread
