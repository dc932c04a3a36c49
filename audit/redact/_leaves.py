"""The leaves of a JSON text in a row, each behind its key, and where each was written.

A key is context for its value and for nothing else. Fields that machines fill are
left out when their value looks like a machine's. Most JSON has no escaped quote:
cut at its quotes it falls into leaves at once; any other is read leaf by leaf.
A test compares the two.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from audit.redact._context import RECORD
from audit.redact._types import Span

FIELD = "\x1f"
"""Stands between a key and its value where leaves are laid out."""
_TEXT = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_NUMBER = r"(-?[0-9]{7,}+(?![0-9.eE])|-?[0-9]{1,3}\.[0-9]{3,}+(?![0-9eE]))"
_LEAF = re.compile(rf"{_TEXT}(?:\s*+(:)\s*+(?:{_TEXT}|{_NUMBER})?)?|(?<![0-9.eE+\-]){_NUMBER}")
_BARE = re.compile(rf"(?<![0-9.eE+\-]){_NUMBER}")
_PLAIN_KEY = re.compile(r"[A-Za-z_@][A-Za-z_.@\-]{0,39}[0-9]?")
"""A key that cannot hold anything of a person by itself."""
_LEAST = 5
"""Characters that the shortest identifier, an account of a messenger, has."""
_SHORTEST_NUMBER = 6
"""Characters, with the colon before it, that no number to be looked at is written in."""
_COORDINATES = frozenset(("lat", "lng", "lon", "latitude", "longitude"))
_TIME_KEYS = frozenset(
    "ts ts_ns timestamp @timestamp time created created_at updated_at datetime date".split()
)
_MACHINE_KEYS = _TIME_KEYS | frozenset(
    "trace_id span_id parent_id parent_span_id traceparent request_id correlation_id digest sha256 sha1 md5 checksum etag "
    "log_hash prev root commit revision id object model role type event level logger severity finish_reason "
    "system_fingerprint tool_call_id call_id item_id message_id conversation_id task_id response_id encoding_format".split()
)
_MACHINE_VALUE = re.compile(
    r"(?:[a-z][a-z0-9]{1,11}[:\-_])?(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]{16,128}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|[a-z]{2,10}[_\-](?=[0-9]*[A-Za-z])[0-9A-Za-z]{16,64}|[A-Za-z][A-Za-z_.\-]{0,40}|[0-9]{1,6}"
    r"|00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"
)
_TIME_VALUE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.,]{5,18}(?:Z|[+\-][0-9:]{4,6})?)?|1[0-9]{9}(?:\.[0-9]+|[0-9]{3}|[0-9]{6}|[0-9]{9})?"
)


def _is_plain(key: str) -> bool:
    """Whether a key cannot hold anything of a person; the plain ones are remembered."""
    if key in _seen:
        return True
    if _PLAIN_KEY.fullmatch(key) is None:
        return False
    if len(_seen) < _MOST_SEEN:
        _seen.add(key)
    return True


_seen: set[str] = set()
_MOST_SEEN = 4096


def is_machine_value(key: str, value: str) -> bool:
    """Whether a field is one that machines fill, and its value is one of theirs."""
    if key not in _MACHINE_KEYS:
        return False
    if key in _TIME_KEYS and _TIME_VALUE.fullmatch(value):
        return True
    return _MACHINE_VALUE.fullmatch(value) is not None


class Piece(NamedTuple):
    """A leaf or key: where it lies in the row, and where in the JSON text."""

    at: int
    text: str
    start: int
    end: int
    form: str
    """plain: written as it is; escaped: with backslashes; number."""


class Row(Protocol):
    """The leaves of one JSON text in a row."""

    text: str
    nested: list[Piece]
    """JSON inside strings, which is not in the row."""

    def pieces(self, start: int, end: int) -> list[Piece]:
        """Return the pieces that `start:end` of the row touches."""

    def learn(self, spans: Sequence[Span]) -> None:
        """Take note of the leaves that none of `spans`, which are all that was found, touches."""


class Known:
    """Leaves in which nothing was found twice, as most of a log are; a few, and short ones.

    What is found in a leaf depends on its key and itself alone, so it need not be
    looked at again. Nothing in which something was found is kept.
    """

    def __init__(self, most: int = 2048, longest: int = 200) -> None:
        self.leaves: set[str] = set()
        self._once: set[str] = set()
        self._most = most
        self._longest = longest

    def saw(self, leaf: str) -> None:
        """Take note of a leaf in which nothing was found."""
        if len(leaf) > self._longest:
            return
        if leaf not in self._once:
            if len(self._once) >= self._most:
                self._once.clear()
            self._once.add(leaf)
            return
        if len(self.leaves) >= self._most:
            self.leaves.clear()
        self.leaves.add(leaf)


def row(text: str, *, names: bool, known: Known | None = None) -> Row:
    """Return the row of a text that is known to be JSON; with `names` the shortest leaves too."""
    if "\\" not in text or ('\\"' not in text and "\\\\" not in text):
        try:
            return _CutRow(text, names=names, known=known)
        except _Odd:
            pass
    return _ReadRow(text, names=names)


class _Odd(Exception):  # noqa: N818
    """Not to be cut at its quotes: a key that may hold something, JSON within a string."""


class _CutRow:
    """Of a text without escaped quotes, where every quote opens or closes a string."""

    def __init__(self, text: str, *, names: bool, known: Known | None) -> None:
        self.nested: list[Piece] = []
        self._known = known
        self._clean = known.leaves if known is not None else frozenset[str]()
        self._cuts = cuts = text.split('"')
        self._leaves: list[str] = []
        self._places: list[tuple[int, int, int, str, str]] = []
        self._starts: list[int] = []
        self._size = 0
        key = ""
        if len(cuts[0]) > _SHORTEST_NUMBER:
            self._numbers(0, key)
        for index in range(1, len(cuts), 2):
            value, after = cuts[index], cuts[index + 1]
            if after[:1] == ":" or (after[:1].isspace() and after.lstrip()[:1] == ":"):
                if value not in _seen and not _is_plain(value):
                    raise _Odd
                key = value
            elif (len(value) >= _LEAST or names or not value.isascii()) and not (
                key in _MACHINE_KEYS and "\\" not in value and is_machine_value(key, value)
            ):
                self._take(index, key, value)
            if len(after) > _SHORTEST_NUMBER:
                self._numbers(index + 1, key)
        self.text = "".join(self._leaves)

    def _take(self, index: int, key: str, value: str) -> None:
        form, written = "plain", len(value)
        if "\\" in value:
            form, value = "escaped", json.loads(f'"{value}"')
            if '"' in value:
                raise _Odd
        self._add(key, value, (index, 0, written, value, form))

    def _add(self, key: str, value: str, place: tuple[int, int, int, str, str]) -> None:
        leaf = f"{key}\x1f{value}\x1e"
        if leaf in self._clean:
            return
        self._leaves.append(leaf)
        self._places.append(place)
        self._starts.append(self._size)
        self._size += len(leaf)

    def _numbers(self, index: int, key: str) -> None:
        for match in _BARE.finditer(self._cuts[index]):
            value = match.group()
            if _is_wanted(key, value):
                place = (index, match.start(), len(value), value, "number")
                self._add(key, value, place)

    def pieces(self, start: int, end: int) -> list[Piece]:
        """Return the pieces that `start:end` of the row touches."""
        out = []
        number = max(0, bisect_right(self._starts, start) - 1)
        while number < len(self._starts) and (begin := self._starts[number]) < end:
            index, offset, written, value, form = self._places[number]
            at = begin + len(self._leaves[number]) - 1 - len(value)
            place = sum(map(len, self._cuts[:index])) + index + offset
            out.append(Piece(at, value, place, place + written, form))
            number += 1
        return out

    def learn(self, spans: Sequence[Span]) -> None:
        """Take note of the leaves that none of `spans`, which are all that was found, touches."""
        if self._known is None:
            return
        touched: set[int] = set()
        for span in spans:
            first, last = (bisect_right(self._starts, at) - 1 for at in (span.start, span.end))
            touched.update(range(first, last + 1))
        for number, leaf in enumerate(self._leaves):
            if number not in touched:
                self._known.saw(leaf)


class _ReadRow:
    """Of any JSON text, read leaf by leaf."""

    def __init__(self, text: str, *, names: bool) -> None:
        self._pieces: list[Piece] = []
        self.nested: list[Piece] = []
        self._names = names
        self._parts: list[str] = []
        self._size = 0
        self._key = ""
        for match in _LEAF.finditer(text):
            self._take(match)
        self.text = "".join(self._parts)

    def _take(self, match: re.Match[str]) -> None:
        first, colon, value, number, bare = match.groups()
        if bare is not None:
            self._number(bare, *match.span(5))
        elif colon is None:
            self._add(first, *match.span(1))
        else:
            self._key = first if _is_plain(first) else self._odd_key(first, *match.span(1))
            if value is not None:
                self._add(value, *match.span(3))
            elif number is not None:
                self._number(number, *match.span(4))

    def _odd_key(self, raw: str, start: int, end: int) -> str:
        """Lay out a key that may itself hold something, and return it."""
        form = "escaped" if "\\" in raw else "plain"
        key: str = json.loads(f'"{raw}"') if form == "escaped" else raw
        self._pieces.append(Piece(self._size, key, start, end, form))
        self._parts.append(key + RECORD)
        self._size += len(key) + 1
        return key

    def _number(self, value: str, start: int, end: int) -> None:
        if _is_wanted(self._key, value):
            self._put(value, start, end, "number")

    def _add(self, raw: str, start: int, end: int) -> None:
        form, value = "plain", raw
        if "\\" in raw:
            form, value = "escaped", json.loads(f'"{raw}"')
        elif len(raw) < _LEAST and raw.isascii() and not self._names:
            return
        if self._key in _MACHINE_KEYS and is_machine_value(self._key, value):
            return
        if value[:1] in ("{", "[") and '"' in value:
            self.nested.append(Piece(0, value, start, end, form))
        else:
            self._put(value, start, end, form)

    def _put(self, value: str, start: int, end: int, form: str) -> None:
        before = len(self._key) + 1
        self._pieces.append(Piece(self._size + before, value, start, end, form))
        self._parts.append(f"{self._key}{FIELD}{value}{RECORD}")
        self._size += before + len(value) + 1

    def pieces(self, start: int, end: int) -> list[Piece]:
        """Return the pieces that `start:end` of the row touches."""
        index = max(0, bisect_right(self._pieces, start, key=lambda piece: piece.at) - 1)
        out = []
        while index < len(self._pieces) and self._pieces[index].at < end:
            out.append(self._pieces[index])
            index += 1
        return out

    def learn(self, spans: Sequence[Span]) -> None:
        """Nothing: a leaf that was read is read again."""


def _is_wanted(key: str, value: str) -> bool:
    """Whether a number is to be looked at: no measurement, no time, no count of a machine."""
    if "." in value and key.lower() not in _COORDINATES:
        return False
    return not is_machine_value(key, value)
