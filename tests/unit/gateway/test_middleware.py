"""Requests and answers through the middleware, with an application that misbehaves on demand."""

import asyncio
import gzip
import json
from collections.abc import Iterable
from typing import Any

import pytest

from audit.gateway import GatewayConfig, RedactionMiddleware
from tests.unit.gateway.answers import NUMBER, SHORT, chat, read_chat, sse

CHAT = "/v1/chat/completions"
BODY = json.dumps(
    {"model": "m", "messages": [{"role": "user", "content": f"我的手机号是{NUMBER}"}]}
).encode()
Headers = dict[str, str]


class Upstream:
    """An application that remembers what it was sent and answers with given bytes."""

    def __init__(self, parts: Iterable[bytes] = (b"{}",), headers: Headers | None = None) -> None:
        self.parts = list(parts)
        self.headers = headers or {"content-type": "application/json"}
        self.body = b""
        self.scope: dict[str, Any] = {}
        self.error: Exception | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        message = await receive()
        self.body = message["body"]
        rows = [(k.encode(), v.encode()) for k, v in self.headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": rows})
        for part in self.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            if self.error:
                raise self.error
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Reply:
    def __init__(self, sent: list[dict[str, Any]]) -> None:
        self.status = sent[0]["status"] if sent else 0
        self.headers = (
            {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]} if sent else {}
        )
        self.chunks = [m["body"] for m in sent[1:]]
        self.body = b"".join(self.chunks)
        self.ended = bool(sent) and not sent[-1].get("more_body", False)


def ask(upstream: Upstream, body: bytes = BODY, path: str = CHAT, **given: Any) -> Reply:
    """Send one request; `given` may hold headers, query, method and config."""
    sent: list[dict[str, Any]] = []
    headers = given.get("headers", {"content-type": "application/json"})
    scope = {
        "type": "http", "method": given.get("method", "POST"), "path": path, "root_path": "",
        "query_string": given.get("query", "").encode(),
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    app = RedactionMiddleware(upstream, given.get("config", GatewayConfig()))
    asyncio.run(app(scope, receive, send))
    return Reply(sent)


def test_request_is_redacted_before_the_server_sees_it() -> None:
    upstream = Upstream()
    ask(upstream)
    assert json.loads(upstream.body)["messages"][0]["content"] == "我的手机号是***PHONE***"
    assert dict(upstream.scope["headers"])[b"content-length"] == str(len(upstream.body)).encode()


def test_clean_request_and_answer_pass_byte_for_byte() -> None:
    body = b'{ "model":"m" , "temperature": 0.70, "messages":[{"content":"\\u4f60\\u597d"}]}'
    answer = b'{"choices":[{"message":{"content":"\\u4f60\\u597d"}}],  "usage":{"total_tokens":12}}'
    upstream = Upstream([answer[:20], answer[20:]])
    assert (ask(upstream, body).body, upstream.body) == (answer, body)


def test_answer_is_redacted_and_its_length_is_right() -> None:
    answer = json.dumps({"choices": [{"message": {"content": f"call {NUMBER}"}}]}).encode()
    reply = ask(
        Upstream([answer], {"content-type": "application/json", "content-length": str(len(answer))})
    )
    assert json.loads(reply.body)["choices"][0]["message"]["content"] == "call ***PHONE***"
    assert int(reply.headers["content-length"]) == len(reply.body)


def test_packed_request_is_unpacked_and_redacted() -> None:
    upstream = Upstream()
    ask(
        upstream,
        gzip.compress(BODY),
        headers={"content-type": "application/json", "content-encoding": "gzip"},
    )
    assert NUMBER.encode() not in upstream.body
    assert json.loads(upstream.body)
    assert b"content-encoding" not in dict(upstream.scope["headers"])


def test_packed_answer_is_unpacked_and_redacted() -> None:
    answer = gzip.compress(json.dumps({"text": f"call {NUMBER}"}).encode())
    reply = ask(
        Upstream([answer], {"content-type": "application/json", "content-encoding": "gzip"})
    )
    assert json.loads(reply.body) == {"text": "call ***PHONE***"}


def test_stream_hides_a_number_split_over_chunks() -> None:
    raw = sse(*chat(SHORT, 2), "[DONE]")
    reply = ask(
        Upstream(
            [raw[i : i + 7] for i in range(0, len(raw), 7)], {"content-type": "text/event-stream"}
        )
    )
    assert "***PHONE***" in read_chat(reply.body)
    assert NUMBER not in read_chat(reply.body)
    assert reply.ended


def test_first_words_of_a_stream_do_not_wait_for_the_end() -> None:
    raw = [
        sse(row)
        for row in chat("Certainly, here is what was agreed in the meeting of the team today.", 4)
    ]
    reply = ask(Upstream(raw, {"content-type": "text/event-stream"}))
    first = next(
        i
        for i, chunk in enumerate(reply.chunks)
        if b"Certainly" in b"".join(reply.chunks[: i + 1]) or b"Cert" in chunk
    )
    assert first <= 7


def test_plain_text_stream_is_redacted_as_it_grows() -> None:
    parts = [f"您好，手机号是{NUMBER}，谢谢。".encode()[i : i + 1] for i in range(54)]
    reply = ask(Upstream(parts, {"content-type": "text/plain; charset=utf-8"}))
    assert "***PHONE***" in reply.body.decode("utf-8", "replace")


def test_query_and_headers_are_redacted_and_keys_are_not() -> None:
    upstream = Upstream()
    key = "Bearer sk-proj-FAKE00000000000000000000000000000000000001test"
    ask(
        upstream,
        headers={
            "content-type": "application/json",
            "authorization": key,
            "x-customer": f"tel {NUMBER}",
        },
        query=f"user=a&phone={NUMBER}&x=%31%33812345678",
    )
    headers = dict(upstream.scope["headers"])
    assert headers[b"authorization"].decode() == key
    assert headers[b"x-customer"] == b"tel ***PHONE***"
    assert upstream.scope["query_string"] == b"user=a&phone=***PHONE***&x=***PHONE***"


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/v1/unknown", "POST", 404),
        ("/v1/models", "POST", 404),
        ("/v1/models", "GET", 200),
        ("/health", "GET", 200),
    ],
)
def test_unknown_paths_are_refused(path: str, method: str, status: int) -> None:
    upstream = Upstream()
    assert ask(upstream, b"", path, headers={}, method=method).status == status
    assert bool(upstream.scope) is (status == 200)


REFUSED = {
    "not JSON": ({"content-type": "application/json"}, b"{" + BODY, 415),
    "not UTF-8": ({"content-type": "application/json"}, b'"\xff"', 415),
    "multipart": ({"content-type": "multipart/form-data; boundary=x"}, BODY, 415),
    "unknown coding": ({"content-type": "application/json", "content-encoding": "br"}, BODY, 415),
    "bomb": (
        {"content-type": "application/json", "content-encoding": "gzip"},
        gzip.compress(b"0" * (11 << 20)),
        415,
    ),
    "large": ({"content-type": "application/json"}, b"0" * ((10 << 20) + 1), 413),
}


@pytest.mark.parametrize("name", REFUSED)
def test_request_that_cannot_be_looked_into_does_not_go_on(name: str) -> None:
    headers, body, status = REFUSED[name]
    upstream = Upstream()
    reply = ask(upstream, body, headers=headers)
    assert reply.status == status
    assert not upstream.scope
    assert NUMBER.encode() not in reply.body


ANSWERS = {
    "binary": ([b"\x00" + NUMBER.encode()], {"content-type": "application/octet-stream"}),
    "not JSON": ([b"{" + NUMBER.encode()], {"content-type": "application/json"}),
    "packed events": (
        [gzip.compress(sse(*chat(SHORT)))],
        {"content-type": "text/event-stream", "content-encoding": "gzip"},
    ),
    "unknown coding": (
        [NUMBER.encode()],
        {"content-type": "application/json", "content-encoding": "br"},
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_that_cannot_be_looked_into_does_not_leave(name: str) -> None:
    reply = ask(Upstream(*ANSWERS[name]))
    assert reply.status == 502
    assert NUMBER.encode() not in reply.body
    assert reply.ended


def test_crash_of_the_server_shows_nothing_of_its_text() -> None:
    upstream = Upstream([b'{"a":'], {"content-type": "application/json"})
    upstream.error = RuntimeError(NUMBER)
    reply = ask(upstream)
    assert reply.status == 502
    assert NUMBER.encode() not in reply.body


def test_crash_within_a_stream_ends_it_with_an_error_event() -> None:
    upstream = Upstream([sse(*chat(SHORT)[:4])], {"content-type": "text/event-stream"})
    upstream.error = RuntimeError(NUMBER)
    reply = ask(upstream)
    assert reply.body.endswith(b'"type":"redaction_failed"}}\n\n')
    assert NUMBER.encode() not in reply.body


def test_websockets_are_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asyncio.run(RedactionMiddleware(Upstream())({"type": "websocket", "path": CHAT}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_counts_name_types_and_never_text() -> None:
    upstream = Upstream()
    app = RedactionMiddleware(upstream)

    async def receive() -> Any:
        return {"type": "http.request", "body": BODY}

    async def send(message: Any) -> None:
        del message

    scope = {"type": "http", "method": "POST", "path": CHAT, "headers": [], "query_string": b""}
    asyncio.run(app(scope, receive, send))
    text = app.tally.exposition()
    assert 'audit_redactions_total{type="PHONE_NUMBER"} 1' in text
    assert "138" not in text


def test_configuration_comes_from_the_file_that_the_variable_names(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "redaction.yaml"
    path.write_text("style: typed\nother_paths: redact\nkeep: [EMAIL_ADDRESS]\n", "utf-8")
    monkeypatch.setenv("AUDIT_REDACTION", str(path))
    from audit.gateway import load

    upstream = Upstream()
    ask(upstream, f'"{NUMBER} a.b@example.org"'.encode(), "/anything", config=load())
    assert upstream.body == b'"<PHONE_NUMBER> a.b@example.org"'
