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
_UPPER = r"A-Z\u00c0-\u00d6\u00d8-\u00de\u0100-\u017f"
_TITLED = re.compile(
    r"(?<![A-Za-z])(?:Mr|Mrs|Ms|Miss|Dr|Prof|MM?|Mme|Mlle|Me|Sr|Sra|Srta|Sres|Herrn?|Frau|Sig|Dott|Dhr|Mevr|Panią?|Panu)"
    r"\.?[ \u00a0]{1,2}"
    rf"((?:[{_UPPER}](?:\.|[\w'\u2019]*)(?:[ ]?-[ ]?|[ ])?(?:(?:van|von|de|der|den|del|della|la|le|di|da|dos)[ ])?){{1,5}})"
)
_PARTS = frozenset({"ADDRESS", "PART", "NUMBER", "LOCATION"})
_DIGIT = re.compile("[0-9]")
_FARTHEST, _SPREAD = 12, 40
"""Characters that two parts of one address may be apart, without blanks and with them."""
_STREET = re.compile(
    r"street|\bst\b|road|\brd\b|avenue|\bave?\b|lane|\bln\b|drive|\bdr\b|boulevard|\bblvd\b|way\b|court\b|place\b|square"
    r"|terrace|close\b|crescent|highway|parkway|stra[sß]+e|str\b|platz|gasse|\brue\b|\bvia\b|\bcalle\b|plaza|\brua\b|piazza"
    r"|straat|laan\b|gata\b|gatan|vej\b|katu\b|ulica|\bul\b|utca|\bbox\b"
)


def people_and_places(text: str, pieces: Sequence[Span]) -> Iterator[Span]:
    """Give people as they are, and parts of an address that belong together as one span."""
    yield from _titled(text)
    group: list[Span] = []
    small = text.islower()
    for piece in pieces:
        if not small and piece.type != "ADDRESS" and text[piece.start : piece.end].islower():
            continue  # who writes capitals gives them to names
        if piece.type not in _PARTS:
            if not _DIGIT.search(text, piece.start, piece.end):
                yield piece
            continue
        if group and not _together(text, group[-1], piece):
            yield from _address(text, group)
            group = []
        group.append(piece)
    yield from _address(text, group)


def _titled(text: str) -> Iterator[Span]:
    """Give the capitalised words behind a title, initials among them."""
    for match in _TITLED.finditer(text):
        name = match.group(1).rstrip(" -.")
        if len(name) > 1 or match.group(1).startswith(name + "."):
            yield Span(match.start(1), match.start(1) + len(name), "PERSON", 0.7)


def _together(text: str, left: Span, right: Span) -> bool:
    if right.start <= left.end:
        return True
    gap = text[left.end : right.start]
    return (
        len(gap) <= _SPREAD
        and len("".join(gap.split())) <= _FARTHEST
        and _GAP.fullmatch(gap) is not None
    )


def _address(text: str, group: list[Span]) -> Iterator[Span]:
    kinds = {piece.type for piece in group}
    if "ADDRESS" not in kinds and not {"PART", "LOCATION"} <= kinds:
        yield from (piece for piece in group if piece.type == "LOCATION")
        return
    start, end = group[0].start, max(piece.end for piece in group)
    if kinds <= {"ADDRESS", "NUMBER"} and text.islower() and not _STREET.search(text, start, end):
        return  # without capitals two words with a number are no address
    unit = _UNIT.match(text, end)
    house = _HOUSE.search(text, max(0, start - 8), start)
    score = max(piece.score for piece in group)
    yield Span(house.start() if house else start, unit.end() if unit else end, "ADDRESS", score)
