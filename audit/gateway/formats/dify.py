"""Dify: `event` says what a line is; `message` and `text_chunk` carry pieces, as thoughts may."""

from collections.abc import Iterator
from typing import Any

from audit.gateway.formats.delta import Delta, Format, Key, pieces

_PIECES = ("message", "agent_message")
_LAST = ("message_end", "message_replace", "workflow_finished", "node_finished", "error")


def _deltas(payload: dict[str, Any]) -> Iterator[Delta]:
    if payload.get("event") in _PIECES:
        yield from pieces(("answer",), payload, ("answer",))
    elif payload.get("event") == "agent_thought":
        names = ("thought", "observation", "tool_input")
        yield from pieces(("thought", str(payload.get("position"))), payload, names)
    elif payload.get("event") == "text_chunk":
        yield from pieces(("chunk",), payload.get("data"), ("text",))


def _ends(payload: dict[str, Any]) -> Iterator[Key]:
    if payload.get("event") in _LAST:
        yield ()
    elif payload.get("event") != "agent_thought":
        yield ("thought",)


FORMAT = Format(_deltas, _ends)
