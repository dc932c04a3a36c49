"""Green-list and tournament marks, against values that others published."""

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest

from audit.core.errors import ConfigError, UsageError
from audit.watermark.mark import log10_binomial_tail, log10_normal_tail
from audit.watermark.native import (
    GreenList,
    Tournament,
    green_list_mark,
    read_foreign,
    tournament_mark,
)
from audit.watermark.native._torch import permutation_start

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors/watermark/tournament-qwen.match.json").read_text()
)
TOURNAMENT = Tournament(tuple(VECTORS["keys"]), VECTORS["ngram"])


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (0, [4, 1, 7, 5, 3, 9, 0, 8, 6, 2]),  # printed in many tutorials for torch.manual_seed(0)
        (42, [2, 6, 1, 8, 4, 5, 0, 9, 3, 7]),
        (2**32, [4, 1, 7, 5, 3, 9, 0, 8, 6, 2]),
    ],
)
def test_permutations_are_those_of_torch(seed: int, expected: list[int]) -> None:
    assert permutation_start(10, seed, 10) == expected
    assert permutation_start(10, seed, 4) == expected[:4]


def test_the_green_list_is_that_of_transformers() -> None:
    """Its own test: vocabulary 20, default key and ratio, after token 10 token 1 is green."""
    green = GreenList(vocabulary=20)
    assert green.is_green(10, 1)
    assert sum(green.is_green(10, token) for token in range(20)) == 5


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["mean"][:6])
def test_tournament_bits_have_the_published_mean(case: dict[str, object]) -> None:
    mean = float(TOURNAMENT.scored(np.array(case["tokens"])).mean())
    assert mean == pytest.approx(float(case["mean"]), abs=1e-7)


def test_a_text_marked_by_tournament_is_found_and_a_clean_one_is_not() -> None:
    marked, clean, other = (
        tournament_mark(np.array(case["tokens"]), TOURNAMENT).log10_p for case in VECTORS["cases"]
    )
    assert marked < -3
    assert other < -3
    assert clean > -1


def test_a_text_marked_by_green_list_is_found_and_a_clean_one_is_not() -> None:
    green = GreenList(vocabulary=500)
    rng = np.random.default_rng(1)
    marked = [7]
    for _ in range(150):
        options = rng.integers(0, 500, 8).tolist()
        marked.append(next((t for t in options if green.is_green(marked[-1], t)), options[0]))
    clean = rng.integers(0, 500, 150)
    assert green_list_mark(np.array(marked), green).log10_p < -20
    assert green_list_mark(clean, green).log10_p > -2


@pytest.mark.parametrize("tokens", [[], [1], [1, 2, 3]])
def test_a_text_too_short_has_no_foreign_mark(tokens: list[int]) -> None:
    text = np.array(tokens, dtype=np.int64)
    assert tournament_mark(text, TOURNAMENT).log10_p == 0.0
    assert green_list_mark(text, GreenList(vocabulary=500)).log10_p > -1.3


@pytest.mark.parametrize(
    ("trials", "hits", "chance"), [(10, 0, 0.3), (200, 120, 0.25), (50, 50, 0.5)]
)
def test_the_binomial_tail_agrees_with_mpmath(trials: int, hits: int, chance: float) -> None:
    exact = mpmath.fsum(
        mpmath.binomial(trials, k)
        * mpmath.mpf(chance) ** k
        * (1 - mpmath.mpf(chance)) ** (trials - k)
        for k in range(hits, trials + 1)
    )
    assert log10_binomial_tail(trials, hits, chance) == pytest.approx(float(mpmath.log10(exact)))


@pytest.mark.parametrize("z", [-3.0, 0.0, 5.0, 29.9, 30.1, 100.0])
def test_the_normal_tail_agrees_with_mpmath(z: float) -> None:
    with mpmath.workdps(50):
        exact = mpmath.log10(mpmath.erfc(z / mpmath.sqrt(2)) / 2)
    assert log10_normal_tail(z) == pytest.approx(float(exact), rel=1e-9)


def test_the_configuration_of_transformers_is_read() -> None:
    given = {"greenlist_ratio": 0.5, "bias": 2.0, "hashing_key": 7, "seeding_scheme": "lefthash"}
    found = read_foreign(json.dumps(given).encode(), vocabulary=500, source="c")
    assert found == GreenList(500, 7, 0.5)
    synthid = {"keys": [1, 2], "ngram_len": 4, "sampling_table_size": 256}
    found = read_foreign(json.dumps(synthid).encode(), vocabulary=None, source="c")
    assert found == Tournament((1, 2), 4, 256, 0)


@pytest.mark.parametrize(
    "text",
    [
        "[]", '{"keys": []}', '{"keys": [true]}', '{"keys": ["1"]}', '{"keys": [1], "ngram_len": -1}',
        '{"seeding_scheme": "selfhash"}', '{"context_width": 3}', '{"greenlist_ratio": 1}',
        '{"greenlist_ratio": "x"}', '{"hashing_key": 1.5}',
    ],
)  # fmt: skip
def test_a_configuration_of_another_scheme_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^c: "):
        read_foreign(text.encode(), vocabulary=500, source="c")


def test_a_green_list_needs_the_vocabulary() -> None:
    with pytest.raises(UsageError, match="--vocabulary"):
        read_foreign(b"{}", vocabulary=None, source="c")
