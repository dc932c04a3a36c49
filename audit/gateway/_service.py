"""Redaction as an HTTP service, for gateways that call out.

* `POST /v1/redact`: `{"texts": [...]}` or `{"text": "..."}`, answered in kind
* `POST /beta/litellm_basic_guardrail_api`: LiteLLM's generic guardrail contract
* `GET /metrics`, `GET /health`

A text that cannot be scanned whole is masked or the request is refused, as the
configuration says; LiteLLM is then told to block.
"""

import asyncio
import json
from typing import Any

from audit.core.errors import ExtraMissing
from audit.gateway._asgi import App, Receive, Scope, Send, refuse
from audit.gateway._config import GatewayConfig, load
from audit.gateway._middleware import TooLarge, whole_body
from audit.gateway._tally import Record, Tally
from audit.redact import Decider, RedactedText, Redactor

GUARDRAIL = "/beta/litellm_basic_guardrail_api"


class _BadRequest(Exception):  # noqa: N818
    """A request that is not what the path wants."""


class RedactionService:
    """The service as an ASGI application."""

    def __init__(
        self,
        config: GatewayConfig | None = None,
        record: Record | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._config = config or load()
        self._redactor = redactor or self._config.redactor()
        self.tally = Tally(record)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3.0)."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = (scope["method"], scope["path"])
        if route == ("GET", "/health"):
            await _reply(send, b'{"status":"ok"}', b"application/json")
        elif route == ("GET", "/metrics"):
            await _reply(
                send, self.tally.exposition().encode("ascii"), b"text/plain; version=0.0.4"
            )
        elif route in (("POST", "/v1/redact"), ("POST", GUARDRAIL)):
            await self._redact(scope["path"], receive, send)
        else:
            await refuse(send, 404, "unknown_path", "there is nothing at this path")

    async def _redact(self, path: str, receive: Receive, send: Send) -> None:
        work = self._guard if path == GUARDRAIL else self._plain
        try:
            request = _object(await whole_body(receive, self._config.most_body))
            answer = await asyncio.to_thread(work, request)
        except TooLarge:
            await refuse(send, 413, "too_large", "the request is larger than can be redacted")
        except _BadRequest:
            await refuse(
                send, 400, "bad_request", "the request is not the JSON object that this path wants"
            )
        except Exception as exc:  # noqa: BLE001  whatever went wrong, the text is not given back
            self.tally.failed(exc)
            await refuse(send, 503, "redaction_failed", "the text could not be redacted")
        else:
            await _reply(send, json.dumps(answer, ensure_ascii=False).encode(), b"application/json")

    def _scanned(self, text: object) -> RedactedText:
        if not isinstance(text, str):
            raise _BadRequest
        result = self._redactor.redact(text)
        self.tally.add(result)
        return result

    def _plain(self, request: dict[str, Any]) -> dict[str, Any]:
        if "text" in request:
            result = self._scanned(request["text"])
            return {"text": result.text, "report": result.report().model_dump(mode="json")}
        results = [self._scanned(text) for text in _texts(request)]
        return {
            "texts": [result.text for result in results],
            "reports": [result.report().model_dump(mode="json") for result in results],
        }

    def _guard(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer LiteLLM; a text that was masked whole is blocked, not passed as redacted."""
        results = [self._scanned(text) for text in _texts(request)]
        if any(result.coverage.refused for result in results):
            return {"action": "BLOCKED", "blocked_reason": "a text could not be scanned whole"}
        if request.get("images"):
            return {"action": "BLOCKED", "blocked_reason": "images are not scanned"}
        answer: dict[str, Any] = {"action": "NONE"}
        if not all(result.is_clean for result in results):
            answer = {"action": "GUARDRAIL_INTERVENED", "texts": [r.text for r in results]}
        if request.get("input_type") == "response" and results:
            answer["stream_holdback_chars"] = max(self._open(text) for text in _texts(request))
        return answer

    def _open(self, text: str) -> int:
        """Return how many characters at the end of a growing text are not decided yet."""
        decider = Decider(self._redactor)
        decider.feed(text)
        return len(text) - decider.decided


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as exc:
        raise _BadRequest from exc
    if not isinstance(value, dict):
        raise _BadRequest
    return value


def _texts(request: dict[str, Any]) -> list[Any]:
    texts = request.get("texts")
    if not isinstance(texts, list):
        raise _BadRequest
    return texts


async def _reply(send: Send, body: bytes, form: bytes) -> None:
    headers = [(b"content-type", form), (b"content-length", str(len(body)).encode("ascii"))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def serve(app: App, host: str, port: int) -> None:
    """Serve `app` until it is stopped; access logs are off, since paths and queries may hold data.

    Raises:
        ExtraMissing: uvicorn is not installed.
    """
    try:
        import uvicorn
    except ImportError as exc:
        raise ExtraMissing("uvicorn", extra="gateway") from exc
    uvicorn.run(
        app, host=host, port=port, access_log=False, log_level="warning", server_header=False
    )
