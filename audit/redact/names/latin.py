"""What the classifier's pieces of Latin-script text become: people, places, addresses."""

import re
from collections.abc import Iterator, Sequence

from audit.redact._types import Span

_GAP = re.compile(
    r"(?:[\s,.;\-]|\bnan\b|\b[A-Z]{2,3}\b|(?:apt|suite|unit|flat|no|nr)\.? ?[0-9]{0,5})*",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"[\s,]{0,6}(?:(?:apt|suite|unit|flat|ste|apartment)\.? ?#? ?[0-9]{1,5}[A-Z]?)", re.IGNORECASE
)
_HOUSE = re.compile(r"(?<![0-9A-Za-z])[0-9]{1,5}[A-Za-z]?[ ]$")
_PARTS = frozenset({"ADDRESS", "NUMBER", "LOCATION"})
_FARTHEST = 12
"""Characters that two parts of one address may be apart."""


def people_and_places(text: str, pieces: Sequence[Span]) -> Iterator[Span]:
    """Give people as they are, and parts of an address that belong together as one span."""
    group: list[Span] = []
    for piece in pieces:
        if piece.type not in _PARTS:
            yield piece
            continue
        if group and not _together(text, group[-1], piece):
            yield from _address(text, group)
            group = []
        group.append(piece)
    yield from _address(text, group)


def _together(text: str, left: Span, right: Span) -> bool:
    if right.start <= left.end:
        return True
    gap = text[left.end : right.start]
    return len(gap) <= _FARTHEST and _GAP.fullmatch(gap) is not None


def _address(text: str, group: list[Span]) -> Iterator[Span]:
    kinds = {piece.type for piece in group}
    if "ADDRESS" not in kinds:
        yield from (piece for piece in group if piece.type == "LOCATION")
        return
    start, end = group[0].start, max(piece.end for piece in group)
    unit = _UNIT.match(text, end)
    house = _HOUSE.search(text, max(0, start - 8), start)
    score = max(piece.score for piece in group)
    yield Span(house.start() if house else start, unit.end() if unit else end, "ADDRESS", score)
