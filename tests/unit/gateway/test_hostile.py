"""Ways around the middleware, each of which must not work."""

import base64
import gzip
import json
import zlib
from typing import Any

import pytest

from audit.gateway import GatewayConfig
from tests.unit.gateway.answers import NUMBER, chat, pieces, sse
from tests.unit.gateway.test_middleware import BODY, CHAT, Upstream, ask

JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream"}
CITY = b"data: [DONE]\n\n"


def digits(data: bytes) -> str:
    return "".join(c for c in data.decode("utf-8", "replace") if c.isdigit())


REQUESTS: dict[str, bytes] = {
    "a key twice": f'{{"messages": [{{"content": "x", "content": "{NUMBER}"}}]}}'.encode(),
    "escapes within the number": b'{"messages": [{"content": "138\\u00312345678"}]}',
    "not a number beside it": f'{{"temperature": NaN, "prompt": "{NUMBER}"}}'.encode(),
    "a lone surrogate": f'{{"prompt": "\\ud800 {NUMBER}"}}'.encode(),
    "JSON in JSON": json.dumps({"arguments": json.dumps({"tel": NUMBER})}).encode(),
    "JSON in JSON in JSON": json.dumps({"a": json.dumps({"b": json.dumps({"tel": NUMBER})})}).encode(),
    "a number, not a text": f'{{"metadata": {{"phone": {NUMBER}}}}}'.encode(),
    "a key": f'{{"metadata": {{"{NUMBER}": "x"}}}}'.encode(),
    "prediction": json.dumps({"prediction": {"type": "content", "content": NUMBER}}).encode(),
    "user": json.dumps({"user": NUMBER}).encode(),
    "stop": json.dumps({"stop": [NUMBER]}).encode(),
    "white space around": b"\r\n\t " + BODY + b"\r\n",
    "a text in base64": json.dumps({"input": base64.b64encode(f"tel {NUMBER}".encode()).decode()}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_value_in_a_request_does_not_reach_the_server(name: str) -> None:
    upstream = Upstream()
    assert ask(upstream, REQUESTS[name]).status == 200
    seen = json.dumps(json.loads(upstream.body)) + upstream.body.decode()
    assert NUMBER not in seen
    assert base64.b64encode(f"tel {NUMBER}".encode()).decode() not in seen


PACKED: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(BODY)),
    "deflate": ("deflate", zlib.compress(BODY)),
    "upper case": ("GZIP", gzip.compress(BODY)),
    "identity": ("identity", BODY),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_request_is_looked_into(name: str) -> None:
    coding, body = PACKED[name]
    upstream = Upstream()
    assert ask(upstream, body, headers={**JSON, "content-encoding": coding}).status == 200
    assert NUMBER.encode() not in upstream.body
    assert "***PHONE***" in upstream.body.decode()


IMAGE = "data:image/png;base64," + base64.b64encode(b"\x89PNG" + bytes(60)).decode()
CLOSED: dict[str, tuple[dict[str, str], bytes]] = {
    "zstd": ({**JSON, "content-encoding": "zstd"}, BODY),
    "twice packed": ({**JSON, "content-encoding": "gzip, gzip"}, gzip.compress(gzip.compress(BODY))),
    "half a packed body": ({**JSON, "content-encoding": "gzip"}, gzip.compress(BODY)[:-9]),
    "a packed body and more": ({**JSON, "content-encoding": "gzip"}, gzip.compress(BODY) + BODY),
    "byte order mark": (JSON, b"\xef\xbb\xbf" + BODY),
    "UTF-16": ({"content-type": "application/json; charset=utf-16"}, BODY.decode().encode("utf-16")),
    "deep": (JSON, b"[" * 100_000),
    "numbers of tokens": (JSON, b'{"prompt": [1, 2, 3]}'),
    "numbers of tokens in lists": (JSON, b'{"input": [[1, 2], [3]]}'),
    "image": (JSON, json.dumps({"messages": [{"content": [{"type": "image_url", "image_url": {"url": IMAGE}}]}]}).encode()),
    "image in a text": (JSON, json.dumps({"messages": [{"content": IMAGE}]}).encode()),
    "sound": (JSON, b'{"messages": [{"content": [{"type": "input_audio", "input_audio": {"data": "AA=="}}]}]}'),
    "files": (JSON, b'{"query": "x", "files": [{"type": "image"}]}'),
    "protobuf": ({"content-type": "application/x-protobuf"}, BODY),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
def test_request_nothing_can_look_into_is_refused(name: str) -> None:
    headers, body = CLOSED[name]
    upstream = Upstream()
    assert ask(upstream, body, headers=headers).status == 415
    assert not upstream.scope


def test_attachments_pass_where_the_policy_says_so() -> None:
    headers, body = CLOSED["image"]
    upstream = Upstream()
    config = GatewayConfig(attachments="pass")
    assert ask(upstream, body, headers=headers, config=config).status == 200
    assert upstream.body == body


def test_forms_queries_and_headers_are_redacted_in_name_and_value() -> None:
    upstream = Upstream()
    form = {
        "content-type": "application/x-www-form-urlencoded",
        "x-note": "手机１３８１２３４５６７８",
    }
    reply = ask(
        upstream,
        b"a=138+1234+5678&b=%31%33812345678",
        headers=form,
        query=f"{NUMBER}=1&q=tel+{NUMBER}",
    )
    assert reply.status == 200
    assert NUMBER not in digits(upstream.body)
    assert NUMBER not in upstream.scope["query_string"].decode()
    assert upstream.scope["query_string"].endswith(b"q=tel%20***PHONE***")
    assert dict(upstream.scope["headers"])[b"x-note"].decode() == "手机***PHONE***"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_methods_without_a_body_pass_with_their_headers_redacted(method: str) -> None:
    upstream = Upstream([], {"content-type": "application/json", "x-owner": NUMBER})
    reply = ask(upstream, b"", headers={"x-user": NUMBER}, method=method)
    assert reply.status == 200
    assert dict(upstream.scope["headers"])[b"x-user"] == b"***PHONE***"
    assert reply.headers["x-owner"] == "***PHONE***"


def spelled(text: str) -> dict[str, Any]:
    tokens = pieces(text, 3)
    return {"content": [{"token": t, "bytes": list(t.encode()), "logprob": -0.1, "top_logprobs": [{"token": t}]} for t in tokens]}  # fmt: skip


def test_probabilities_do_not_spell_what_an_answer_hides() -> None:
    choice = {"index": 0, "message": {"content": f"call {NUMBER}"}, "logprobs": spelled(NUMBER), "token_ids": [1, 2]}  # fmt: skip
    answer = json.dumps(
        {"choices": [choice], "prompt_logprobs": [{"1": {"decoded_token": NUMBER}}]}
    )
    reply = ask(Upstream([answer.encode()]))
    got = json.loads(reply.body)
    assert got["choices"][0]["logprobs"] is None
    assert got["choices"][0]["token_ids"] == []
    assert got["prompt_logprobs"] == []
    assert got["choices"][0]["message"]["content"] == "call ***PHONE***"


def test_probabilities_of_a_clean_answer_stay() -> None:
    answer = json.dumps({"choices": [{"message": {"content": "hello"}, "logprobs": spelled("hello")}]}).encode()  # fmt: skip
    assert ask(Upstream([answer])).body == answer


BESIDE = {
    "identifier": f"id: {NUMBER}\n".encode() + sse(*chat("hi", 2)),
    "comment": f": {NUMBER}\n".encode() + sse(*chat("hi", 2)),
    "name": f"event: {NUMBER}\r\n".encode() + sse(*chat("hi", 2), end="\r\n"),
    "beside the end": sse(*chat("hi", 2)) + f"id: {NUMBER}\n".encode() + CITY,
    "lines of data": b"data: {\ndata: " + f'"x": "{NUMBER}"'.encode() + b"\ndata: }\n\n",
    "byte order mark": b"\xef\xbb\xbf" + sse(*chat(f"call {NUMBER} now", 3)),
    "carriage returns alone": sse(*chat(f"call {NUMBER} now", 3), end="\r"),
    "a field without a colon": f"{NUMBER}\n".encode() + sse(*chat("hi", 2)),
}


@pytest.mark.parametrize("name", BESIDE)
def test_lines_beside_the_data_are_redacted(name: str) -> None:
    reply = ask(Upstream([BESIDE[name]], EVENTS))
    assert reply.status == 200
    assert NUMBER not in digits(reply.body)
    assert reply.body


SPLIT: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "a list of parts": (CHAT, [{"choices": [{"index": 0, "delta": {"content": [{"type": "text", "text": p}]}}]} for p in pieces(f"tel {NUMBER} ok", 3)]),
    "a list of thoughts": (CHAT, [{"choices": [{"index": 0, "delta": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": p}]}]}}]} for p in pieces(f"tel {NUMBER} ok", 3)]),
    "a form nobody knows": ("/custom", [{"candidates": [{"content": {"parts": [{"text": p}]}}]} for p in pieces(f"tel {NUMBER} ok", 3)]),
    "a known form on another path": ("/custom", chat(f"tel {NUMBER} ok", 3)),
    "thoughts": ("/v1/chat-messages", [{"event": "agent_thought", "thought": p} for p in pieces(f"tel {NUMBER} ok", 3)] + [{"event": "message", "answer": "done"}]),
    "escapes in arguments": (CHAT, [{"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": p}}]}}]} for p in pieces('{"tel": "138\\u00312345678"}', 3)]),
}  # fmt: skip


@pytest.mark.parametrize("name", SPLIT)
def test_value_cut_into_events_of_any_form_stays_hidden(name: str) -> None:
    path, rows = SPLIT[name]
    config = GatewayConfig(redact_paths=(path,))
    reply = ask(Upstream([sse(*rows)], EVENTS), path=path, config=config)
    assert reply.status == 200
    assert "PHONE" in reply.body.decode()
    got = digits(reply.body)
    assert not any(NUMBER[i : i + 6] in got for i in range(5))


def test_lines_of_json_are_no_stream_that_can_be_looked_into() -> None:
    lines = [f'{{"response": "{piece}"}}\n'.encode() for piece in pieces(NUMBER, 3)]
    reply = ask(Upstream(lines, {"content-type": "application/x-ndjson"}))
    assert reply.status == 502


def test_a_server_that_leaves_within_a_number_shows_none_of_it() -> None:
    upstream = Upstream([sse(*chat(f"call {NUMBER[:8]}", 2)[:-1])], EVENTS)
    upstream.error = ConnectionError(NUMBER)
    reply = ask(upstream)
    assert NUMBER[:6] not in digits(reply.body)
    assert reply.ended
