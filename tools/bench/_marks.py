"""Marking recorded distributions: ours, and two others as baselines, on the same ones.

`data/nuclei-smollm2-t07.npz`: what SmolLM2-135M-Instruct offered at temperature
0.7 and top-p 0.95 along 32 of its own answers to English prompts, recorded
with `tools.quality.record`: tokens and probabilities of each nucleus, sizes,
the token that was chosen, and the answer it belongs to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.documents import MarkProfile
from audit.watermark.mark import (
    MarkedSampler,
    Nucleus,
    Sketch,
    Streams,
    draw_sketch,
    log10_binomial_tail,
    log10_normal_tail,
)

DATA = Path(__file__).parent / "data" / "nuclei-smollm2-t07.npz"
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Choose = Callable[[Nucleus, list[int]], int]
VOCABULARY = 49_152


@dataclass(frozen=True, slots=True)
class Recording:
    """Nuclei in the order of the texts they were recorded along."""

    nuclei: list[Nucleus]
    chosen: IntArray
    text: IntArray

    @property
    def entropy(self) -> float:
        """Mean bits per token."""
        return float(np.mean([one.entropy for one in self.nuclei]))


def load(path: Path = DATA) -> Recording:
    """Return a recording."""
    with np.load(path) as data:
        ends = np.cumsum(data["sizes"], dtype=np.int64)
        chances = data["chances"].astype(np.float64)
        tokens = data["tokens"].astype(np.int64)
        chosen, text = data["chosen"].astype(np.int64), data["text"].astype(np.int64)
    nuclei = [
        Nucleus(tokens[start:end], chances[start:end] / chances[start:end].sum())
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]
    return Recording(nuclei, chosen, text)


@dataclass(frozen=True, slots=True)
class Marked:
    """A text marked by audit-g1, and all that its receipt knows."""

    tokens: IntArray
    streams: Streams
    tag: bytes
    sketch: Sketch
    key: bytes


def mark(recording: Recording, rng: np.random.Generator, count: int) -> Marked:
    """Return `count` tokens drawn by a fresh key from a random stretch of the recording."""
    profile = MarkProfile()
    streams = Streams(profile, rng.bytes(32), rng.bytes(32))
    sampler = MarkedSampler(streams, rng.bytes(profile.symbols), rng)
    for options in stretch(recording, rng, count):
        sampler.choose(options)
    key = rng.bytes(32)
    sketch = draw_sketch(sampler.choices, context=profile.context, key=key)
    tokens = np.array([choice.token for choice in sampler.choices])
    return Marked(tokens, streams, sampler.tag, sketch, key)


def stretch(recording: Recording, rng: np.random.Generator, count: int) -> list[Nucleus]:
    """Return `count` nuclei that follow each other in the recording."""
    at = int(rng.integers(len(recording.nuclei) - count))
    return recording.nuclei[at : at + count]


def substituted(tokens: IntArray, rng: np.random.Generator, share: float) -> IntArray:
    """Return the tokens with a share of them replaced at random; harder than whole words."""
    return np.where(
        rng.random(len(tokens)) < share, rng.integers(0, VOCABULARY, len(tokens)), tokens
    )


def green_list(recording: Recording, rng: np.random.Generator, count: int) -> float:
    """Return log10 p of a text marked by a green list (ratio 0.25, bias 2), found by its own test.

    Membership is a keyed hash of both tokens, which is what a permutation of
    the vocabulary gives for the few tokens of a nucleus.
    """
    key, before, hits, seen = int(rng.integers(2**62)), 0, 0, set()
    for options in stretch(recording, rng, count):
        green = _hash(key, before, options.tokens) < 0.25
        weights = options.probabilities * np.where(green, np.exp(2.0), 1.0)
        at = _draw(weights / weights.sum(), rng)
        token = int(options.tokens[at])
        if (before, token) not in seen:
            seen.add((before, token))
            hits += bool(green[at])
        before = token
    return log10_binomial_tail(len(seen), hits, 0.25)


def tournament(recording: Recording, rng: np.random.Generator, count: int) -> float:
    """Return log10 p of a text marked by a tournament of 30 layers, by its weighted mean."""
    layers = 30
    weights = np.linspace(10, 1, layers)
    recent, seen, total, scored = [0] * 4, set(), 0.0, 0
    key = int(rng.integers(2**62))
    for options in stretch(recording, rng, count):
        context, at = tuple(recent), _draw(options.probabilities, rng)
        if context not in seen:
            seen.add(context)
            bits = np.stack(
                [_hash(key + layer, hash(context), options.tokens) < 0.5 for layer in range(layers)]
            )
            chances = options.probabilities.copy()
            for row in bits:  # one round of two: p(v) * (1 + g(v) - mean g)
                chances = chances * (1 + row - (chances * row).sum())
            at = _draw(chances / chances.sum(), rng)
            total += float(((bits[:, at] - 0.5) * weights).sum())
            scored += 1
        recent = [*recent[1:], int(options.tokens[at])]
    return log10_normal_tail(total / (np.sqrt(scored * (weights**2).sum()) / 2))


def _hash(key: int, before: int, tokens: IntArray) -> FloatArray:
    """Return a number in [0, 1) per token (splitmix64 of key, context and token)."""
    state = tokens.astype(np.uint64) + np.uint64((key * 0x9E3779B97F4A7C15 + before) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    return (state >> np.uint64(11)).astype(np.float64) / 2**53


def _draw(chances: FloatArray, rng: np.random.Generator) -> int:
    at = int(np.searchsorted(np.cumsum(chances), rng.random(), side="right"))
    return min(at, len(chances) - 1)
