"""Chinese addresses: places that the tagger found, joined by the grammar of an address.

From large to small (GB/T 23705): province, city, district, street, number,
building, unit, room. A city by itself is no address; something at street level
must follow, or a word that says "address" must stand before.
"""

import re
from collections.abc import Iterator, Sequence

from audit.redact._types import Span

Word = tuple[int, int, str]

_PART = re.compile(
    r"[0-9一二三四五六七八九十百零〇A-Za-z\-－—#]{1,8}(?:号院|号楼|号|栋|幢|座|单元|室|楼|层|弄|巷|组|社|队|排|户|房|门)?[，, ]?"
)
_STREET = re.compile(
    r"(?:路|街|大道|道|巷|弄|胡同|小区|花园|公寓|大厦|广场|新村|家园|苑|里|村|社区|工业园|科技园|产业园)"
)
_NUMBER = re.compile(
    r"[0-9一二三四五六七八九十百零〇]{1,6}(?:号|栋|幢|座|单元|室|弄|组|楼|层|户|房)"
)
_LABEL = re.compile(
    r"(?:地址|住址|住所地?|寄到|寄往|收货地?|送到|户籍|居住地|住处)[是为在:： ]{0,2}$"
)
_LIVES = re.compile(r"(?:家住|住在|现住|居住在|租住在?|搬到)$")
_HOME = re.compile("[镇乡村街路弄巷]|小区|胡同|社区|公寓|花园|家园|大厦|新村|宿舍")
_PLACES = frozenset({"LOC", "s", "ns"})


def addresses(text: str, words: Sequence[Word]) -> Iterator[Span]:
    """Give the addresses among tagged words."""
    at = 0
    while at < len(words):
        start, end, tag = words[at]
        if tag not in _PLACES:
            at += 1
            continue
        stop, end = _extended(text, words, at)
        if _is_address(text, start, end):
            yield Span(start, end, "ADDRESS", 0.8)
        at = stop


def _extended(text: str, words: Sequence[Word], at: int) -> tuple[int, int]:
    """Return how far the places that begin with word `at` go on: word index and offset."""
    end = words[at][1]
    at += 1
    while at < len(words):
        start, stop, tag = words[at]
        if start < end:
            at += 1
            continue
        part = _PART.match(text, start)
        if part is not None and (part.end() >= stop or tag in ("m", "nx", "xc")):
            end = max(end, part.start() + len(part.group().rstrip("，, ")))
        elif tag in _PLACES or (tag in ("n", "nz", "ORG") and _STREET.search(text, start, stop)):
            end = stop
        else:
            break
        at += 1
    return at, end


def _is_address(text: str, start: int, end: int) -> bool:
    """Whether a place is somebody's: a number in a street, or a word that says address before it."""
    value = text[start:end]
    if len(value) >= 4 and _NUMBER.search(value) and _STREET.search(value):
        return True
    before = text[max(0, start - 8) : start]
    if _LABEL.search(before):
        return len(value) >= 4
    return len(value) >= 6 and bool(_LIVES.search(before)) and bool(_HOME.search(value))
