"""The mark: undistorted, found again, and tied to its receipt."""

import itertools

import mpmath
import numpy as np
import pytest

from audit.documents import Decision, MarkProfile
from audit.watermark.mark import (
    MarkedSampler,
    Nucleus,
    Streams,
    attribute,
    decide,
    follow,
    log10_designated,
    log10_subset_bound,
    log10_tag_test,
    nucleus,
    presence,
)
from tests.unit.watermark.synthetic import binomial_band, streams, unmarked, write, zipf

TAG = bytes([7, 0, 255, 13, 128, 64])


def sampler(tag: bytes = TAG, *, key: bytes = b"root", seed: int = 0) -> MarkedSampler:
    return MarkedSampler(streams(key), tag, random=np.random.default_rng(seed))


def test_a_marked_text_is_found_by_its_key_and_by_no_other() -> None:
    text = write(sampler(), 300, 2.0)
    found = presence(follow(text, streams()))
    assert decide(found.family(found.tests)) is Decision.PRESENT
    for other in (b"another", b"third", b"fourth"):
        stranger = presence(follow(text, streams(other)))
        assert decide(stranger.family(stranger.tests)) is Decision.ABSENT


def test_the_receipt_raises_the_evidence() -> None:
    trail = follow(write(sampler(), 200, 1.5), streams())
    assert log10_designated(trail, TAG) < presence(trail).log10_p < -3
    assert log10_designated(trail, bytes(6)) > log10_designated(trail, TAG) + 5


@pytest.mark.slow
def test_keyed_choices_follow_the_probabilities() -> None:
    """Chi-square of the chosen token over many keys, on one fixed distribution."""
    chances = zipf(2.0, size=12)
    options = Nucleus(np.arange(12), chances)
    counts = np.zeros(12)
    rng = np.random.default_rng(5)
    profile = MarkProfile(context=1)
    trials = 6000
    for _ in range(trials):
        one = MarkedSampler(Streams(profile, rng.bytes(32), rng.bytes(32)), TAG, random=rng)
        one.choose(Nucleus(np.array([3]), np.array([1.0])))
        counts[one.choose(options)] += 1
    statistic = float(((counts - trials * chances) ** 2 / (trials * chances)).sum())
    assert float(mpmath.gammainc(11 / 2, statistic / 2, regularized=True)) > 1e-4


def test_a_context_that_comes_again_is_not_keyed_again() -> None:
    one = sampler()
    for token in (1, 2, 3, 4, 5) * 3:
        one.choose(Nucleus(np.array([token]), np.array([1.0])))
    assert [choice.keyed for choice in one.choices] == [False] * 4 + [True] * 5 + [False] * 6


def test_two_answers_to_one_prompt_begin_differently() -> None:
    first, second = (write(sampler(seed=seed), 40, 3.0, seed=9) for seed in (1, 2))
    assert first[:4].tolist() != second[:4].tolist()


@pytest.mark.parametrize("bits", [0.5, 1.0, 2.0, 3.0])
def test_evidence_grows_with_entropy_and_length(bits: float) -> None:
    text = write(sampler(), 240, bits)
    half = log10_designated(follow(text[:120], streams()), TAG)
    whole = log10_designated(follow(text, streams()), TAG)
    assert whole < half < 0


@pytest.mark.slow
def test_unmarked_text_is_not_found_more_often_than_promised() -> None:
    trials, p_values = 1000, []
    for number in range(trials):
        text = unmarked(160, seed=number)
        trail = follow(text, streams(number.to_bytes(4)))
        p_values.append(log10_designated(trail, TAG))
    for level in (0.1, 0.01):
        low, high = binomial_band(trials, level)
        assert low <= sum(p <= np.log10(level) for p in p_values) <= high


@pytest.mark.slow
def test_presence_stays_valid_over_all_windows() -> None:
    trials = 120
    hits = 0
    for number in range(trials):
        found = presence(follow(unmarked(1000, seed=number), streams(number.to_bytes(4))))
        hits += found.family(found.tests) <= np.log10(0.05)
    assert hits <= binomial_band(trials, 0.05)[1]


def test_too_little_text_gives_no_evidence() -> None:
    for count in (0, 1, 5, 30):
        found = presence(follow(write(sampler(), count, 4.0), streams()))
        assert found.log10_p == 0.0


def test_a_marked_passage_inside_foreign_text_is_located() -> None:
    marked = write(sampler(), 400, 2.0)
    text = np.concatenate([unmarked(3000, seed=1), marked, unmarked(3000, seed=2)])
    found = presence(follow(text, streams()))
    assert decide(found.family(found.tests)) is Decision.PRESENT
    assert 2900 < found.tokens[0] < found.tokens[1] < 3600


def test_the_true_receipt_is_named_among_many() -> None:
    rng = np.random.default_rng(1)
    tags = rng.integers(0, 256, (100_000, 6)).astype(np.uint8)
    tags[54_321] = np.frombuffer(TAG, dtype=np.uint8)
    table, _ = follow(write(sampler(), 300, 2.5), streams()).payload_table()
    best, second = attribute(table, tags, candidates=len(tags))[:2]
    assert best.index == 54_321
    assert best.log10_p < -3
    assert second.log10_p > -1


@pytest.mark.slow
def test_a_marked_text_whose_receipt_is_absent_is_not_given_to_another() -> None:
    rng = np.random.default_rng(2)
    wrong = {-1.0: 0, -2.0: 0}
    trials = 30
    for number in range(trials):
        tags = rng.integers(0, 256, (20_000, 6)).astype(np.uint8)
        text = write(sampler(rng.bytes(6), seed=number), 250, 2.5, seed=number)
        table, _ = follow(text, streams()).payload_table()
        best = attribute(table, tags, candidates=len(tags))[0]
        for level in wrong:
            wrong[level] += best.log10_p <= level
    assert wrong[-1.0] <= binomial_band(trials, 0.1)[1]
    assert wrong[-2.0] <= binomial_band(trials, 0.01)[1]


def test_the_subset_bound_is_the_one_written_down_term_by_term() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        counts = rng.integers(0, 30, 4)
        sums = rng.gamma(np.maximum(counts, 1)) * rng.uniform(1, 3, 4) * (counts > 0)
        expected = mpmath.mpf(0)
        for size in range(5):
            for agreeing in itertools.combinations(range(4), size):
                rest = [at for at in range(4) if at not in agreeing]
                shape, total = sum(int(counts[at]) for at in rest), sum(sums[at] for at in rest)
                tail = mpmath.gammainc(shape, total, regularized=True) if shape else mpmath.mpf(1)
                expected = max(expected, 50 * mpmath.mpf(256) ** -size * tail)
        found = log10_subset_bound(sums, counts, candidates=50)
        assert found == pytest.approx(float(mpmath.log10(min(1, 16 * expected))), abs=1e-9)


def test_the_tag_test_counts_all_tags() -> None:
    rng = np.random.default_rng(6)
    table = rng.gamma(20, 1.0, (2, 256))
    sums = table[0][:, None] + table[1][None, :]
    for first, second in [(0, 0), (3, 200), (int(table[0].argmax()), int(table[1].argmax()))]:
        exact = float((sums >= sums[first, second]).mean())
        found = 10 ** log10_tag_test(table, bytes([first, second]), candidates=1)
        assert exact * (1 - 1e-9) <= found <= exact * 1.02 + 3 / 256**2


def test_the_tag_test_says_nothing_about_a_text_without_payload_contexts() -> None:
    assert log10_tag_test(np.zeros((6, 256)), TAG, candidates=1) == 0.0


def test_fewer_candidates_than_tags_are_refused() -> None:
    with pytest.raises(ValueError, match="2 tags of 1 candidates"):
        attribute(np.zeros((6, 256)), np.zeros((2, 6), np.uint8), candidates=1)


def test_the_nucleus_is_that_of_the_whole_vocabulary() -> None:
    rng = np.random.default_rng(8)
    logits = rng.normal(0, 3, 1000)
    chances = np.exp(logits / 0.7) / np.exp(logits / 0.7).sum()
    order = np.argsort(-chances)
    size = int(np.searchsorted(np.cumsum(chances[order]), 0.9)) + 1
    found = nucleus(logits, temperature=0.7, top_p=0.9, top_k=0, tokens=None)
    assert found.tokens.tolist() == order[:size].tolist()
    assert found.probabilities == pytest.approx(chances[order[:size]] / chances[order[:size]].sum())
    assert len(nucleus(logits, temperature=0.7, top_p=1.0, top_k=5, tokens=None).tokens) == 5


def test_a_tag_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="tag of 2 bytes"):
        MarkedSampler(streams(), b"ab")
