"""Event streams: the same outcome however the bytes are cut, and nothing planted leaves."""

import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from audit.gateway import EventRedactor, SseParser
from audit.gateway.formats import FORMATS, Format
from audit.redact import Redactor, redact
from tests.unit.gateway.answers import NUMBER, SHORT, TEXT, VALUES, chat, pieces, read_chat, sse

REDACTOR = Redactor()
CHUNKINGS = int(os.environ.get("CHUNKINGS", "60"))
"""Whole runs for each stream; `make redaction-chunks` asks for many more."""
OPENAI = FORMATS["/v1/chat/completions"]


def through(raw: bytes, cuts: list[int], form: Format = OPENAI) -> bytes:
    parser, events = SseParser(), EventRedactor(REDACTOR, form)
    out: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        for event in parser.feed(raw[start:end]):
            out += events.feed(event)
    for event in parser.close():
        out += events.feed(event)
    return b"".join([*out, *events.close()])


def interleaved() -> bytes:
    """Two choices, reasoning, and tool calls, all carrying planted values."""
    rows: list[dict[str, Any]] = []
    for one, two in zip(chat(SHORT, 5), chat("编号 " + SHORT, 4, index=1), strict=False):
        rows += [one, two]
    for piece in pieces('{"phone": 13812345678, "note": "x \\u8bc1110101199003074610"}', 4):
        call = {"index": 0, "function": {"arguments": piece}}
        rows.append(
            {"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]}
        )
    for piece in pieces("the user at zhang.san@example.com wants it", 3):
        rows.append(
            {
                "choices": [
                    {"index": 0, "delta": {"reasoning_content": piece}, "finish_reason": None}
                ]
            }
        )
    return sse(*rows, "[DONE]")


STREAMS = {
    "chat": sse(*chat(TEXT), "[DONE]"),
    "one character a time": sse(*chat(SHORT, 1), "[DONE]"),
    "carriage returns": sse(*chat(SHORT), "[DONE]", end="\r\n"),
    "no end marker": sse(*chat(SHORT)[:-1]),
    "interleaved": interleaved(),
    "comments": b": keep-alive\n\n" + sse(*chat(SHORT)) + b": ping\n\nevent: ping\n\n",
}


@pytest.mark.parametrize("name", STREAMS)
def test_no_planted_value_reaches_the_client(name: str) -> None:
    raw = STREAMS[name]
    out = through(raw, [])
    text = read_chat(out) + read_chat(out, 1) + read_chat(out, 0, "reasoning_content")
    assert "***PHONE***" in text
    assert not any(value in text or value.encode() in out for value in VALUES)


def chunkings(raw: bytes, count: int, seed: str) -> Iterator[list[int]]:
    """Give ways to cut `raw`: bytes, handfuls, packets, and a few cuts anywhere."""
    dice = random.Random(seed)  # noqa: S311
    yield list(range(1, len(raw)))
    for number in range(count - 1):
        if number % 2:
            yield sorted(dice.sample(range(1, len(raw)), dice.randint(1, min(40, len(raw) - 1))))
            continue
        most, cuts, at = dice.choice((2, 9, 40, 200, 1500)), [], 0
        while (at := at + dice.randint(1, most)) < len(raw):
            cuts.append(at)
        yield cuts


@pytest.mark.slow
@pytest.mark.parametrize("name", STREAMS)
def test_no_chunking_of_the_bytes_changes_an_event(name: str) -> None:
    raw = STREAMS[name]
    raw = raw[:1500]
    whole = SseParser().feed(raw)
    for cuts in chunkings(raw, 2000, name):
        parser = SseParser()
        parts = [raw[s:e] for s, e in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
        assert [event for part in parts for event in parser.feed(part)] == whole


@pytest.mark.slow
@pytest.mark.parametrize("name", STREAMS)
def test_no_chunking_of_the_bytes_changes_the_answer(name: str) -> None:
    raw = STREAMS[name]
    whole = through(raw, [])
    for cuts in chunkings(raw, CHUNKINGS, name):
        assert through(raw, cuts) == whole


def test_clean_stream_arrives_byte_for_byte() -> None:
    raw = b": hello\n\n" + sse(
        *chat("今天天气不错，我们去公园玩吧。The quick brown fox.", 2), "[DONE]"
    )
    assert through(raw, []) == raw


def test_stream_says_what_whole_text_redaction_says() -> None:
    assert read_chat(through(STREAMS["chat"], [])) == redact(TEXT).text


def test_tool_arguments_stay_json() -> None:
    arguments = '{"phone": 13812345678, "mail": "a.b@example.org"}'
    rows = [
        {
            "choices": [
                {"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": p}}]}}
            ]
        }
        for p in pieces(arguments, 3)
    ]
    out, parts = through(sse(*rows, "[DONE]"), []), []
    for event in SseParser().feed(out):
        if event.data != "[DONE]":
            call = json.loads(event.data or "")["choices"][0]["delta"]["tool_calls"][0]
            parts.append(call["function"]["arguments"])
    assert json.loads("".join(parts)) == {"phone": "***PHONE***", "mail": "***EMAIL***"}


def test_probabilities_of_a_changed_piece_are_dropped() -> None:
    rows = chat(f"call {NUMBER} now", 40)
    rows[1]["choices"][0]["logprobs"] = {"content": [{"token": NUMBER, "logprob": -0.1}]}
    assert NUMBER.encode() not in through(sse(*rows, "[DONE]"), [])


def test_value_under_a_second_key_of_the_same_name_is_found() -> None:
    raw = b'data: {"choices":[],"x":"call 13812345678","x":"fine"}\n\n'
    assert NUMBER.encode() not in through(raw, [])


def test_event_that_is_no_json_is_redacted_as_text() -> None:
    assert NUMBER.encode() not in through(f"data: call {NUMBER}\n\n: {NUMBER}\n\n".encode(), [])


def anthropic() -> bytes:
    rows: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "msg_0123456789abcdef01", "content": []}}
    ]
    rows.append(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    )
    rows += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": p}}
        for p in pieces(TEXT, 4)
    ]
    rows += [
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": p},
        }
        for p in pieces('{"n": "13812345678"}', 3)
    ]
    rows += [{"type": "content_block_stop", "index": i} for i in (0, 1)]
    return sse(*rows, {"type": "message_stop"})


def responses() -> bytes:
    place = {"item_id": "msg_0123456789abcdef01", "output_index": 0, "content_index": 0}
    rows: list[dict[str, Any]] = [
        {"type": "response.output_text.delta", **place, "delta": p} for p in pieces(TEXT, 4)
    ]
    rows.append({"type": "response.output_text.done", **place, "text": TEXT})
    rows.append(
        {"type": "response.completed", "response": {"output": [{"content": [{"text": TEXT}]}]}}
    )
    return sse(*rows)


def dify() -> bytes:
    rows: list[dict[str, Any]] = [
        {"event": "message", "message_id": "m", "answer": p} for p in pieces(TEXT, 4)
    ]
    return b"event: ping\n\n" + sse(
        *rows, {"event": "message_replace", "answer": TEXT}, {"event": "message_end"}
    )


FOREIGN = {"/v1/messages": anthropic(), "/v1/responses": responses(), "/v1/chat-messages": dify()}


@pytest.mark.parametrize("path", FOREIGN)
def test_other_formats_hide_split_values_too(path: str) -> None:
    out = through(FOREIGN[path], [], FORMATS[path])
    texts = "".join(
        piece
        for event in SseParser().feed(out)
        for piece in strings(json.loads(event.data or "{}"))
    )
    assert "***PHONE***" in texts
    assert not any(value in texts for value in VALUES)


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in strings(item)]
