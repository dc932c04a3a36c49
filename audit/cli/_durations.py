"""Durations on the command line: a number and a unit."""

import re

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SECOND = 10**9


def duration(text: str) -> int:
    """Return the nanoseconds of a duration such as 90s, 15m, 24h or 7d; a click type."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no duration; write 90s, 15m, 24h or 7d")
    return int(match[1]) * _UNITS[match[2]] * _SECOND
