"""The outermost stage: every answer that leaves has a receipt, or does not leave.

The rules:

* A response is in the ledger before the engine is asked, and again before it ends.
* A receipt is about the text as delivered: after redaction, with its labels.
* A client that leaves ends its answer; what was sent until then gets the receipt.
* No request goes on by a path or method whose answer could have no receipt.
* What cannot be recorded is refused, or flagged, as the policy says; it never
  leaves looking as if it had been recorded.

Trust: the stages inside are reached through this one alone.
"""

from collections.abc import Iterable

from audit.core.errors import AuditError
from audit.gateway._asgi import App, Receive, Scope, Send, refuse
from audit.gateway.formats import FORMATS
from audit.gateway.receipts._answer import ReceiptAnswer
from audit.gateway.receipts._departure import Departure
from audit.gateway.receipts._desk import KEY, ReceiptDesk
from audit.gateway.receipts._policy import ReceiptPolicy

SILENT = frozenset(
    {"/v1/embeddings", "/v1/rerank", "/rerank", "/score", "/tokenize", "/detokenize"}
)
"""Paths that go on without receipts: their answers hold no words of a model."""


class ReceiptMiddleware:
    """Issues a receipt for every answer of the application inside (ASGI 3.0)."""

    def __init__(
        self, app: App, desk: ReceiptDesk, policy: ReceiptPolicy, *, quiet: Iterable[str] = ()
    ) -> None:
        """Stand before `app`; `quiet` are the paths that may be read (GET and HEAD)."""
        self._app, self._desk, self._policy = app, desk, policy
        self._quiet = frozenset(quiet)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, method = _path(scope), scope["method"]
        if path in FORMATS and method != "POST":
            await refuse(send, 405, "method", "answers are asked for with POST")
            return
        is_quiet = path in (self._quiet if method in ("GET", "HEAD") else SILENT)
        if path not in FORMATS and not is_quiet:
            await refuse(send, 404, "unknown_path", "answers of this path could have no receipt")
            return
        if path not in FORMATS:
            await self._app(scope, receive, send)
            return
        await self._receipted(scope, receive, send, path)

    async def _receipted(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        try:
            slip = await self._desk.begin()
        except AuditError:
            slip = None
        if slip is None and self._policy.unrecorded == "refuse":
            await refuse(send, 503, "ledger_unavailable", "the answer could not be recorded")
            return
        answer = ReceiptAnswer(send, self._desk, slip, self._policy, path)
        extensions = {**(scope.get("extensions") or {}), KEY: slip}
        client = Departure(receive)
        inner = {**scope, "extensions": extensions}
        try:
            ended = await client.run(self._answer(inner, client.receive, answer))
        except Exception:  # noqa: BLE001 - its traceback may hold the text
            await answer.end("engine")
        else:
            await answer.end("incomplete" if ended else "client-gone")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")).rstrip("/") or "/"
