"""Server-sent events, from bytes that may be cut anywhere.

Events end at a blank line (WHATWG HTML, 9.2.5), whatever the line end. An event
keeps the bytes it came in, so that it can be passed on untouched.
"""

import re
from dataclasses import dataclass

_BLANK = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))")
_LINE_END = re.compile(r"\r\n|\n|\r")
MOST_EVENT = 4 << 20
"""Largest event in bytes; a larger one ends the stream."""


class EventTooLarge(Exception):  # noqa: N818
    """An event that does not end within the limit."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event: its bytes, and its data lines joined; None when it has none."""

    raw: bytes
    data: str | None
    beside: str = ""
    """The other lines: comments, names, identifiers."""

    def with_data(self, data: str) -> bytes:
        """Return the event's bytes with one data line that holds `data`."""
        text = self.raw.decode("utf-8", "replace")
        end = match.group() if (match := _LINE_END.search(text)) else "\n"
        lines = [line for line in self.beside.split("\n") if line]
        return (end.join([*lines, f"data: {data}"]) + end + end).encode("utf-8")

    def with_beside(self, beside: str) -> "SseEvent":
        """Return the event with other lines beside its data."""
        lines = [beside, *(f"data: {line}" for line in (self.data or "").split("\n"))]
        return SseEvent(("\n".join(lines) + "\n\n").encode("utf-8"), self.data, beside)


class SseParser:
    """Cuts a byte stream into events."""

    def __init__(self, most: int = MOST_EVENT) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._most = most

    def feed(self, data: bytes) -> list[SseEvent]:
        """Return the events that `data` completes.

        Raises:
            EventTooLarge: the open event is larger than the limit.
        """
        self._buffer += data
        events = []
        while (blank := _BLANK.search(self._buffer, self._searched)) is not None:
            if blank.end() == len(self._buffer) and self._buffer.endswith(b"\r"):
                break  # the line feed of a CR LF may still come
            events.append(_event(bytes(self._buffer[: blank.end()])))
            del self._buffer[: blank.end()]
            self._searched = 0
        self._searched = max(0, len(self._buffer) - 3)
        if len(self._buffer) > self._most:
            raise EventTooLarge
        return events

    def close(self) -> list[SseEvent]:
        """Return what is left, an event without its blank line, if there is anything."""
        rest, self._buffer = bytes(self._buffer), bytearray()
        return [_event(rest)] if rest else []


def _is_data(line: str) -> bool:
    return line == "data" or line.startswith("data:")


def _event(raw: bytes) -> SseEvent:
    text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    if (
        text.startswith("data: ")
        and text.endswith("\n\n")
        and "\r" not in text
        and text.count("\n") == 2
    ):
        return SseEvent(raw, text[6:-2])  # what nearly every event is: one data line
    lines = _LINE_END.split(text)
    values = [line[5:].removeprefix(" ") for line in lines if _is_data(line)]
    beside = "\n".join(line for line in lines if line and not _is_data(line))
    return SseEvent(raw, "\n".join(values) if values else None, beside)
