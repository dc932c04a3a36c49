"""Events of a path that nothing is known of: one of the known forms, else every text in its place.

A text that is at the same place in event after event is taken for one that grows,
so a value that is cut in two is still seen.
"""

from collections.abc import Iterator
from typing import Any

from audit.gateway.formats import anthropic, dify, openai, responses
from audit.gateway.formats.delta import Delta, Format, Key
from audit.redact import is_machine_value

_KNOWN = (openai.FORMAT, anthropic.FORMAT, responses.FORMAT, dify.FORMAT)
_DEEPEST = 24


def _deltas(payload: dict[str, Any]) -> Iterator[Delta]:
    found = [delta for form in _KNOWN for delta in form.deltas(payload)]
    yield from found or _texts(payload, ())


def _texts(value: Any, place: Key) -> Iterator[Delta]:
    if len(place) > _DEEPEST:
        return
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*place, number))
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                if item and not is_machine_value(name, item):
                    yield Delta((*place, name), value, name)
            else:
                yield from _texts(item, (*place, name))


def _ends(payload: dict[str, Any]) -> Iterator[Key]:
    for form in _KNOWN:
        yield from form.ends(payload)


FORMAT = Format(_deltas, _ends)
