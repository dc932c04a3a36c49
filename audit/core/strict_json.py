"""JSON with one meaning: no duplicate keys, no NaN, no half characters, only UTF-8.

Readers of JSON differ in what they do with a duplicate key, so a document that
has one says two things. Numbers with a fraction or exponent are kept as the
text they were written in (`Number`), since a float would change them.
"""

import json
import re
from array import array
from itertools import accumulate
from typing import Any

from audit.core.errors import ConfigError

MAX_DEPTH = 64


class Number(str):
    """A JSON number that is not an integer, as it was written."""

    __slots__ = ()


class _DuplicateError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class _ConstantError(Exception):
    pass


def loads(data: bytes, *, source: str) -> Any:
    """Return the value of a JSON text; `source` names it in errors.

    Raises:
        ConfigError: not UTF-8, not JSON, a duplicate key, NaN or Infinity, too deep,
            or an escaped surrogate without its other half, which no text can hold.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{source}: not UTF-8 at byte {exc.start}") from exc
    if _depth(data) > MAX_DEPTH and (at := _too_deep(text)) is not None:
        raise ConfigError(f"{source}:{_line(text, at)}: nests deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=Number,
            parse_constant=_constant,
        )
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as exc:
        raise ConfigError(
            f"{source}:{exc.lineno}:{exc.colno}: {exc.msg[:1].lower()}{exc.msg[1:]}"
        ) from exc
    except _DuplicateError as exc:
        raise ConfigError(f"{source}:{_second(text, exc.key)}: duplicate key {exc.key!r}") from exc
    except _ConstantError as exc:
        line = next(_line(text, at.start()) for at in _CONSTANT.finditer(text) if at["name"])
        raise ConfigError(f"{source}:{line}: {exc} is not a JSON number") from exc
    except UnicodeEncodeError as exc:
        raise ConfigError(f"{source}: an escaped surrogate stands alone") from exc
    except ValueError as exc:  # an integer of thousands of digits
        raise ConfigError(f"{source}: {exc}") from exc
    return value


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _DuplicateError(key)
        found[key] = value
    return found


def _constant(name: str) -> None:
    raise _ConstantError(name)


_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NO_STEPS = bytes(set(range(256)) - set(b"[{]}"))


def _depth(data: bytes) -> int:
    """Return how deep brackets nest outside strings, in a few passes at the speed of C.

    Exact for JSON. Of other text it may say too much, never too little up to the
    place where a reader stops.
    """
    outside = b"".join(data.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2])
    steps = array("b", outside.translate(_STEPS, _NO_STEPS))
    return max(accumulate(steps), default=0)


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')

_COLON = re.compile(r"[ \t\r\n]*:")

_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<name>NaN|-?Infinity)')


def _too_deep(text: str) -> int | None:
    depth = 0
    for match in _TOKEN.finditer(text):
        mark = match.group()
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return match.start()
        elif mark in "]}":
            depth -= 1
    return None


def _second(text: str, key: str) -> int:
    """Return the line on which `key` appears for the second time in one object."""
    seen: list[set[str]] = []
    for match in _TOKEN.finditer(text):
        mark = match.group()
        if mark in "[{":
            seen.append(set())
        elif mark in "]}":
            seen.pop()
        elif _COLON.match(text, match.end()) and json.loads(mark) == key:
            if key in seen[-1]:
                return _line(text, match.start())
            seen[-1].add(key)
    return 1


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
