"""The innermost stage, right before the engine: the request is screened and noted."""

import json
from typing import Any

from audit.documents import Coverage, Scheme
from audit.gateway._asgi import App, Receive, Scope, Send, refuse, without
from audit.gateway._middleware import TooLarge, replay, whole_body
from audit.gateway.receipts._desk import KEY, Slip
from audit.gateway.receipts._policy import ReceiptPolicy
from audit.gateway.receipts._screen import Denied, Screened, screen

MOST_BODY = 10 << 20


class Screen:
    """Screens requests for an engine; those without a slip pass untouched.

    `marks` is what the engine does by itself: a scheme of its own, or ours in
    vLLM's plug-in; None when it fills in the slip, or knows nothing of marks.
    """

    def __init__(self, engine: App, policy: ReceiptPolicy, marks: Scheme | None = None) -> None:
        self._engine, self._policy, self._marks = engine, policy, marks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3.0)."""
        slip = (scope.get("extensions") or {}).get(KEY) if scope["type"] == "http" else None
        if not isinstance(slip, Slip):
            await self._engine(scope, receive, send)
            return
        try:
            body = await whole_body(receive, MOST_BODY)
            screened = screen(_object(body), self._policy)
        except TooLarge:
            await refuse(send, 413, "too_large", "the request is too large")
            return
        except Denied as exc:
            await refuse(send, 400, exc.kind, str(exc))
            return
        slip.request, slip.sampling = body, screened.sampling
        slip.is_greedy, slip.overridden = screened.is_greedy, screened.overridden
        if screened.is_greedy:
            slip.coverage = Coverage.GREEDY
        elif self._marks is not None:
            slip.coverage = None
        request = self._keyed(screened, slip)
        if request is not None:
            body = json.dumps(request, ensure_ascii=False).encode()
        await self._engine(_resized(scope, body), replay(body, receive), send)

    def _keyed(self, screened: Screened, slip: Slip) -> dict[str, Any] | None:
        """Return the request as the engine gets it, or None when it stays as it came."""
        if self._marks is Scheme.SGLANG_GUMBEL and not screened.is_greedy:
            key = {"key": f"{slip.ticket.request_key:016x}"}
            return {**screened.request, "watermark": key}
        if self._marks is Scheme.AUDIT_G1 and not screened.is_greedy:
            xargs = {"audit_key": slip.issuer.line.key_id, "audit_tag": slip.ticket.tag.hex()}
            return {**screened.request, "vllm_xargs": xargs}
        return screened.request if screened.changed else None


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise Denied("bad_request", "the request is no JSON") from exc
    if not isinstance(value, dict):
        raise Denied("bad_request", "the request is no JSON object")
    return value


def _resized(scope: Scope, body: bytes) -> Scope:
    headers = without(list(scope["headers"]), b"content-length")
    return {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode("ascii"))]}
