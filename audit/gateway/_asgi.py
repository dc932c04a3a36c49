"""What an ASGI application is, as far as this room needs it (ASGI 3.0)."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


def header(headers: Headers, name: bytes) -> bytes:
    """Return a header's value, the first where there are several, or nothing."""
    return next((value for key, value in headers if key.lower() == name), b"")


def without(headers: Headers, *names: bytes) -> Headers:
    """Return the headers whose names are not among `names`."""
    return [(key, value) for key, value in headers if key.lower() not in names]


async def refuse(send: Send, status: int, kind: str, message: str) -> None:
    """Answer with an error in the form that clients of model servers read."""
    body = f'{{"error":{{"message":"{message}","type":"{kind}","code":{status}}}}}'.encode("ascii")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode("ascii")),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
