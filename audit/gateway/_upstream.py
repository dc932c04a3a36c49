"""A model server elsewhere as an ASGI application: requests go on, answers come back as they are.

The rules:

* Of a client's headers only those go on that a model server needs; cookies and
  addresses stay here. Of the server's only those come back that describe the body.
* One connection per request, closed when the client leaves, which is how model
  servers learn that nobody reads any more.
* A server that is away is told apart from one that broke off: the first is an
  answer of ours, the second an error for the stages outside.

Trust: which weights the server holds is its operator's word.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from audit.core.errors import EngineUnavailable, ExtraMissing, UsageError
from audit.gateway._asgi import Headers, Receive, Scope, Send, refuse
from audit.gateway._middleware import whole_body

_MOST_BODY = 32 << 20
_READ = 1 << 16
_CONNECT, _IDLE = 10.0, 120.0
_GO_ON = frozenset({b"content-type", b"accept", b"authorization", b"x-api-key", b"api-key"})
_COME_BACK = frozenset({b"content-type", b"content-encoding", b"retry-after"})


class Upstream:
    """Passes requests on to one server (`http://host:port` or https)."""

    def __init__(self, url: str) -> None:
        """Name the server; nothing is sent yet.

        Raises:
            UsageError: not such an address.
            ExtraMissing: the library that speaks HTTP/1.1 is not installed.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{url}: not an http:// or https:// address of a model server")
        try:
            import h11
        except ImportError as exc:
            raise ExtraMissing("h11", extra="gateway") from exc
        self._h11: Any = h11
        self._authority = parts.netloc.rpartition("@")[2]
        self._name = f"{parts.scheme}://{self._authority}"
        self._host, self._prefix = parts.hostname, parts.path.rstrip("/")
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3.0).

        Raises:
            EngineUnavailable: the server broke off within its answer.
        """
        if scope["type"] != "http":
            await _other(scope, receive, send)
            return
        body = await whole_body(receive, _MOST_BODY)
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(self._host, self._port, ssl=self._tls), _CONNECT
            )
        except (OSError, TimeoutError):
            await refuse(send, 503, "engine_unavailable", "the engine does not answer")
            return
        try:
            await self._exchange(scope, body, _Wire(self._h11, self._name, reader, writer), send)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _exchange(self, scope: Scope, body: bytes, wire: "_Wire", send: Send) -> None:
        headers: Headers = [pair for pair in scope["headers"] if pair[0].lower() in _GO_ON]
        headers += [
            (b"host", self._authority.encode("idna")),
            (b"accept-encoding", b"identity"),
            (b"content-length", str(len(body)).encode("ascii")),
            (b"connection", b"close"),
        ]
        target = self._prefix.encode() + scope.get("raw_path", scope["path"].encode())
        if scope.get("query_string"):
            target += b"?" + scope["query_string"]
        await wire.ask(scope["method"], target, headers, body)
        async for event in wire.events():
            if isinstance(event, self._h11.Response):
                kept = [(n, v) for n, v in event.headers if n.lower() in _COME_BACK]
                start = {"type": "http.response.start", "status": event.status_code}
                await send({**start, "headers": kept})
            elif isinstance(event, self._h11.Data):
                part = {"type": "http.response.body", "body": bytes(event.data), "more_body": True}
                await send(part)
        await send({"type": "http.response.body", "body": b""})


class _Wire:
    """One connection, as events of HTTP/1.1."""

    def __init__(
        self, h11: Any, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._h11, self._name = h11, name
        self._reader, self._writer = reader, writer
        self._state = h11.Connection(h11.CLIENT)

    async def ask(self, method: str, target: bytes, headers: Headers, body: bytes) -> None:
        """Send a request."""
        h11 = self._h11
        request = h11.Request(method=method, target=target, headers=headers)
        parts = [request, h11.Data(data=body), h11.EndOfMessage()]
        self._writer.write(b"".join(self._state.send(part) or b"" for part in parts))
        await self._writer.drain()

    async def events(self) -> AsyncIterator[Any]:
        """Give the events of the answer up to its end.

        Raises:
            EngineUnavailable: it does not come to its end, or is no HTTP.
        """
        h11 = self._h11
        try:
            while True:
                event = self._state.next_event()
                if event is h11.NEED_DATA:
                    data = await asyncio.wait_for(self._reader.read(_READ), _IDLE)
                    self._state.receive_data(data)
                elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                    return
                else:
                    yield event
        except (OSError, TimeoutError, h11.RemoteProtocolError) as exc:
            raise EngineUnavailable(
                f"{self._name}: the engine broke off ({type(exc).__name__})",
                hint="look into the engine's own log",
            ) from exc


async def _other(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what is no request: begin and end of a server, and sockets of other kinds."""
    if scope["type"] != "lifespan":
        await send({"type": "websocket.close", "code": 1008})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
