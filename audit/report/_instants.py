"""Instants and periods: as people write them, and as nanoseconds UTC."""

import re
from datetime import UTC, datetime, timedelta

from audit.core.errors import UsageError

DAY_NS = 86_400 * 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_instant(text: str) -> int:
    """Return the instant in `2026-08-01T00:00:00+08:00`, or midnight UTC of `2026-08-01`.

    Raises:
        UsageError: not a date, not an RFC 3339 time with an offset, or before 1970.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise UsageError(_refused(text)) from exc
    if moment.tzinfo is None:
        if not _DATE.fullmatch(text):
            raise UsageError(_refused(text))
        moment = moment.replace(tzinfo=UTC)
    ns = (moment - _EPOCH) // timedelta(microseconds=1) * 1000
    if not 0 <= ns < 2**63:
        raise UsageError(f"{text!r} is outside the times a ledger can hold")
    return ns


def read_period(text: str) -> tuple[int | None, int | None]:
    """Return start (inclusive) and end (exclusive) of `FROM..TO`; either may be left out.

    A date as TO includes that whole day (UTC).

    Raises:
        UsageError: no `..`, not instants, or the end is not after the start.
    """
    first, dots, last = text.partition("..")
    if not dots or not (first or last):
        raise UsageError(f"{text!r} is not a period", hint="write FROM..TO: 2026-08-01..2026-10-31")
    start = read_instant(first) if first else None
    end = read_instant(last) if last else None
    if end is not None and _DATE.fullmatch(last):
        end += DAY_NS
    if start is not None and end is not None and end <= start:
        raise UsageError(f"the period {text} ends before it begins")
    return start, end


def show_instant(ns: int) -> str:
    """Return an instant as `2026-08-01T00:00:00Z`; fractions of a second are cut off."""
    return (_EPOCH + timedelta(seconds=ns // 10**9)).strftime("%Y-%m-%dT%H:%M:%SZ")


def show_date(ns: int) -> str:
    """Return the UTC date of an instant."""
    return show_instant(ns)[:10]


def _refused(text: str) -> str:
    return f"{text!r} is neither a date (2026-08-01) nor a time with an offset (RFC 3339)"
