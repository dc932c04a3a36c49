"""OpenAI chat completions and completions, as vLLM, llama.cpp and others send them."""

from collections.abc import Iterator
from typing import Any

from audit.gateway.formats.delta import Delta, Format, Key, dicts, pieces

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


def _deltas(payload: dict[str, Any]) -> Iterator[Delta]:
    for choice in dicts(payload.get("choices")):
        key: Key = ("choice", choice.get("index", 0))
        yield from pieces(key, choice, ("text",))
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            continue
        yield from pieces(key, delta, _TEXTS)
        for part in dicts(delta.get("content")):
            place = (*key, "part", str(part.get("type")))
            yield from pieces(place, part, ("text",))
            for thought in dicts(part.get("thinking")):
                yield from pieces((*place, "thinking"), thought, ("text",))
        yield from pieces((*key, "audio"), delta.get("audio"), ("transcript",))
        yield from pieces((*key, "call"), delta.get("function_call"), ("arguments",), is_json=True)
        for call in dicts(delta.get("tool_calls")):
            place = (*key, "tool", call.get("index", 0))
            yield from pieces(place, call.get("function"), ("arguments",), is_json=True)
            yield from pieces(place, call.get("custom"), ("input",))


def _ends(payload: dict[str, Any]) -> Iterator[Key]:
    for choice in dicts(payload.get("choices")):
        if choice.get("finish_reason") is not None:
            yield ("choice", choice.get("index", 0))


FORMAT = Format(_deltas, _ends)
