"""The answer of an application, redacted on its way out.

JSON and text are looked at whole, event streams event by event, plain text
streams as they grow. What is none of these is refused: an answer that cannot be
looked into does not leave. After a failure nothing of the answer is sent.
"""

import asyncio
import codecs
from collections.abc import Callable
from typing import Protocol

from audit.gateway._asgi import Headers, Message, Send, header, refuse, without
from audit.gateway._bodies import (
    Unreadable,
    is_text,
    redact_body,
    redact_headers,
    unpacked,
    without_tokens,
)
from audit.gateway._events import EventRedactor
from audit.gateway._sse import SseParser
from audit.gateway._tally import Tally
from audit.gateway.formats import ANY, FORMATS, Format
from audit.redact import Found, Redactor, StreamRedactor

_ERROR_EVENT = b'event: error\ndata: {"error":{"message":"the answer could not be redacted","type":"redaction_failed"}}\n\n'


class _Stream(Protocol):
    def feed(self, data: bytes) -> bytes: ...
    def close(self) -> bytes: ...


class _EventStream:
    """Server-sent events in, server-sent events out."""

    def __init__(self, redactor: Redactor, form: Format, found: Found) -> None:
        self._parser = SseParser()
        self._events = EventRedactor(redactor, form, found)

    def feed(self, data: bytes) -> bytes:
        return b"".join(
            out for event in self._parser.feed(data) for out in self._events.feed(event)
        )

    def close(self) -> bytes:
        rest = [out for event in self._parser.close() for out in self._events.feed(event)]
        return b"".join([*rest, *self._events.close()])


class _TextStream:
    """UTF-8 text in, UTF-8 text out."""

    def __init__(self, redactor: Redactor, found: Found) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = StreamRedactor(redactor, found)

    def feed(self, data: bytes) -> bytes:
        return self._text.feed(self._decoder.decode(data)).encode("utf-8")

    def close(self) -> bytes:
        rest = self._text.feed(self._decoder.decode(b"", final=True))
        return (rest + self._text.close()).encode("utf-8")


class Answer:
    """Takes the place of `send` for one request."""

    def __init__(self, send: Send, redactor: Redactor, path: str, most: int, tally: Tally) -> None:
        self._send = send
        self._redactor = redactor
        self._form = FORMATS.get(path, ANY)
        self._most = most
        self._tally = tally
        self._start: Message | None = None
        self._stream: _Stream | None = None
        self._whole = bytearray()
        self._sent = False
        self.over = False

    async def __call__(self, message: Message) -> None:
        """Take a message of the application; nothing more is sent after a failure."""
        if self.over:
            return
        try:
            if message["type"] == "http.response.start":
                self._begin(message)
            elif message["type"] == "http.response.body":
                await self._body(message.get("body", b""), more=message.get("more_body", False))
        except Exception as exc:  # noqa: BLE001  whatever went wrong, the answer does not leave
            await self.fail(exc)

    async def fail(self, exc: BaseException) -> None:
        """End the answer without the rest of it."""
        if self.over:
            return
        self.over = True
        self._tally.failed(exc)
        if not self._sent:
            await refuse(self._send, 502, "redaction_failed", "the answer could not be redacted")
            return
        await self._send(
            {
                "type": "http.response.body",
                "body": _ERROR_EVENT if isinstance(self._stream, _EventStream) else b"",
            }
        )

    async def finish(self) -> None:
        """End the answer when the application returned without ending it."""
        if not self.over and self._start is not None:
            await self.fail(RuntimeError())

    def _begin(self, message: Message) -> None:
        headers: Headers = list(message.get("headers", ()))
        form = header(headers, b"content-type").lower()
        coded = header(headers, b"content-encoding")
        headers = redact_headers(self._redactor, headers, self._tally.add)
        if form.startswith(b"text/event-stream"):
            if coded.strip().lower() not in (b"", b"identity"):
                raise Unreadable
            self._stream = _EventStream(self._redactor, self._form, self._tally.found)
        elif is_text(form) and not header(headers, b"content-length") and not coded:
            self._stream = _TextStream(self._redactor, self._tally.found)
        if self._stream is not None:
            headers = without(headers, b"content-length")
        self._start = {**message, "headers": headers}
        self._start.pop("trailers", None)  # they are not sent, so none are announced

    async def _body(self, body: bytes, *, more: bool) -> None:
        if self._start is None:
            raise Unreadable
        if self._stream is None:
            self._whole += body
            if len(self._whole) > self._most:
                raise Unreadable
            if not more:
                await self._send_whole(self._start)
            return
        out = await _apart(self._stream.feed, body, heavy=self._redactor.looks_for_names)
        if not more:
            out += await _apart(self._stream.close, heavy=self._redactor.looks_for_names)
            self.over = True
        if not self._sent:
            self._sent = True
            await self._send(self._start)
        if out or not more:
            await self._send({"type": "http.response.body", "body": out, "more_body": more})

    async def _send_whole(self, start: Message) -> None:
        headers: Headers = start["headers"]
        raw, coding = bytes(self._whole), header(headers, b"content-encoding")
        plain = unpacked(raw, coding, self._most)
        form = header(headers, b"content-type")
        heavy = self._redactor.looks_for_names or len(plain) > 1 << 16
        body = await _apart(redact_body, self._redactor, plain, form, self._tally.add, heavy=heavy)
        if body == plain:
            body = raw  # nothing was found: the bytes as they came
        else:
            body = without_tokens(body)
            headers = without(
                headers,
                b"content-encoding",
                b"content-length",
                b"etag",
                b"digest",
                b"content-digest",
            )
            headers.append((b"content-length", str(len(body)).encode("ascii")))
        self.over = self._sent = True
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


async def _apart(work: Callable[..., bytes], *args: object, heavy: bool) -> bytes:
    """Run work that takes milliseconds beside the event loop."""
    return await asyncio.to_thread(work, *args) if heavy else work(*args)
