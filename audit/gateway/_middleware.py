"""The ASGI middleware that redacts requests and answers.

The rules:

* A path is redacted, passed or refused by configuration; an unknown one is refused.
* What cannot be looked into is refused: an unknown content type or coding, a body
  that is too large, a web socket.
* After any failure nothing of the text goes on, in either direction.

Trust: the application behind it sees requests only through `receive`; it must be
reachable through this middleware alone.
"""

from audit.gateway._answer import Answer
from audit.gateway._asgi import App, Headers, Message, Receive, Scope, Send, header, refuse, without
from audit.gateway._bodies import (
    Unreadable,
    is_opaque,
    redact_body,
    redact_headers,
    redact_query,
    unpacked,
)
from audit.gateway._config import GatewayConfig, load
from audit.gateway._tally import Record, Tally
from audit.redact import Redactor


class TooLarge(Exception):  # noqa: N818
    """A request body beyond the limit."""


class RedactionMiddleware:
    """Redacts what passes between clients and a model server.

    Without arguments beyond the application it reads the file that
    `AUDIT_REDACTION` names, as vLLM's `--middleware` needs it.
    """

    def __init__(
        self,
        app: App,
        config: GatewayConfig | None = None,
        record: Record | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._app = app
        self._config = config or load()
        self._redactor = redactor or self._config.redactor()
        self.tally = Tally(record)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3.0)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, send)

    def _way(self, scope: Scope) -> str:
        config, path = self._config, scope["path"].rstrip("/") or "/"
        path = path.removeprefix(scope.get("root_path", ""))
        if path in config.redact_paths:
            return "redact"
        if path in config.pass_paths and scope["method"] in ("GET", "HEAD"):
            return "pass"
        return config.other_paths

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        way = self._way(scope)
        if way == "pass":
            await self._app(scope, receive, send)
            return
        if way == "refuse":
            await refuse(send, 404, "unknown_path", "this path is not configured for redaction")
            return
        try:
            inner, messages = await self._request(scope, receive)
        except TooLarge:
            await refuse(send, 413, "too_large", "the request is larger than can be redacted")
            return
        except Unreadable:
            await refuse(
                send, 415, "unreadable", "the request is in a form that cannot be redacted"
            )
            return
        except Exception as exc:  # noqa: BLE001  whatever went wrong, the request does not go on
            self.tally.failed(exc)
            await refuse(send, 503, "redaction_failed", "the request could not be redacted")
            return
        await self._answered(inner, messages, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._config.responses:
            await self._app(scope, receive, send)
            return
        path = scope["path"].rstrip("/").removeprefix(scope.get("root_path", ""))
        answer = Answer(send, self._redactor, path, self._config.most_body, self.tally)
        try:
            await self._app(scope, receive, answer)
        except Exception as exc:  # noqa: BLE001  its traceback may hold the text
            await answer.fail(exc)
        await answer.finish()

    async def _request(self, scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
        """Return the scope and messages that the application gets."""
        headers: Headers = list(scope["headers"])
        body = await whole_body(receive, self._config.most_body)
        query = scope.get("query_string", b"")
        if self._config.requests:
            plain = unpacked(body, header(headers, b"content-encoding"), self._config.most_body)
            if is_opaque(plain, attachments=self._config.attachments == "pass"):
                raise Unreadable
            body = redact_body(
                self._redactor, plain, header(headers, b"content-type"), self.tally.add
            )
            query = redact_query(self._redactor, query, self.tally.add)
            headers = redact_headers(self._redactor, headers, self.tally.add)
            headers = without(headers, b"content-encoding")
        headers = without(headers, b"content-length", b"transfer-encoding", b"accept-encoding")
        headers.append((b"accept-encoding", b"identity"))
        if body or scope["method"] not in ("GET", "HEAD"):
            headers.append((b"content-length", str(len(body)).encode("ascii")))
        return {**scope, "headers": headers, "query_string": query}, replay(body, receive)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives `body` once, then what the server says."""
    left = [body]

    async def given() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return given


async def whole_body(receive: Receive, most: int) -> bytes:
    """Return the body of a request.

    Raises:
        TooLarge: more than `most` bytes.
        ConnectionError: the client went away.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionError
        body += message.get("body", b"")
        if len(body) > most:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(body)
