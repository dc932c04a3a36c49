"""Calendar months: six of them are 181 to 184 days, never 180."""

from calendar import monthrange
from datetime import UTC, datetime

_SECOND = 10**9
_MONTHS = 12


def months_before(now_ns: int, months: int) -> int:
    """Return the instant so many calendar months before `now_ns`, in UTC nanoseconds.

    The time of day stays. A day that its month does not have is that month's
    last one: six months before 31 August lies on 28 or 29 February. So what was
    recorded on 31 August is kept until 1 March: longer, never shorter.
    """
    seconds, rest = divmod(now_ns, _SECOND)
    now = datetime.fromtimestamp(seconds, UTC)
    year, month = divmod(now.year * _MONTHS + now.month - 1 - months, _MONTHS)
    if year < 1970:
        return 0  # before the first instant that an entry can have
    day = min(now.day, monthrange(year, month + 1)[1])
    then = now.replace(year=year, month=month + 1, day=day)
    return int(then.timestamp()) * _SECOND + rest
