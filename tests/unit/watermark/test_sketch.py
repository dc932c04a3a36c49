"""The evidence sketch: stronger after edits, and never evidence for a foreign text."""

import math
from itertools import pairwise

import numpy as np
import pytest

from audit.core.errors import ConfigError
from audit.watermark.mark import (
    MarkedSampler,
    Sketch,
    draw_sketch,
    follow,
    log10_designated,
    log10_tag_test,
    weigh,
)
from audit.watermark.mark._ratio import log10_ratio_tail
from tests.unit.watermark.synthetic import VOCABULARY, binomial_band, streams, unmarked, write

TAG = bytes([7, 0, 255, 13, 128, 64])
KEY = b"s" * 32


def response(bits: float = 1.4, *, seed: int = 0, count: int = 220) -> tuple[np.ndarray, Sketch]:
    sampler = MarkedSampler(streams(), TAG, random=np.random.default_rng(seed))
    text = write(sampler, count, bits, seed=seed)
    return text, draw_sketch(sampler.choices, context=4, key=KEY)


def substituted(text: np.ndarray, share: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(len(text)) < share, rng.integers(0, VOCABULARY, len(text)), text)


def test_a_sketch_reads_back_and_is_small() -> None:
    _, sketch = response()
    data = sketch.pack()
    assert Sketch.unpack(data) == sketch
    assert len(data) <= 3.5 * 220 + 1
    assert Sketch.unpack(b"") == Sketch({})


@pytest.mark.parametrize("data", [b"\x00", b"\0\0\1\0\0\1\x11", b"\0\0\2\0\0\1\x11", b"abcde"])
def test_bytes_that_are_no_sketch_are_refused(data: bytes) -> None:
    with pytest.raises(ConfigError, match="not one"):
        Sketch.unpack(data)


def test_after_edits_the_sketch_still_finds_what_the_key_alone_loses() -> None:
    alone, known = 0, 0
    for seed in range(20):
        text, sketch = response(seed=seed)
        trail = follow(substituted(text, 0.2, seed), streams())
        alone += log10_designated(trail, TAG) <= -6
        known += weigh(trail, sketch, key=KEY).log10_presence(TAG) <= -6
    assert alone < 10
    assert known >= 18


def test_the_sketch_of_another_response_is_no_evidence() -> None:
    _, foreign = response(seed=1)
    text, _ = response(seed=2)
    weighed = weigh(follow(text, streams()), foreign, key=KEY)
    assert weighed.log10_presence(TAG) > -1


@pytest.mark.slow
def test_the_sketch_p_value_is_valid_when_every_context_is_known() -> None:
    """The hardest case for validity: all contexts in the sketch, none of the tokens keyed."""
    rng = np.random.default_rng(7)
    trials, ratios = 600, []
    for number in range(trials):
        text = unmarked(100, seed=number)
        trail = follow(text, streams(number.to_bytes(4)))
        sketch = _sketch_of_all(trail, rng)
        weighed = weigh(trail, sketch, key=KEY)
        ratios.append(weighed.log10_presence(TAG))
    for level in (0.1, 0.01):
        assert sum(p <= np.log10(level) for p in ratios) <= binomial_band(trials, level)[1]


def _sketch_of_all(trail, rng) -> Sketch:
    from blake3 import blake3

    names = [int.from_bytes(blake3(c, key=KEY).digest(length=3)) for c in trail.contexts]
    return Sketch({name: int(rng.integers(0, 16)) for name in names})


def test_the_sketch_names_the_receipt_after_edits() -> None:
    named = 0
    for seed in range(20):
        text, sketch = response(2.0, seed=seed, count=300)
        trail = follow(substituted(text, 0.1, seed), streams())
        table = weigh(trail, sketch, key=KEY).table
        named += log10_tag_test(table, TAG, candidates=16) <= -3
        assert log10_tag_test(table, bytes(6), candidates=16) > -3
    assert named >= 18


def test_a_very_long_response_keeps_its_least_certain_choices() -> None:
    sampler = MarkedSampler(streams(), TAG, random=np.random.default_rng(0))
    write(sampler, 4000, 3.0)
    sketch = draw_sketch(sampler.choices, context=4, key=KEY)
    assert 1900 < len(sketch.levels) <= 2048
    assert min(sketch.levels.values()) >= 1


def test_the_tail_of_one_context_is_its_closed_form() -> None:
    for level in (0, 7, 15):
        counts = np.bincount([level], minlength=16)
        chance = 2 ** (-(level + 0.5) / 1.75)
        for number in (0.5, 0.9, 0.99):
            total = math.log(0.3 + 0.7 / chance * number ** (1 / chance - 1))
            exact = math.log10(1 - number)
            found = log10_ratio_tail(counts, total)
            assert exact - 1e-9 <= found
            if total > math.log(0.3) + 0.01:  # below that the score says nothing: p is 1
                assert found <= exact + 0.05


def test_the_tail_of_many_contexts_agrees_with_simulation() -> None:
    rng = np.random.default_rng(8)
    levels = rng.integers(0, 16, 40)
    chance = np.exp2(-(levels + 0.5) / 1.75)
    numbers = rng.random((100_000, 40))
    sums = np.log(0.3 + 0.7 / chance * numbers ** (1 / chance - 1)).sum(axis=1)
    for level in (0.1, 0.01, 0.001):
        total = float(np.quantile(sums, 1 - level))
        found = 10 ** log10_ratio_tail(np.bincount(levels, minlength=16), total)
        assert 0.85 * level < found < 1.35 * level


def test_the_tail_lies_below_the_simple_bound_and_falls_with_the_score() -> None:
    counts = np.full(16, 6)
    totals = np.linspace(-40, 27, 15)
    tails = [log10_ratio_tail(counts, float(total)) for total in totals]
    assert all(later <= earlier for earlier, later in pairwise(tails))
    assert all(
        tail <= min(0.0, -total / math.log(10)) for tail, total in zip(tails, totals, strict=True)
    )
    assert log10_ratio_tail(counts, 100.0) == -100 / math.log(10)


def test_no_known_context_is_no_evidence() -> None:
    assert log10_ratio_tail(np.zeros(16, dtype=np.int64), 0.0) == 0.0
