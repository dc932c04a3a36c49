"""JSON, redacted at its leaves and given back as it was written, but for what was found.

The leaves of a text are laid out in a row, each behind its key, and scanned at
once: a key is context for its value and for nothing else. What is found is
replaced in the original text, so numbers, blanks and order stay untouched, and
a text in which nothing is found comes back byte for byte.
"""

import json
import re
from bisect import bisect_right
from typing import NamedTuple

from audit.redact._context import RECORD
from audit.redact._redactor import Redactor
from audit.redact._replace import Replacement, replaced
from audit.redact._types import Coverage, RedactedText, Span

FIELD = "\x1f"
"""Stands between a key and its value where leaves are laid out."""
MOST_NESTED = 2
"""How deep JSON inside a JSON string is opened."""

_TEXT = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_NUMBER = r"(-?[0-9]{7,}+(?![0-9.eE])|-?[0-9]{1,3}\.[0-9]{3,}+(?![0-9eE]))"
_LEAF = re.compile(rf"{_TEXT}(?:\s*+(:)\s*+(?:{_TEXT}|{_NUMBER})?)?|(?<![0-9.eE+\-]){_NUMBER}")
_PLAIN_KEY = re.compile(r"[A-Za-z_@][A-Za-z_.@\-]{0,39}[0-9]?")
"""A key that cannot hold anything of a person by itself."""
_LEAST = 5
"""Characters that the shortest identifier, an account of a messenger, has."""
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
    r"(?:[a-z0-9]{2,12}[:\-_])?(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]{16,128}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
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


class _Piece(NamedTuple):
    """A leaf or key: where it lies in the row, and where in the JSON text."""

    at: int
    text: str
    start: int
    end: int
    form: str
    """plain: written as it is; escaped: with backslashes; number."""


class _Row:
    """The leaves of one JSON text in a row."""

    def __init__(self, text: str, *, names: bool) -> None:
        self.pieces: list[_Piece] = []
        self.nested: list[_Piece] = []
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
        self.pieces.append(_Piece(self._size, key, start, end, form))
        self._parts.append(key + RECORD)
        self._size += len(key) + 1
        return key

    def _number(self, value: str, start: int, end: int) -> None:
        if "." in value and self._key.lower() not in _COORDINATES:
            return
        if not is_machine_value(self._key, value):
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
            self.nested.append(_Piece(0, value, start, end, form))
        else:
            self._put(value, start, end, form)

    def _put(self, value: str, start: int, end: int, form: str) -> None:
        before = len(self._key) + 1
        self.pieces.append(_Piece(self._size + before, value, start, end, form))
        self._parts.append(f"{self._key}{FIELD}{value}{RECORD}")
        self._size += before + len(value) + 1


def redact_json(redactor: Redactor, text: str, depth: int = MOST_NESTED) -> RedactedText | None:
    """Return a JSON text with its leaves redacted, or None when `text` is not JSON.

    Offsets of spans are those of `text`; a leaf with escapes is one span.

    Raises:
        RedactionFailed: a leaf could not be scanned whole and the settings say refuse.
    """
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    try:
        return _redacted(redactor, text, depth)
    except Exception as exc:  # noqa: BLE001  a failed scan must not pass the text on
        return _masked(redactor.failed(text, exc))


def _redacted(redactor: Redactor, text: str, depth: int) -> RedactedText:
    row = _Row(text, names=redactor.looks_for_names)
    found = redactor.look(row.text)
    edits = _edits(row, found.spans, redactor.settings.replacement)
    layers = found.coverage.layers
    for piece in row.nested:
        inner = redact_json(redactor, piece.text, depth - 1) if depth else None
        inner = inner or redactor.redact(piece.text)
        layers = (*layers, "json", *inner.coverage.layers)
        if not inner.is_clean:
            edits.append(
                (Span(piece.start, piece.end, inner.spans[0].type, 1.0), _quoted(inner.text))
            )
    edits.sort()
    spans = tuple(span for span, _ in edits)
    written = iter([value for _, value in edits])
    out = replaced(text, spans, lambda span, value: next(written)) if edits else text  # noqa: ARG005
    return RedactedText(out, spans, redactor.recognisers, Coverage(len(text), layers))


def _edits(row: _Row, spans: tuple[Span, ...], replacement: Replacement) -> list[tuple[Span, str]]:
    """Return what is replaced in the JSON text, and by what."""
    starts = [piece.at for piece in row.pieces]
    inside: dict[int, list[Span]] = {}
    for span in spans:
        index = max(0, bisect_right(starts, span.start) - 1)
        while index < len(row.pieces) and row.pieces[index].at < span.end:
            piece = row.pieces[index]
            start, end = max(span.start - piece.at, 0), min(span.end - piece.at, len(piece.text))
            if start < end:
                inside.setdefault(index, []).append(Span(start, end, span.type, span.score))
            index += 1
    edits: list[tuple[Span, str]] = []
    for index, found in inside.items():
        edits.extend(_piece_edits(row.pieces[index], found, replacement))
    return edits


def _piece_edits(
    piece: _Piece, found: list[Span], replacement: Replacement
) -> list[tuple[Span, str]]:
    if piece.form == "plain":
        return [
            (
                Span(s.start + piece.start, s.end + piece.start, s.type, s.score),
                _quoted(replacement(s, piece.text[s.start : s.end])),
            )
            for s in found
        ]
    whole = Span(piece.start, piece.end, found[0].type, found[0].score)
    text = replaced(piece.text, found, replacement)
    return [(whole, f'"{_quoted(text)}"' if piece.form == "number" else _quoted(text))]


def _quoted(text: str) -> str:
    """Return `text` as it is written between the quotes of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _masked(failed: RedactedText) -> RedactedText:
    return RedactedText(f'"{failed.text}"', failed.spans, failed.recognisers, failed.coverage)
