"""Instants and periods: as people write them, and as nanoseconds UTC."""

import re
from datetime import UTC, datetime, timedelta

from audit.core.errors import UsageError

DAY_NS = 86_400 * 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CALENDAR = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", re.ASCII)


def read_instant(text: str) -> int:
    """Return the instant in `2026-08-01T00:00:00+08:00`, or midnight UTC of `2026-08-01`.

    Raises:
        UsageError: not a date, not an RFC 3339 time with an offset, or before 1970.
    """
    if _DAY.fullmatch(text):
        return _span(text)[0]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise UsageError(_refused(text)) from exc
    if moment.tzinfo is None:
        raise UsageError(_refused(text))
    return _nanos(moment, text)


def read_period(text: str) -> tuple[int | None, int | None]:
    """Return start (inclusive) and end (exclusive) of `FROM..TO`, or of a day, month or year.

    FROM and TO are instants, days (`2026-08-01`), months (`2026-08`) or years (UTC); either may
    be left out. A day, month or year as TO is in the period as a whole.

    Raises:
        UsageError: not such a period, or the end is not after the start.
    """
    first, dots, last = text.partition("..")
    if not dots and _CALENDAR.fullmatch(text):
        return _span(text)
    if not dots or not (first or last):
        raise UsageError(
            f"{text!r} is not a period", hint="write 2026-08 or FROM..TO: 2026-08-01..2026-10-31"
        )
    start = _ends(first)[0] if first else None
    end = _ends(last)[1] if last else None
    if start is not None and end is not None and end <= start:
        raise UsageError(f"the period {text} ends before it begins")
    return start, end


def _ends(text: str) -> tuple[int, int]:
    """Return the ends of a day, month or year; an instant is both its ends."""
    if _CALENDAR.fullmatch(text):
        return _span(text)
    return (read_instant(text),) * 2


def _span(text: str) -> tuple[int, int]:
    """Return the start of a day, month or year, and of the next one."""
    parts = [int(part) for part in text.split("-")]
    try:
        year, month, day = [*parts, 1, 1][:3]
        start = datetime(year, month, day, tzinfo=UTC)
        if len(parts) == 3:
            end = start + timedelta(days=1)
        elif len(parts) == 2:
            end = (start + timedelta(days=31)).replace(day=1)
        else:
            end = start.replace(year=start.year + 1)
    except (ValueError, OverflowError) as exc:
        raise UsageError(_refused(text)) from exc
    return _nanos(start, text), _nanos(end, text)


def _nanos(moment: datetime, text: str) -> int:
    ns = (moment - _EPOCH) // timedelta(microseconds=1) * 1000
    if not 0 <= ns < 2**63:
        raise UsageError(f"{text!r} is outside the times a ledger can hold")
    return ns


def show_instant(ns: int) -> str:
    """Return an instant as `2026-08-01T00:00:00Z`; fractions of a second are cut off."""
    return (_EPOCH + timedelta(seconds=ns // 10**9)).strftime("%Y-%m-%dT%H:%M:%SZ")


def show_date(ns: int) -> str:
    """Return the UTC date of an instant."""
    return show_instant(ns)[:10]


def _refused(text: str) -> str:
    return f"{text!r} is neither a date (2026-08-01) nor a time with an offset (RFC 3339)"
