"""Tail probabilities against mpmath, an independent arbitrary-precision library."""

import mpmath
import numpy as np
import pytest

from audit.watermark.mark import log10_gamma_tail, log10_gamma_tails

mpmath.mp.dps = 60
CASES = [
    (1, 0.5), (1, 690.0), (2, 1e-3), (7, 7.0), (25, 18.0), (64, 300.0), (100, 100.0),
    (100, 1100.0), (256, 1400.0), (1000, 2900.0), (4096, 4000.0), (20_000, 25_000.0),
]  # fmt: skip


def oracle(shape: int, total: float) -> mpmath.mpf:
    return mpmath.log10(mpmath.gammainc(shape, total, regularized=True))


@pytest.mark.parametrize(("shape", "total"), CASES)
def test_gamma_tail_agrees_with_mpmath(shape: int, total: float) -> None:
    expected = float(oracle(shape, total))
    assert log10_gamma_tail(shape, total) == pytest.approx(expected, rel=1e-12, abs=1e-10)


def test_gamma_tail_is_exact_to_1e_minus_300_and_beyond() -> None:
    found = {shape: log10_gamma_tail(shape, shape + 900.0) for shape in (1, 50, 200)}
    assert min(found.values()) < -300
    for shape, value in found.items():
        assert value == pytest.approx(float(oracle(shape, shape + 900.0)), rel=1e-12)


def test_many_tails_are_the_single_ones() -> None:
    totals = np.array([1.0, 50.0, 64.0, 200.0])
    assert log10_gamma_tails(64, totals).tolist() == pytest.approx(
        [log10_gamma_tail(64, total) for total in totals.tolist()]
    )


@pytest.mark.parametrize(("shape", "total"), [(0, 5.0), (5, 0.0), (5, -1.0)])
def test_no_evidence_is_p_one(shape: int, total: float) -> None:
    assert log10_gamma_tail(shape, total) == 0.0
