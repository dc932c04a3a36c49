"""A piece of a text that grows over events."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """The piece `holder[name]` of the text that `key` names."""

    key: Key
    holder: dict[str, Any]
    name: str
    is_json: bool = False
    """Whether the growing text is JSON, as arguments of tools are."""


@dataclass(frozen=True, slots=True)
class Format:
    """How to find the pieces in an event, and which texts end with it (prefixes of keys)."""

    deltas: Callable[[dict[str, Any]], Iterable[Delta]]
    ends: Callable[[dict[str, Any]], Iterable[Key]]


def dicts(value: object) -> list[dict[str, Any]]:
    """Return the objects in a list, and nothing where there is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def pieces(
    key: Key, holder: object, names: Iterable[str], *, is_json: bool = False
) -> Iterable[Delta]:
    """Give the named members of `holder` that are text."""
    if isinstance(holder, dict):
        for name in names:
            if isinstance(holder.get(name), str):
                yield Delta((*key, name), holder, name, is_json)
