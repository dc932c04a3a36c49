"""Numbers that were torn apart or misread, found from the label that stands before them.

A printed form that went through a scanner has blanks between digits, a line
break inside a number, O for 0 and l for 1. None of it looks like a number any
more, but `PESEL:` still says what must follow, and its form says how much.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from operator import itemgetter

from audit.redact._context import RECORD, Topic
from audit.redact._phones import TOPIC as PHONE_TOPIC
from audit.redact._types import Span
from audit.redact.kinds import RULES, Rule
from audit.redact.kinds.rule import digits
from audit.redact.shapes.shape import Shape, joined
from audit.redact.validators.accounts import iban

_ACCOUNT = Topic.of(
    "iban konto konta rachunek rachunku rachunkiem nrb account kontonummer compte cuenta"
)
_ONLY_HERE = (
    Rule("PHONE_NUMBER", "any", digits(9, 10, 11, 12), PHONE_TOPIC, labelled=True),
    Rule(
        "IBAN_CODE",
        "any",
        tuple("AA" + "9" * n for n in (14, 16, 18, 20, 22, 24, 26)),
        _ACCOUNT,
        check=iban,
    ),
    Rule("IBAN_CODE", "PL", digits(26), _ACCOUNT, labelled=True),
    Rule("PL_DRIVER_LICENSE", "PL", digits(11), Topic.of("jazdy"), labelled=True),
)
_LIKE = "OoIlSBZG|"
"""Letters that a scanner writes for a digit."""
_DAMAGE = (
    r"[0-9][0-9]?(?:[ .\-][0-9][0-9]?){2}[ .\-][0-9]|[0-9A-Z][ -]?\r?\n[ \t]{0,8}-?[0-9A-Z]|[0-9A-Z] {2,3}[0-9]"
    rf"|[0-9][{_LIKE}]{{1,4}}[0-9]|[^A-Za-z0-9][{_LIKE}]{{1,2}}[0-9]{{2}}|[0-9]{{2}}[{_LIKE}]{{1,2}}[^A-Za-z0-9]"
)
# The same from its first digit on, for plain `re`, which is quick to find one.
_DAMAGED = re.compile(
    rf"[0-9](?:[0-9]?(?:[ .\-][0-9][0-9]?){{2}}[ .\-][0-9]| {{2,3}}[0-9]|(?<=[A-Z] {{2}}[0-9])|(?<=[A-Z] {{3}}[0-9])"
    rf"|[{_LIKE}]{{1,4}}[0-9]|[0-9][{_LIKE}]{{1,2}}[^A-Za-z0-9]"
    rf"|[0-9](?<=[^A-Za-z0-9][{_LIKE}][0-9]{{2}})|[0-9](?<=[^A-Za-z0-9][{_LIKE}]{{2}}[0-9]{{2}}))"
)
_BROKEN = re.compile(r"\n[ \t]{0,8}-?[0-9A-Z]")
_READ_AS_DIGIT = str.maketrans("OoIl|SBZG", "001115826")
_WORD = re.compile(r"[^\W\d_]+")
_START = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z|]")
_SEPARATORS = " -./\n\r\t·"
_REACH, _LONGEST, _WORDY = 36, 72, 24
"""How far behind its label a value may begin, and how many characters it and the label may take."""
_MOST, _APART, _INDENTED = 28, 3, 12
"""Characters a value has at most, and separators within it, on one line and over a line's end."""


Forms = dict[int, list[tuple[Rule, str]]]
"""By their number of characters, the forms that a value behind a label may have."""


def _by_word() -> dict[str, Forms]:
    table: dict[str, Forms] = defaultdict(lambda: defaultdict(list))
    for rule in (*RULES, *_ONLY_HERE):
        if rule.labelled or rule.check is not None:
            for word in rule.topic.words:
                for form in rule.forms:
                    size = int(form[1:]) if form.startswith("*") else len(form)
                    table[word][size].append((rule, form))
    return {word: dict(sorted(forms.items(), reverse=True)) for word, forms in table.items()}


_LABELS = _by_word()


def _labelled(match: re.Match[str]) -> Span | None:
    """Read on from a word, if it is a label, to the first value that has its form."""
    text = match.string
    forms = _LABELS.get(match.group().casefold())
    if forms is None:
        return None
    end = text.find(RECORD, match.end(), match.end() + _REACH)
    limit = match.end() + _REACH if end < 0 else end
    for start in _START.finditer(text, match.end(), limit):
        span = _value(text, start.start(), forms)
        if span is not None:
            return span
    return None


def _value(text: str, start: int, forms: Forms) -> Span | None:
    """Return the longest of `forms` that the characters from `start` on fill."""
    places = _characters(text, start)
    most = min(len(places), _MOST)
    for size, fitting in forms.items():
        if not 6 < size <= most:
            continue
        end = places[size - 1] + 1
        after = text[end : end + 1]
        if after.isascii() and after.isalnum():
            continue
        raw = "".join(text[i] for i in places[:size])
        score, kind = max(
            ((_fits(rule, form, raw), rule.type) for rule, form in fitting), key=itemgetter(0)
        )
        if score:
            return Span(start, end, kind, score)
    return None


def _characters(text: str, start: int) -> list[int]:
    """Return where the letters and digits of one value are; a lower-case word ends it."""
    places: list[int] = []
    gap = 0
    for i in range(start, min(len(text), start + _LONGEST)):
        char = text[i]
        if char in _SEPARATORS:
            gap += 1
            if gap > (_INDENTED if "\n" in text[i - gap : i + 1] else _APART):
                break
        elif (char.isascii() and char.isalnum()) or char == "|":
            if gap and char.islower() and text[i + 1 : i + 2].islower():
                break
            places.append(i)
            gap = 0
        else:
            break
    return places


def _fits(rule: Rule, form: str, raw: str) -> float:
    """Return the evidence that `raw` is a value of `form` with digits misread: 0 is none."""
    if form.startswith("*"):
        value = raw.upper().replace("O", "0").replace("I", "1").replace("Q", "0")
        if not any(c.isdigit() for c in value):
            return 0.0
    else:
        value = "".join(_read(kind, c) for kind, c in zip(form, raw, strict=True))
    if "?" in value:
        return 0.0
    if rule.check is not None and rule.check(value):
        return 0.9
    return 0.65 if rule.labelled and (rule.looks is None or rule.looks(value)) else 0.0


def _read(kind: str, char: str) -> str:
    """Return `char` as the form wants it, or a question mark."""
    if kind == "A":
        return char.upper() if char.isalpha() else "?"
    again = char.translate(_READ_AS_DIGIT)
    return again if again.isdigit() else "?"


def _may_be_damaged(text: str) -> bool:
    return _DAMAGED.search(text) is not None or ("\n" in text and _BROKEN.search(text) is not None)


def _scan(text: str, emit: Callable[[Span], object]) -> None:
    """Read on from the labels that stand before damage, and from no other word."""
    marks = [mark.start() for mark in _DAMAGED.finditer(text)]
    if "\n" in text:
        marks = sorted([*marks, *(mark.start() for mark in _BROKEN.finditer(text))])
    for start, end in joined((at - _REACH - _LONGEST - _WORDY, at) for at in marks):
        for word in _WORD.finditer(text, start, end):
            span = _labelled(word)
            if span is not None:
                emit(span)


SHAPE = Shape(
    "labelled",
    _WORD,
    (),
    _DAMAGE,
    scan=_scan,
    about="a label before a damaged value",
    needs="0123456789",
    may=_may_be_damaged,
)
