"""Calendar months: never shorter than they are, at month ends and in leap years too."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ledger.retention._months import months_before

DAY = 86_400 * 10**9


def ns(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 10**9


@pytest.mark.parametrize(
    ("now", "months", "then"),
    [
        ("2026-07-15T10:20:30", 6, "2026-01-15T10:20:30"),
        ("2026-03-15T00:00:00", 6, "2025-09-15T00:00:00"),
        ("2026-08-31T23:59:59", 6, "2026-02-28T23:59:59"),
        ("2024-08-31T12:00:00", 6, "2024-02-29T12:00:00"),
        ("2024-08-29T12:00:00", 6, "2024-02-29T12:00:00"),
        ("2025-02-28T12:00:00", 12, "2024-02-28T12:00:00"),
        ("2024-02-29T12:00:00", 12, "2023-02-28T12:00:00"),
        ("2024-02-29T12:00:00", 48, "2020-02-29T12:00:00"),
        ("2027-02-28T12:00:00", 6, "2026-08-28T12:00:00"),
        ("2027-03-01T00:00:00", 6, "2026-09-01T00:00:00"),
        ("2026-12-31T00:00:00", 1, "2026-11-30T00:00:00"),
        ("2026-01-31T00:00:00", 1, "2025-12-31T00:00:00"),
        ("2000-03-31T00:00:00", 1, "2000-02-29T00:00:00"),
        ("2100-03-31T00:00:00", 1, "2100-02-28T00:00:00"),
    ],
)
def test_months_are_counted_back_by_the_calendar(now: str, months: int, then: str) -> None:
    assert months_before(ns(now), months) == ns(then)


def test_nanoseconds_stay_and_nothing_lies_before_the_first_instant() -> None:
    assert months_before(ns("2026-07-15T00:00:00") + 7, 6) == ns("2026-01-15T00:00:00") + 7
    assert months_before(ns("1970-03-01T00:00:00"), 6) == 0


def test_six_months_are_kept_for_181_to_184_days_whatever_the_day() -> None:
    """Each day of eight years, and of eight around a year that is no leap year."""
    spans = set()
    for first in (datetime(2023, 1, 1, tzinfo=UTC), datetime(2097, 1, 1, tzinfo=UTC)):
        for number in range(8 * 366):
            recorded = first + timedelta(days=number)
            at = int(recorded.timestamp()) * 10**9
            kept = next(days for days in range(170, 200) if months_before(at + days * DAY, 6) >= at)
            spans.add(kept)
            same_day = (recorded.month + 6 > 12 and recorded.month - 6) or recorded.month + 6
            assert (recorded + timedelta(days=kept)).month in {same_day, same_day % 12 + 1}
    assert spans == {181, 182, 183, 184}


@given(
    st.integers(ns("1990-01-01T00:00:00"), ns("2200-01-01T00:00:00")),
    st.integers(0, 400 * DAY),
    st.integers(1, 240),
)
def test_a_later_instant_never_keeps_less(now: int, later: int, months: int) -> None:
    assert months_before(now, months) <= months_before(now + later, months) < now + later
