"""The events of one answer, held until their text is decided.

An event is passed on as the bytes it came in. Only where a text has to change is
it written again, so an answer in which nothing is found arrives byte for byte.
Events keep their order.
"""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from audit.gateway._bodies import drop_tokens
from audit.gateway._sse import SseEvent
from audit.gateway.formats import Delta, Format
from audit.redact import Decider, Found, RedactedText, Redactor, apply_edits, is_machine_value

DONE = "[DONE]"


class _Twins(ValueError):  # noqa: N818
    """An object with a key twice: readers would not agree what it says."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twins
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)
_MOST_FRAMES = 64


@dataclass(slots=True)
class _Text:
    """A text that grows over events."""

    decider: Decider
    size: int = 0


@dataclass(slots=True)
class _Piece:
    text: _Text
    start: int
    end: int
    delta: Delta


@dataclass(slots=True)
class _Held:
    event: SseEvent
    payload: dict[str, Any] | None = None
    pieces: list[_Piece] = field(default_factory=list)
    changed: bool = False
    written: bytes | None = None

    def is_decided(self) -> bool:
        return all(piece.end <= piece.text.decider.decided for piece in self.pieces)


class EventRedactor:
    """Redacts the events of one answer; `found` is told of every value that is replaced."""

    def __init__(self, redactor: Redactor, form: Format, found: Found | None = None) -> None:
        self._redactor = redactor
        self._found = found
        self._format = form
        self._texts: dict[tuple[str | int, ...], _Text] = {}
        self._queue: deque[_Held] = deque()
        self._frames: set[str] = set()

    def feed(self, event: SseEvent) -> list[bytes]:
        """Take an event and return what can be passed on.

        Raises:
            RedactionFailed: a text could not be scanned and the settings say refuse.
        """
        held = _Held(event)
        if event.data == DONE:
            self._end(())
        if event.data != DONE or event.beside:
            self._open(held)
        self._queue.append(held)
        return list(self._ready())

    def close(self) -> list[bytes]:
        """End every text and return the rest."""
        self._end(())
        return list(self._ready())

    def _open(self, held: _Held) -> None:
        payload = _payload(held.event.data)
        if payload is None:
            held.written = self._plain(held.event)
            return
        held.payload = payload
        if held.event.beside:
            beside = self._redactor.redact(held.event.beside)
            if not beside.is_clean:
                self._tell(beside)
                held.event = held.event.with_beside(beside.text)
        grown = []
        for delta in self._format.deltas(payload):
            held.pieces.append(self._grow(delta))
            grown.append((id(delta.holder), delta.name))
        frame = _frame(held.event.data or "", held.pieces)
        if frame is None or frame not in self._frames:
            held.changed = self._rest(payload, frozenset(grown))
            if frame is not None and not held.changed and len(self._frames) < _MOST_FRAMES:
                self._frames.add(frame)
        for key in self._format.ends(payload):
            self._end(key)

    def _grow(self, delta: Delta) -> _Piece:
        text = self._texts.get(delta.key)
        if text is None:
            text = _Text(Decider(self._redactor, self._found, json_text=delta.is_json))
            self._texts[delta.key] = text
        start = text.size
        text.size += len(delta.holder[delta.name])
        text.decider.feed(delta.holder[delta.name])
        return _Piece(text, start, text.size, delta)

    def _rest(self, value: Any, grown: frozenset[tuple[int, str]]) -> bool:
        """Redact every other text of an event in place; whether any changed."""
        changed = False
        items: Iterator[tuple[Any, Any]]
        items = iter(value.items()) if isinstance(value, dict) else iter(enumerate(value))
        for key, item in list(items):
            if isinstance(item, dict | list):
                changed |= self._rest(item, grown)
            elif isinstance(item, str) and item and (id(value), key) not in grown:
                if isinstance(key, str) and is_machine_value(key, item):
                    continue
                result = self._redactor.redact(item)
                if not result.is_clean:
                    self._tell(result)
                    value[key] = result.text
                    changed = True
        return changed

    def _plain(self, event: SseEvent) -> bytes | None:
        """Redact an event that is no JSON object as the text it is; None when it is clean."""
        result = self._redactor.redact(event.raw.decode("utf-8", "replace").rstrip("\r\n"))
        self._tell(result)
        return None if result.is_clean else f"{result.text}\n\n".encode()

    def _tell(self, result: RedactedText) -> None:
        if self._found is not None:
            for span in result.spans:
                self._found(span)

    def _end(self, prefix: tuple[str | int, ...]) -> None:
        for key in [key for key in self._texts if key[: len(prefix)] == prefix]:
            self._texts.pop(key).decider.feed("", final=True)

    def _ready(self) -> Iterator[bytes]:
        while self._queue and self._queue[0].is_decided():
            yield self._written(self._queue.popleft())

    def _written(self, held: _Held) -> bytes:
        for piece in held.pieces:
            old = piece.delta.holder[piece.delta.name]
            new = apply_edits(old, piece.start, piece.end, piece.text.decider.edits)
            if new != old:
                piece.delta.holder[piece.delta.name] = new
                held.changed = True
        if held.payload is None or not held.changed:
            return held.written or held.event.raw
        drop_tokens(held.payload)
        return held.event.with_data(
            json.dumps(held.payload, ensure_ascii=False, separators=(",", ":"))
        )


def _frame(data: str, pieces: list[_Piece]) -> str | None:
    """Return what an event is but for its one piece of text, or None when that cannot be told.

    Events of an answer differ in their piece alone, so what surrounds it is looked at once.
    """
    if len(pieces) != 1:
        return None
    delta = pieces[0].delta
    text = delta.holder[delta.name]
    for colon in ('":"', '": "'):
        written = f'"{delta.name}{colon}{text}"'
        if data.count(written) == 1:
            return data.replace(written, f'"{delta.name}":')
    return None


def _payload(data: str | None) -> dict[str, Any] | None:
    """Return the object in a data field, or None when it is anything else."""
    if data is None or not data.startswith("{"):
        return None
    try:
        value = _DECODER.decode(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
