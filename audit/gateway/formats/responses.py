"""OpenAI responses: events whose type ends in `.delta` carry pieces, `.done` the whole."""

from collections.abc import Iterator
from typing import Any

from audit.gateway.formats.delta import Delta, Format, Key, pieces

_PLACES = ("item_id", "output_index", "content_index", "summary_index")


def _key(payload: dict[str, Any], kind: str) -> Key:
    return (kind.rpartition(".")[0], *(str(payload.get(place, "")) for place in _PLACES))


def _deltas(payload: dict[str, Any]) -> Iterator[Delta]:
    kind = payload.get("type")
    if isinstance(kind, str) and kind.endswith(".delta"):
        yield from pieces(_key(payload, kind), payload, ("delta",), is_json="arguments" in kind)


def _ends(payload: dict[str, Any]) -> Iterator[Key]:
    kind = payload.get("type")
    if isinstance(kind, str) and kind.endswith(".done"):
        yield _key(payload, kind)
    elif kind in ("response.completed", "response.incomplete", "response.failed"):
        yield ()


FORMAT = Format(_deltas, _ends)
