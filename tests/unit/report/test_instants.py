"""Dates, times and periods as people write them."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import UsageError
from audit.core.periods import show_instant
from audit.report import read_instant, read_period

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01", 0),
        ("2026-01-01", 1_767_225_600),
        ("2026-01-01T00:00:00Z", 1_767_225_600),
        ("2026-01-01T08:00:00+08:00", 1_767_225_600),
        ("2025-12-31T23:59:59-00:00", 1_767_225_599),
    ],
)
def test_an_instant_is_read_in_nanoseconds_utc(text: str, seconds: int) -> None:
    assert read_instant(text) == seconds * SECOND


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-13-01",
        "2026-01-01T00:00:00",
        "1969-12-31",
        "20260101",
        "2026-W01-1",
        "now",
    ],
)
def test_what_has_no_one_meaning_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_instant(text)


def test_a_date_at_the_end_of_a_period_is_in_it() -> None:
    start, end = read_period("2026-08-01..2026-08-01")
    assert start is not None
    assert end is not None
    assert end - start == 86_400 * SECOND


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2026-08-01", "2026-08-01", "2026-08-02"),
        ("2026-02", "2026-02-01", "2026-03-01"),
        ("2025-12", "2025-12-01", "2026-01-01"),
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-08..2026-10", "2026-08-01", "2026-11-01"),
        ("2025..2026-02-28", "2025-01-01", "2026-03-01"),
    ],
)
def test_a_period_may_be_one_of_the_calendar(text: str, first: str, after: str) -> None:
    assert read_period(text) == (read_instant(first), read_instant(after))


def test_a_period_may_be_open_on_one_side() -> None:
    assert read_period("2026-08-01..") == (read_instant("2026-08-01"), None)
    assert read_period("..2026-08-01T00:00:00Z") == (None, read_instant("2026-08-01"))


@pytest.mark.parametrize(
    "text", ["", "..", "2026-08-1", "2026-08-02..2026-08-01", "2026-13", "0000", "a..b"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_period(text)


@pytest.mark.parametrize("read", [read_instant, read_period])
@given(text=st.text(max_size=30))
def test_any_text_is_read_or_refused(read: Callable[[str], object], text: str) -> None:
    with suppress(UsageError):
        read(text)


@given(st.integers(0, 2**63 - 1))
def test_every_instant_of_a_ledger_can_be_shown_and_read_back(ns: int) -> None:
    assert read_instant(show_instant(ns)) == ns - ns % SECOND
