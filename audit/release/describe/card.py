"""The model card: what its author wrote, and our facts in its YAML front matter.

The author's lines stay as they are; ours are added at the end of the front
matter, every scalar in double quotes, so that no YAML reader takes `2e-5` or a
fingerprint for something else. A key the author wrote with another value is an
error, since a card that says two things says nothing.
"""

import json
from pathlib import PurePosixPath
from typing import Any

from audit.core import strict_yaml
from audit.core.errors import ConfigError
from audit.documents import ReleaseFacts
from audit.release.describe.mapping import PLAIN_KEYS, SECTIONS, TRAINING, card_place, values

FENCE = "---"
Tree = dict[str, "str | Tree"]


def model_card(facts: ReleaseFacts, existing: bytes | None) -> bytes:
    """Return the card's bytes: `existing` with our facts, or a card of our own.

    Raises:
        ConfigError: `existing` is not UTF-8, its front matter is not strict YAML, or
            it gives one of our facts another value.
    """
    front, body = _split(existing)
    ours = _tree(facts)
    if front.strip():
        written = strict_yaml.loads(front.encode(), source="README.md front matter").value
        ours = _left_to_say(ours, written, PurePosixPath("README.md"))
    text = f"{FENCE}\n{front}{_yaml(ours, 0)}{FENCE}\n{body}"
    if existing is None:
        text += f"\n# {facts.model_id} {facts.version}\n\nFine-tuned model; facts above.\n"
    return text.encode("utf-8")


def card_facts(data: bytes) -> dict[str, str]:
    """Return the facts that a card's front matter states, by their names.

    Raises:
        ConfigError: the card is not UTF-8, or its front matter is not strict YAML.
    """
    front, _ = _split(data)
    if not front.strip():
        return {}
    written = strict_yaml.loads(front.encode(), source="README.md front matter").value
    if not isinstance(written, dict):
        raise ConfigError("README.md: the front matter is not a mapping")
    names = {row.card: row.name for row in TRAINING}
    found: dict[str, str] = {}
    for key, value in written.items():
        if key in SECTIONS and isinstance(value, dict):
            for name, item in value.items():
                found[names.get((key, name), f"{key}.{name}")] = _text(item)
        elif (key,) in names:
            found[names[(key,)]] = _text(value)
        elif key in SECTIONS:
            found[key] = _text(value)
    return found


def _text(value: Any) -> str:
    """Return a scalar, or the one scalar of a list; anything else equals no fact."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else f"({type(value).__name__})"


def _split(existing: bytes | None) -> tuple[str, str]:
    """Return the front matter and the rest of a card; either may be empty."""
    try:
        text = (existing or b"").decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"README.md: not UTF-8 at byte {exc.start}") from exc
    if not text.startswith(FENCE + "\n"):
        return "", text
    front, end, body = text.removeprefix(FENCE).partition(f"\n{FENCE}\n")
    if not end:
        raise ConfigError("README.md:1: the front matter is never closed with ---")
    front = front.removeprefix("\n")
    return front + "\n" if front else "", body


def _tree(facts: ReleaseFacts) -> Tree:
    tree: Tree = {}
    for name, value in values(facts).items():
        *above, last = card_place(name)
        place: Any = tree
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return tree


def _left_to_say(ours: Tree, written: Any, where: PurePosixPath) -> Tree:
    """Return what of `ours` the author has not written already with the same value."""
    if not isinstance(written, dict):
        raise ConfigError(f"{where}: the front matter is not a mapping")
    left: Tree = {}
    for key, value in ours.items():
        if key not in written:
            left[key] = value
        elif written[key] not in (value, [value]):
            raise ConfigError(
                f"{where}: front matter key {key!r} says something else than the release's files",
                hint="remove the key from the card; it is written from the files",
            )
    return left


def _yaml(tree: Tree, depth: int) -> str:
    """Write a tree as block YAML; a JSON string is a YAML double-quoted scalar."""
    pad = "  " * depth
    lines = []
    for key, value in tree.items():
        name = key if key in PLAIN_KEYS else json.dumps(key, ensure_ascii=False)
        if isinstance(value, dict):
            lines.append(f"{pad}{name}:\n{_yaml(value, depth + 1)}")
        else:
            lines.append(f"{pad}{name}: {json.dumps(value, ensure_ascii=False)}\n")
    return "".join(lines)
