"""Identifiers that are built around digits, found from their first digit on.

A cluster is a run of digits with single separators between. It is tried whole,
then as windows of neighbouring runs, longest first, so that two numbers with a
blank between them are still seen. A run that touches a letter is a token and is
looked up by its shape. Windows are few per run, so the work is linear.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from audit.redact import _phones as phones
from audit.redact._context import Around
from audit.redact._types import Span
from audit.redact.kinds import (
    ALONE_BY_SIZE,
    BY_FORM,
    BY_SIZE,
    MIXED_BY_SIZE,
    WORDS_BY_SIZE,
    Rule,
)
from audit.redact.validators.accounts import iban, iban_length
from audit.redact.validators.asia import kr_rrn
from audit.redact.validators.china import resident_id
from audit.redact.validators.eu_north import fi_hetu, se_personnummer
from audit.redact.validators.world import us_ssn

Emit = Callable[[Span], object]

_BETWEEN = r" \-./()（）\u00b7_\t\n\r|\\"
_REST = rf"[0-9]*+(?:[{_BETWEEN}]{{1,3}}[0-9]++)*+"
# A short one counts only beside a letter; saying so here passes over most numbers of a text at once.
CLUSTER = re.compile(
    rf"[0-9](?:(?<=[A-Za-z_].){_REST}|{_REST}(?:(?<=[0-9{_BETWEEN}]{{7}})|(?=[A-Za-z_])))"
)
RUN = re.compile(r"[0-9]+")
_SEPARATORS = str.maketrans("", "", " -./()（）·_\t\n\r|\\")
_SHAPE = str.maketrans(
    "012345678ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "9" * 9 + "A" * 52
)
_WORDS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
_WORD_CHARS = frozenset(_WORDS)
_WORD = re.compile(r"[0-9A-Za-z]+")
_TAIL = re.compile(r"[ \-]?[A-Za-z]{1,2}(?![0-9A-Za-z])")
_LETTERS_AROUND = re.compile(r"[A-Za-z]*([0-9]{11,19})[A-Za-z]*")
_MACHINE = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[0-9A-Za-z_]{41,}")
_QUAD = re.compile(
    r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?![0-9.])"
)
_VERSION = (
    "version", "versions", "release", "released", "build", "upgrade", "section", "clause", "chapter", " v", " ver",
    "§", "版本", "固件", "标准", "第", "/",
)  # fmt: skip
_DASHED = re.compile(
    r"(?:[0-9]{2})?[0-9]{6}[\-+][0-9]{4}|[0-9]{6}-[1-8][0-9]{6}|[0-9]{3}-[0-9]{2}-[0-9]{4}"
)
_HETU = re.compile(r"[0-3][0-9][01][0-9]{3}[\-+A-FU-Ya-fu-y][0-9]{3}[0-9A-Ya-y](?![0-9A-Za-z])")
_IN_GROUPS = re.compile(r"[0-9]{1,6}(?:[ \-./·()][0-9]{1,6}){2,}|[0-9]{6}[ \-][0-9]{5}")
_SOLID = 0.6
"""The least evidence that counts without context for digits without any separator."""
_CHECK_X = re.compile(r"[ \-./·_]{0,2}[xX](?![A-Za-z])")
_TIME = re.compile(
    r"(?:(?:19|20)[0-9]{2}([\-/.])[01]?[0-9]\1[0-3]?[0-9]|[0-3]?[0-9]([\-/.])[0-3]?[0-9]\2(?:19|20)[0-9]{2})"
    r"(?![0-9])"
)
_OCR = str.maketrans("OoIl|", "00111")
_MISREAD = frozenset("OoIl|")
_PREFIX = re.compile(r"[A-Z]{1,4}(?=[0-9OoIl]*[0-9])")
MOST_RUNS = 9
"""How many neighbouring runs one number may be written in, unless they are single digits."""
_MOST_SINGLE, _FEWEST = 24, 7
_SHORTEST = 6
_LONGEST = 34
_SIZES = frozenset(BY_SIZE) | frozenset(range(7, 18))
"""How many digits anything that is known has."""


def scan(text: str, emit: Emit) -> None:
    """Give `emit` every identifier of `text` that holds a digit run of its own."""
    done, size = 0, len(text)
    for match in CLUSTER.finditer(text):
        start, end = match.span()
        if end <= done:
            continue
        after = text[end] if end < size else " "
        if (start and text[start - 1] in _WORD_CHARS) or (
            after in _WORD_CHARS and not (after in "xX" and _takes_x(text, start, end))
        ):
            done = _tokens(text, max(start, done), end, emit)
        elif end - start >= _FEWEST:
            _cluster(text, start, end, emit)


def _takes_x(text: str, start: int, end: int) -> bool:
    """Whether an X behind the digits is the check character of a resident id, or an extension follows."""
    return text[end + 1 : end + 2].isdigit() or sum(map(str.isdigit, text[start:end])) == 17


def _cluster(text: str, start: int, end: int, emit: Emit) -> None:
    raw = text[start:end]
    if raw.isdigit():
        span = _number(text, start, end, raw)
        if span is not None:
            emit(span)
        return
    if raw.count(".") >= 3 and (size := _address(text, start, raw, emit)):
        start += size
        if end - start < 7:
            return
        raw = text[start:end]
    if len(raw.translate(_SEPARATORS)) < _FEWEST:
        return
    if (national := _DASHED.fullmatch(raw)) is not None and _dashed(national.group(), start, emit):
        return
    if (date := _TIME.match(raw)) is not None and date.end() >= min(len(raw), 8):
        start += date.end()  # a date is no number; what follows it may be
        if end - start < 7:
            return
    runs = [run.span() for run in RUN.finditer(text, start, end)]
    _windows(text, runs, emit)


def _address(text: str, start: int, raw: str, emit: Emit) -> int:
    """Return the length of the IPv4 address (RFC 791) or version number that opens the cluster."""
    quad = _QUAD.match(raw)
    if quad is None or text[start - 1 : start] == ".":
        return 0
    before = text[max(0, start - 16) : start].casefold().rstrip(" :=\x1f\"'")
    if not (" " + before).endswith(_VERSION):
        emit(Span(start, start + quad.end(), "IP_ADDRESS", 0.8))
    return quad.end()


def _dashed(raw: str, start: int, emit: Emit) -> bool:
    """Whether the cluster is a number that its dash tells: Swedish, Korean, US social security."""
    digits = raw.replace("-", "").replace("+", "")
    if len(digits) == 9:
        kind = "US_SSN" if us_ssn(digits) else ""
    elif len(digits) == 13:
        kind = "KR_RRN" if kr_rrn(digits) else ""
    else:
        kind = "SE_PERSONNUMMER" if se_personnummer(digits) else ""
        if not kind and fi_hetu(raw):
            kind = "FI_PERSONAL_IDENTITY_CODE"
    if kind:
        emit(Span(start, start + len(raw), kind, 0.8))
    return bool(kind)


def _windows(text: str, runs: list[tuple[int, int]], emit: Emit) -> None:
    """Try neighbouring runs as one number, longest window first, from left to right."""
    at, count = 0, len(runs)
    around = Around(text, runs[0][0], runs[-1][1])
    single = count > MOST_RUNS and all(e - s <= 2 for s, e in runs[: MOST_RUNS * 3])
    if single and count > _MOST_SINGLE:
        _resident_ids(text, runs, emit)
        return
    most = _MOST_SINGLE if single else MOST_RUNS
    opened = [i for i in range(1, count) if "(" in text[runs[i - 1][1] : runs[i][0]]]
    ends = list(accumulate((e - s for s, e in runs), initial=0))
    sizes = _sizes_for(around)
    while at < count:
        # A bracket opens the next number, unless it holds an area code behind a country's.
        bracket = bisect_right(opened, at + 1)
        last = min(count, at + most, opened[bracket] if bracket < len(opened) else count)
        for stop in range(last, at, -1):
            if ends[stop] - ends[at] not in (sizes if at else _SIZES):
                continue
            span = _window(text, runs[at][0], runs[stop - 1][1], around)
            whole = stop - at < 5 or stop - at == count
            if span is not None and (whole or span.score >= 0.9) and _plausible(text, span):
                emit(span)
                at = stop
                break
        else:
            at += 1


def _sizes_for(around: Around) -> frozenset[int]:
    """Return how many digits a number may have behind the first, in this context."""
    if around.mentions(phones.TOPIC):
        return _SIZES
    known = {n for n, words in WORDS_BY_SIZE.items() if around.mentions_any(words)}
    return frozenset(known | ALONE_BY_SIZE.keys() | phones.SIZES_ALONE)


def _resident_ids(text: str, runs: list[tuple[int, int]], emit: Emit) -> None:
    """In a long row of single digits, find only what nothing else looks like."""
    digits = "".join(text[s:e] for s, e in runs)
    places = [i for s, e in runs for i in range(s, e)]
    done = 0
    for at in range(len(digits) - 17):
        if at >= done and resident_id(digits[at : at + 18]):
            emit(Span(places[at], places[at + 17] + 1, "CN_ID", 0.95))
            done = at + 18


def _plausible(text: str, span: Span) -> bool:
    """Whether a label alone may make a number of what is written with a slash, as cases are."""
    return span.score >= 0.7 or "/" not in text[span.start : span.end]


def _window(text: str, start: int, end: int, around: Around) -> Span | None:
    if not 7 <= end - start <= 80:
        return None
    return _number(text, start, end, text[start:end].translate(_SEPARATORS), around)


def _number(
    text: str, start: int, end: int, digits: str, around: Around | None = None
) -> Span | None:
    """Return what `digits`, written at `start:end`, is, or None."""
    size = len(digits)
    if size > _LONGEST:
        return None
    around = around or Around(text, start, end)
    if size == 17 and (last := _CHECK_X.match(text, end)) is not None:
        found = _best(BY_FORM["9" * 17 + "A"], digits + "X", around, (start, last.end()))
        if found is not None:
            return found
    rules = BY_SIZE.get(size)
    if rules and not around.mentions_any(WORDS_BY_SIZE[size]):
        rules = ALONE_BY_SIZE.get(size, ())
    found = _best(rules, digits, around, (start, end)) if rules else None
    if found is not None and found.score >= 0.9:
        return found
    phone = phones.number(text, start, end, digits, around)
    if phone is not None and (found is None or phone.score >= found.score):
        found = phone
    elif found is not None and not around.mentions_any(WORDS_BY_SIZE[size]):
        found = found if _is_written_so(text[start:end], found.score) else None
    if found is None or found.score >= 0.9 or "+" in text[found.start : start]:
        return found
    is_solid = end - start == size
    counted = Around(text, start, end) if is_solid else around
    is_mobile = found.type == "PHONE_NUMBER"
    return None if counted.counts(is_solid=is_solid, is_mobile=is_mobile) else found


def _is_written_so(raw: str, score: float) -> bool:
    """Whether a number without context is written as such numbers are, not as a table or a decimal."""
    if raw.isdigit():
        return score >= _SOLID
    return _IN_GROUPS.fullmatch(raw) is not None


def _best(
    rules: tuple[Rule, ...], value: str, around: Around, place: tuple[int, int]
) -> Span | None:
    """Return the rule with the strongest evidence for `value`, as a span."""
    kind, score = "", 0.0
    for rule in rules:
        if score >= 0.95:
            break
        weight = _weigh(rule, value, around)
        if weight > score:
            kind, score = rule.type, weight
    return Span(*place, kind, score) if score else None


def _weigh(rule: Rule, value: str, around: Around) -> float:
    """Return the evidence that `value` is what `rule` describes: 0 is none, 0.95 the most."""
    check = rule.check
    if not around.mentions(rule.topic):  # asked first, since it is the quickest to say no
        return rule.alone if rule.alone and check is not None and check(value) else 0.0
    if check is not None and check(value):
        return 0.95
    if rule.labelled and (rule.looks is None or rule.looks(value)):
        return 0.65 if around.labelled(rule.topic) else 0.0
    return 0.6 if check is None and not rule.labelled else 0.0


def _tokens(text: str, start: int, end: int, emit: Emit) -> int:
    """Look up the words of letters and digits that the cluster at `start:end` runs through."""
    head = text[max(0, start - 41) : start]
    left = start - len(head) + len(head.rstrip(_WORDS))
    tail = text[end : end + 41]
    right = end + len(tail) - len(tail.lstrip(_WORDS))
    if right - left < _SHORTEST:
        return right
    if right - left > 40 or text[left + 8 : left + 9] == "-":
        machine = _MACHINE.match(text, left)
        if machine is not None:
            return max(machine.end(), end)
    if left == start and (hetu := _HETU.match(text, left)) is not None and fi_hetu(hetu.group()):
        emit(Span(*hetu.span(), "FI_PERSONAL_IDENTITY_CODE", 0.85))
        return hetu.end()
    at = left
    for word in _WORD.finditer(text, left, right):
        if word.start() >= end:
            break
        at = word.end()
        if at - word.start() >= _SHORTEST:
            _word(text, word.start(), at, emit)
    return max(at, end)


def _word(text: str, start: int, end: int, emit: Emit) -> None:
    value = text[start:end]
    if value.isdigit():
        if (start == 0 or text[start - 1] != "_") and end - start >= 7:
            span = _number(text, start, end, value)
            if span is not None:
                emit(span)
        return
    span = token(text, start, end, value) or _glued(text, start, value)
    if span is not None:
        emit(span)


def _glued(text: str, start: int, value: str) -> Span | None:
    """Return a number that letters touch, when nothing else can have its digits."""
    parts = _LETTERS_AROUND.fullmatch(value)
    if parts is None:
        return None
    left, right = parts.span(1)
    span = _number(text, start + left, start + right, parts.group(1))
    return span if span is not None and span.score >= 0.9 else None


def may_be_token(value: str) -> bool:
    """Whether anything is written in the form of `value`; quicker than `token`, and true more often."""
    return (
        value.translate(_SHAPE) in BY_FORM
        or len(value) in MIXED_BY_SIZE
        or iban_length(value[:2]) == len(value)
        or not _MISREAD.isdisjoint(value)
    )


def token(text: str, start: int, end: int, value: str, around: Around | None = None) -> Span | None:
    """Return what the letters and digits `value`, written at `start:end`, are, or None."""
    size = len(value)
    if not _SHORTEST <= size <= _LONGEST:
        return None
    if (
        size >= 15
        and iban_length(value[:2].upper()) == size
        and value[2:4].isdigit()
        and iban(value)
    ):
        return Span(start, end, "IBAN_CODE", 0.95)
    again = "" if _MISREAD.isdisjoint(value) else _read_again(value)
    mixed = MIXED_BY_SIZE.get(size, ())
    for written in (value, again):
        rules = (BY_FORM.get(written.translate(_SHAPE), ()) + mixed) if written else ()
        if not rules:
            continue
        around = around or Around(text, start, end)
        found = _best(rules, written, around, (start, end))
        if found is not None:
            return found
    return None


def _read_again(value: str) -> str:
    """Return a document number with the letters behind its prefix read as digits, or nothing."""
    prefix = _PREFIX.match(value)
    head = prefix.end() if prefix else 0
    tail = value[head:]
    again = tail.translate(_OCR)
    return value[:head] + again if again != tail and again.isdigit() else ""
