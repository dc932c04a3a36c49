"""Answers of model servers as bytes, and what a client reads from them."""

import json
from typing import Any

from audit.gateway import SseParser

NUMBER = "13812345678"
TEXT = (
    "您好，客户的手机号是13812345678，邮箱zhang.san@example.com。Please call (555) 123-4567 or mail "
    "a.b@example.org; card 4111 1111 1111 1111 is blocked. 身份证 110101 19900307 4610 已登记，谢谢。"
)
SHORT = TEXT[:47]
"""The first sentence: a number and an address."""
VALUES = (
    "13812345678", "zhang.san@example.com", "123-4567", "a.b@example.org", "4111 1111", "19900307 4610",
)  # fmt: skip


def pieces(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


def sse(*events: dict[str, Any] | str, end: str = "\n") -> bytes:
    rows = [e if isinstance(e, str) else json.dumps(e, ensure_ascii=False) for e in events]
    return "".join(f"data: {row}{end}{end}" for row in rows).encode()


def chat(text: str, size: int = 3, index: int = 0) -> list[dict[str, Any]]:
    head = {
        "id": "chatcmpl-8842193abcdef0123",
        "object": "chat.completion.chunk",
        "created": 1763980800,
        "model": "m",
    }
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in pieces(text, size)]
    rows = [
        {**head, "choices": [{"index": index, "delta": d, "finish_reason": None}]} for d in deltas
    ]
    return [*rows, {**head, "choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]}]


def read_chat(raw: bytes, index: int = 0, field: str = "content") -> str:
    out = []
    parser = SseParser()
    for event in [*parser.feed(raw), *parser.close()]:
        if event.data and event.data != "[DONE]":
            for choice in json.loads(event.data).get("choices", ()):
                if choice["index"] == index:
                    out.append(choice["delta"].get(field) or "")
    return "".join(out)
