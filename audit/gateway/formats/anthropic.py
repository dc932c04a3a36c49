"""Anthropic messages: content blocks by index."""

from collections.abc import Iterator
from typing import Any

from audit.gateway.formats.delta import Delta, Format, Key, pieces


def _deltas(payload: dict[str, Any]) -> Iterator[Delta]:
    key: Key = ("block", payload.get("index", 0))
    if payload.get("type") == "content_block_start":
        yield from pieces(key, payload.get("content_block"), ("text", "thinking"))
    elif payload.get("type") == "content_block_delta":
        yield from pieces(key, payload.get("delta"), ("text", "thinking"))
        yield from pieces(key, payload.get("delta"), ("partial_json",), is_json=True)


def _ends(payload: dict[str, Any]) -> Iterator[Key]:
    if payload.get("type") == "content_block_stop":
        yield ("block", payload.get("index", 0))
    elif payload.get("type") in ("message_stop", "error"):
        yield ()


FORMAT = Format(_deltas, _ends)
