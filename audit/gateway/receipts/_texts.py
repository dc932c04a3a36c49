"""Where the text of an answer is, in whole bodies and in events, by path."""

from collections.abc import Iterator
from typing import Any

from audit.gateway.formats import FORMATS, Delta
from audit.gateway.formats.delta import dicts

_NAMES = frozenset({"content", "text", "answer", "delta"})
"""Members that hold what a reader sees; reasoning and arguments of tools are not committed to."""


def seen(path: str, payload: dict[str, Any]) -> list[Delta]:
    """Return the pieces of an event that a reader sees."""
    form = FORMATS.get(path)
    if form is None:
        return []
    return [one for one in form.deltas(payload) if one.name in _NAMES and not one.is_json]


def whole(payload: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Return the holders and names of the texts in a whole answer, in order."""
    return list(_whole(payload))


def _whole(payload: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for choice in dicts(payload.get("choices")):  # OpenAI
        yield from _text(choice, "text")
        yield from _text(choice.get("message"), "content")
    for block in dicts(payload.get("content")):  # Anthropic
        yield from _text(block, "text")
    for item in dicts(payload.get("output")):  # OpenAI responses
        for part in dicts(item.get("content")):
            yield from _text(part, "text")
    yield from _text(payload, "answer")  # Dify


def _text(holder: object, name: str) -> Iterator[tuple[dict[str, Any], str]]:
    if isinstance(holder, dict) and isinstance(holder.get(name), str):
        yield holder, name
