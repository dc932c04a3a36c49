"""The service, and the probe of a live gateway, over real sockets of this machine."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from audit.gateway import GatewayConfig, RedactionMiddleware, RedactionService, examine
from tests.unit.gateway.answers import NUMBER, TEXT, chat, sse

GUARD = "/beta/litellm_basic_guardrail_api"


def post(path: str, value: Any, config: GatewayConfig | None = None) -> tuple[int, Any]:
    sent: list[Any] = []
    body = value if isinstance(value, bytes) else json.dumps(value).encode()

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    asyncio.run(RedactionService(config or GatewayConfig())(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_texts_come_back_redacted_with_reports() -> None:
    status, answer = post("/v1/redact", {"texts": [f"call {NUMBER}", "fine"]})
    assert (status, answer["texts"]) == (200, ["call ***PHONE***", "fine"])
    assert answer["reports"][0]["counts"] == {"PHONE_NUMBER": 1}


def test_litellm_is_told_what_was_done() -> None:
    assert post(GUARD, {"texts": ["fine"], "input_type": "request"})[1] == {"action": "NONE"}
    answer = post(GUARD, {"texts": [f"call {NUMBER}"], "input_type": "request"})[1]
    assert answer == {"action": "GUARDRAIL_INTERVENED", "texts": ["call ***PHONE***"]}


def test_litellm_is_told_how_much_of_a_stream_to_hold_back() -> None:
    answer = post(GUARD, {"texts": ["Here you are: 1381234"], "input_type": "response"})[1]
    assert answer["stream_holdback_chars"] >= len("1381234")


def test_what_could_not_be_scanned_is_blocked_and_not_shown() -> None:
    config = GatewayConfig(on_failure="mask", most_body=300)
    long = "x" * 250 + NUMBER
    assert post(GUARD, {"texts": [long[:200]]}, config)[1]["action"] == "NONE"
    status, answer = post(GUARD, {"texts": [long * 2]}, config)
    assert status == 413
    assert NUMBER not in json.dumps(answer)
    assert post(GUARD, {"texts": ["x"], "images": ["data:..."]})[1]["action"] == "BLOCKED"


@pytest.mark.parametrize("value", [b"{", {"texts": "x"}, {"texts": [1]}, [], {}])
def test_a_request_of_another_form_is_a_bad_request(value: Any) -> None:
    assert post("/v1/redact", value)[0] == 400


async def parrot(scope: Any, receive: Any, send: Any) -> None:
    """A model server that repeats the last line it was told."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    request = json.loads(body)
    text = request["messages"][-1]["content"].partition(": ")[2]
    stream = request.get("stream")
    form = b"text/event-stream" if stream else b"application/json"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", form)]})
    rows = [sse(row) for row in chat(text, 2)] + [b"data: [DONE]\n\n"]
    whole = [json.dumps({"choices": [{"message": {"content": text}}]}).encode()]
    for part in rows if stream else whole:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def served() -> Iterator[Callable[[Any], str]]:
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any) -> str:
        server = uvicorn.Server(
            uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none")
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        servers.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join()


@pytest.mark.slow
def test_the_probe_tells_a_gateway_that_leaks_from_one_that_does_not(
    served: Callable[[Any], str],
) -> None:
    assert examine(served(RedactionMiddleware(parrot)), "m").outcome == "clean"
    assert examine(served(parrot), "m").outcome == "leaking"


def test_a_gateway_that_cannot_be_asked_is_unknown() -> None:
    report = examine("http://127.0.0.1:9", "m")
    assert report.outcome == "unknown"
    assert not any(check.answered for check in report.checks)


@pytest.mark.slow
def test_an_openai_client_reads_a_redacted_stream(served: Callable[[Any], str]) -> None:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(
        base_url=served(RedactionMiddleware(parrot)) + "/v1", api_key="x", max_retries=0
    )
    messages = [{"role": "user", "content": f"say: {TEXT}"}]
    whole = client.chat.completions.create(model="m", messages=messages).choices[0].message.content
    parts = client.chat.completions.create(model="m", messages=messages, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in parts) == whole
    assert "***PHONE***" in whole
    assert NUMBER not in whole
