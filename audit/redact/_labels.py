"""Numbers that were torn apart or misread, found from the label that stands before them.

A printed form that went through a scanner has blanks between digits, a line
break inside a number, O for 0 and l for 1. None of it looks like a number any
more, but `PESEL:` still says what must follow, and its form says how much.
"""

import re
from collections import defaultdict

from audit.redact._context import RECORD, Topic
from audit.redact._phones import TOPIC as PHONE_TOPIC
from audit.redact._types import Span
from audit.redact.kinds import RULES, Rule
from audit.redact.kinds.rule import digits
from audit.redact.shapes.shape import Shape
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
)
_DAMAGE = (
    r"[0-9][ .\-][0-9][ .\-][0-9][ .\-][0-9][ .\-][0-9]|[0-9A-Z]-?\r?\n ?-?[0-9A-Z]"
    r"|[0-9][OoIl|]{1,4}[0-9]|[^A-Za-z0-9][OoIl|]{1,2}[0-9]{3}|[0-9]{3}[OoIl|]{1,2}[^A-Za-z0-9]"
)
# The same from its first digit on, for plain `re`, which is quick to find one.
_DAMAGED = re.compile(
    r"[0-9](?:[ .\-][0-9][ .\-][0-9][ .\-][0-9][ .\-][0-9]|[OoIl|]{1,4}[0-9]|[0-9]{2}[OoIl|]{1,2}[^A-Za-z0-9]"
    r"|[0-9]{2}(?<=[^A-Za-z0-9][OoIl|][0-9]{3})|[0-9]{2}(?<=[^A-Za-z0-9][OoIl|]{2}[0-9]{3}))"
)
_BROKEN = re.compile(r"\n ?-?[0-9A-Z]")
_READ_AS_DIGIT = str.maketrans("OoIl|", "00111")
_WORD = re.compile(r"[^\W\d_]+")
_START = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z|]")
_SEPARATORS = " -./\n\r·"
_REACH, _LONGEST = 36, 72
"""How far behind its label a value may begin, and how many characters it may take."""


def _by_word() -> dict[str, tuple[Rule, ...]]:
    table: dict[str, list[Rule]] = defaultdict(list)
    for rule in (*RULES, *_ONLY_HERE):
        if rule.labelled or rule.check is not None:
            for word in rule.topic.words:
                table[word].append(rule)
    return {word: tuple(rules) for word, rules in table.items()}


_LABELS = _by_word()


def _labelled(match: re.Match[str]) -> Span | None:
    """Read on from a word, if it is a label, to the first value that has its form."""
    text = match.string
    rules = _LABELS.get(match.group().casefold())
    if rules is None:
        return None
    end = text.find(RECORD, match.end(), match.end() + _REACH)
    limit = match.end() + _REACH if end < 0 else end
    for start in _START.finditer(text, match.end(), limit):
        span = _value(text, start.start(), rules)
        if span is not None:
            return span
    return None


def _value(text: str, start: int, rules: tuple[Rule, ...]) -> Span | None:
    """Return the longest form of one of `rules` that the characters from `start` on fill."""
    places = _characters(text, start)
    for size in range(min(len(places), 28), 6, -1):
        end = places[size - 1] + 1
        if text[end : end + 1].isascii() and text[end : end + 1].isalnum():
            continue
        raw = "".join(text[i] for i in places[:size])
        for rule in rules:
            score = max((_fits(rule, form, raw) for form in rule.forms), default=0.0)
            if score:
                return Span(start, end, rule.type, score)
    return None


def _characters(text: str, start: int) -> list[int]:
    """Return where the letters and digits of one value are; a lower-case word ends it."""
    places: list[int] = []
    gap = 0
    for i in range(start, min(len(text), start + _LONGEST)):
        char = text[i]
        if char in _SEPARATORS:
            gap += 1
            if gap > 3:
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
        if len(value) != int(form[1:]) or not any(c.isdigit() for c in value):
            return 0.0
    elif len(form) == len(raw):
        value = "".join(_read(kind, c) for kind, c in zip(form, raw, strict=True))
    else:
        return 0.0
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


SHAPE = Shape(
    "labelled",
    _WORD,
    (),
    _DAMAGE,
    _labelled,
    about="a label before a damaged value",
    needs="0123456789",
    may=_may_be_damaged,
)
