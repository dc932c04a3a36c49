"""The detector over HTTP: `POST /v1/watermark/detect` with `{"text": "..."}`.

An open detector is an oracle for whoever wants to wash a mark out. So callers
show a token, may ask so often, and get p-values rounded to decades, none below
1e-12, and no places in the text: while much of a mark is there, one edit more
or less changes nothing of the answer.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.core.clock import Clock, now_ns
from audit.core.errors import AuditError
from audit.documents import Detection
from audit.gateway._asgi import App, Headers, Receive, Scope, Send, header, refuse
from audit.gateway._middleware import TooLarge, whole_body
from audit.watermark.examine import Examiner

PATH = "/v1/watermark/detect"
MOST_BODY = 2 << 20
_NS = 10**9
_LEAST = -12


@dataclass(slots=True)
class Callers:
    """Who may ask, by the SHA-256 of a token, and how often: a bucket that refills."""

    names: Mapping[str, str]
    """Name by lower-case hex digest of the caller's token."""
    per_minute: int = 30
    clock: Clock = now_ns
    _left: dict[str, tuple[float, int]] = field(default_factory=dict)

    def find(self, headers: Headers) -> str | None:
        """Return the name of the caller whose token the request carries."""
        scheme, _, token = header(headers, b"authorization").partition(b" ")
        digest = hashlib.sha256(token.strip()).hexdigest()
        found = None
        for known, name in self.names.items():  # all of them: time tells nothing
            if hmac.compare_digest(known, digest):
                found = name
        return found if scheme.lower() == b"bearer" else None

    def may_ask(self, name: str) -> bool:
        """Count one question; whether the caller has one left."""
        left, at = self._left.get(name, (float(self.per_minute), self.clock()))
        now = self.clock()
        left = min(float(self.per_minute), left + (now - at) * self.per_minute / (60 * _NS))
        allowed = left >= 1
        self._left[name] = (left - 1 if allowed else left, now)
        return allowed


class DetectorApp:
    """Answers the detector's path, and gives every other one to the application inside."""

    def __init__(self, app: App, examiner: Callable[[], Examiner], callers: Callers) -> None:
        self._app, self._examiner, self._callers = app, examiner, callers
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3.0)."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        name = self._callers.find(list(scope["headers"]))
        if scope["method"] != "POST":
            await refuse(send, 405, "method", "ask with POST")
        elif name is None:
            await refuse(send, 401, "unauthorized", "the detector answers known callers only")
        elif not self._callers.may_ask(name):
            await refuse(send, 429, "too_many", "ask again in a minute")
        else:
            await self._detect(receive, send)

    async def _detect(self, receive: Receive, send: Send) -> None:
        try:
            text = _text(await whole_body(receive, MOST_BODY))
        except TooLarge:
            await refuse(send, 413, "too_large", "the text is larger than is examined")
            return
        if text is None:
            await refuse(send, 400, "bad_request", "send a JSON object with a member text")
            return
        try:
            async with self._turn:
                found = await asyncio.to_thread(lambda: self._examiner().examine(text))
        except AuditError:
            await refuse(send, 503, "cannot_tell", "the text cannot be examined now")
            return
        body = rounded(found).model_dump_json().encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode("ascii")),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def rounded(found: Detection) -> Detection:
    """Return a detection with p-values in decades from 1 to 1e-12, and no places in the text."""
    return found.model_copy(
        update={
            "presence": tuple(
                one.model_copy(
                    update={"log10_p": _decade(one.log10_p), "tokens": (0, 0), "contexts": 0}
                )
                for one in found.presence
            ),
            "attributions": tuple(
                one.model_copy(
                    update={
                        "log10_p": _decade(one.log10_p),
                        "shared_permille": _hundreds(one.shared_permille),
                    }
                )
                for one in found.attributions
            ),
        }
    )


def _decade(log10_p: str) -> str:
    return f"{max(_LEAST, int(float(log10_p)))}.00"


def _hundreds(permille: int | None) -> int | None:
    return None if permille is None else permille // 100 * 100


def _text(body: bytes) -> str | None:
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    text = value.get("text") if isinstance(value, dict) else None
    return text if isinstance(text, str) else None
