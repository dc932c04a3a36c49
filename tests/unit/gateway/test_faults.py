"""A part that fails at every surface: nothing of the text leaves, and nothing pretends to be clean."""

import asyncio
import json
import logging
from collections.abc import Iterable
from typing import Any

import pytest

from audit.core.errors import RedactionFailed
from audit.gateway import GatewayConfig, RedactionMiddleware, RedactionService
from audit.redact import (
    Deadline,
    RedactingFormatter,
    Redactor,
    Settings,
    Span,
    StreamRedactor,
    StructlogProcessor,
    redact_json,
)  # fmt: skip
from tests.unit.gateway.answers import NUMBER, SHORT, chat, sse

CHAT = "/v1/chat/completions"


class Broken:
    """A recogniser that fails from the nth text on, as a model that was killed does."""

    digests = ("sha256:" + "0" * 64,)

    def __init__(self, error: Exception, after: int = 0) -> None:
        self.error, self.after = error, after

    def spans(self, text: str, deadline: Deadline) -> Iterable[Span]:
        self.after -= 1
        if self.after < 0:
            raise self.error
        return ()


ERRORS = [
    RuntimeError(NUMBER),
    MemoryError(),
    RecursionError(),
    OSError(NUMBER),
    KeyError(NUMBER),
    TimeoutError(),
]


def broken(error: Exception, after: int = 0, on_failure: Any = "refuse") -> Redactor:
    return Redactor(Settings(on_failure=on_failure), [Broken(error, after)])


def ask(
    redactor: Redactor, answer: bytes, form: str, body: bytes = b'{"a":"x"}'
) -> tuple[int, bytes, bytes]:
    sent: list[Any] = []
    seen: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((await receive())["body"])
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", form.encode())],
            }
        )
        await send({"type": "http.response.body", "body": answer})

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": CHAT, "headers": [], "query_string": b""}
    asyncio.run(RedactionMiddleware(app, GatewayConfig(), redactor=redactor)(scope, receive, send))
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent), b"".join(seen)


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_a_request_does_not_go_on(error: Exception) -> None:
    status, out, seen = ask(
        broken(error), b"{}", "application/json", f'{{"a":"{NUMBER}"}}'.encode()
    )
    assert (status, seen) == (503, b"")
    assert NUMBER.encode() not in out


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("form", ["application/json", "text/plain"])
def test_an_answer_does_not_leave(error: Exception, form: str) -> None:
    status, out, _ = ask(broken(error, 1), f'{{"a":"{NUMBER}"}}'.encode(), form)
    assert status == 502
    assert NUMBER.encode() not in out


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("on_failure", ["refuse", "mask"])
def test_a_stream_shows_nothing_from_the_failure_on(error: Exception, on_failure: str) -> None:
    raw = sse(*chat(SHORT, 2), "[DONE]")
    _, out, _ = ask(broken(error, 1, on_failure), raw, "text/event-stream")
    assert NUMBER.encode() not in out
    assert b"zhang.san" not in out
    assert b"redaction_failed" in out or b"***REDACTED***" in out


@pytest.mark.parametrize("path", ["/v1/redact", "/beta/litellm_basic_guardrail_api"])
@pytest.mark.parametrize("on_failure", ["refuse", "mask"])
def test_the_service_gives_nothing_back(path: str, on_failure: str) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": json.dumps({"texts": [NUMBER]}).encode()}

    async def send(message: Any) -> None:
        sent.append(message)

    service = RedactionService(
        GatewayConfig(), redactor=broken(RuntimeError(NUMBER), 0, on_failure)
    )
    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    asyncio.run(service(scope, receive, send))
    assert NUMBER.encode() not in sent[1]["body"]
    answer = json.loads(sent[1]["body"])
    assert (
        sent[0]["status"] == 503
        or answer.get("action") == "BLOCKED"
        or answer["texts"] == ["***REDACTED***"]
    )


def test_json_text_stream_and_logging_show_nothing() -> None:
    failing = broken(RuntimeError(NUMBER), 0, "mask")
    record = logging.makeLogRecord({"msg": "call %s", "args": (NUMBER,)})
    stream = StreamRedactor(failing)
    outs = [
        failing.redact(NUMBER).text, str(redact_json(failing, f'{{"a":"{NUMBER}"}}')), stream.feed(NUMBER) + stream.close(),
        RedactingFormatter(None, failing).format(record), repr(StructlogProcessor(failing)(None, "info", {"a": NUMBER})),
    ]  # fmt: skip
    assert not any(NUMBER in out for out in outs)
    assert all("REDACTED" in out for out in outs)


def test_refusing_redactors_refuse_in_streams_too() -> None:
    stream = StreamRedactor(broken(RuntimeError(NUMBER)))
    with pytest.raises(RedactionFailed) as caught:
        stream.feed(f"call {NUMBER} now please, thank you very much indeed. And so on. " * 3)
    assert NUMBER not in str(caught.value)
