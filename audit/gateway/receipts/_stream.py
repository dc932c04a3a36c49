"""The events of one answer, with the words people read and the receipt put in.

The last event before the end is held until the receipt is recorded, and then
carries it; every other event leaves as the bytes it came in, except the one
that the words at the start are put into.
"""

import copy
import json
from typing import Any

from audit.documents import Explicit
from audit.gateway._sse import SseEvent, SseParser
from audit.gateway.receipts._texts import seen
from audit.watermark.labels import after, before

DONE = "[DONE]"
FIELD = "audit"


class ReceiptStream:
    """Collects what a reader sees of an event stream."""

    def __init__(self, path: str, explicit: Explicit, wrapper: str = "") -> None:
        self._path = path
        self._explicit = explicit
        self._ending = after(explicit) + wrapper
        self._parser = SseParser()
        self._held: SseEvent | None = None
        self._tail: list[SseEvent] = []
        self._sample: dict[str, Any] | None = None
        self._text: list[str] = []
        self._passed = 0
        self.broke_off = False
        """Whether an error came in the place of the rest."""

    @property
    def text(self) -> str:
        """What a reader has seen so far."""
        return "".join(self._text)

    @property
    def sent(self) -> str:
        """What was passed on: without the event that is held."""
        return "".join(self._text[: self._passed])

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on of these bytes.

        Raises:
            EventTooLarge: an event does not end.
        """
        return b"".join(self._take(event) for event in self._parser.feed(data))

    def rest(self) -> bytes:
        """Return what is open when the stream ends, up to the event that is held."""
        out = b"".join(self._take(event) for event in self._parser.close())
        return out + self._words_at_the_end()

    def last(self, audit: dict[str, Any] | None) -> bytes:
        """Return the held event and the end, with the receipt in the event when there is one."""
        held = self._with_receipt(audit) if audit is not None else _raw(self._held)
        return held + b"".join(event.raw for event in self._tail)

    def _take(self, event: SseEvent) -> bytes:
        if event.data == DONE or event.data is None:
            if event.data == DONE or self._tail:
                self._tail.append(event)
                return b""
            return event.raw  # a comment, such as a ping, changes nothing
        out = _raw(self._held)
        self._passed = len(self._text)
        self._held = self._read(event)
        return out

    def _read(self, event: SseEvent) -> SseEvent:
        payload = _payload(event)
        if payload is None:
            return event
        self.broke_off |= bool(payload.get("error"))
        deltas = [one for one in seen(self._path, payload) if one.holder[one.name]]
        words = before(self._explicit) if deltas and not self._text else ""
        if words:
            deltas[0].holder[deltas[0].name] = words + deltas[0].holder[deltas[0].name]
            event = _event(event, payload)
        self._text += [one.holder[one.name] for one in deltas]
        if deltas and self._sample is None:
            self._sample = copy.deepcopy(payload)
        return event

    def _words_at_the_end(self) -> bytes:
        words = self._ending
        if not words or self._sample is None:
            return b""
        sample = copy.deepcopy(self._sample)
        for number, one in enumerate(seen(self._path, sample)):
            one.holder[one.name] = "" if number else words
        self._text.append(words)
        event = f"data: {json.dumps(sample, ensure_ascii=False)}\n\n".encode()
        payload = _payload(self._held)
        if payload is None or any(one.holder[one.name] for one in seen(self._path, payload)):
            out, self._held = _raw(self._held), SseEvent(event, event[6:-2].decode())
            return out
        return event

    def _with_receipt(self, audit: dict[str, Any]) -> bytes:
        payload = _payload(self._held)
        if self._held is None or payload is None:
            line = json.dumps({FIELD: audit}, ensure_ascii=False)
            return _raw(self._held) + f": {line}\n\n".encode()  # a comment, which readers skip
        payload[FIELD] = audit
        return _event(self._held, payload).raw


def _payload(event: SseEvent | None) -> dict[str, Any] | None:
    try:
        value = json.loads(event.data) if event is not None and event.data else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _event(event: SseEvent, payload: dict[str, Any]) -> SseEvent:
    data = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return SseEvent(event.with_data(data), data)


def _raw(event: SseEvent | None) -> bytes:
    return b"" if event is None else event.raw
