"""Edits of whole words, or of characters where the script has no spaces."""

import random
import re
from collections.abc import Callable, Sequence

Attack = Callable[[str], str]
_WORD = re.compile(r"\s*\S+")
_LONG = 12
"""Longer "words" than this on average mean that the script has no spaces."""


def units(text: str) -> list[str]:
    """Return words with the white space before them, or characters."""
    words = _WORD.findall(text)
    return words if len(words) * _LONG > len(text) else list(text)


def attacks(pool: Sequence[str], foreign: str) -> dict[str, Attack]:
    """Return the attacks by name; replacements come from `pool`, dilution from `foreign`."""
    made: dict[str, Attack] = {"none": lambda text: text}
    for share in (0.1, 0.2, 0.3):
        percent = f"{share:.0%}"
        made[f"delete {percent}"] = _per_unit(share, lambda _, __: "")
        made[f"substitute {percent}"] = _per_unit(share, lambda unit, rng: _like(unit, rng, pool))
    made["insert 10%"] = _per_unit(0.1, lambda unit, rng: unit + _like(unit, rng, pool))
    made["middle half"] = lambda text: text[len(text) // 4 : 3 * len(text) // 4]
    made["as much foreign text around it"] = lambda text: _around(text, foreign)
    made["upper case"] = str.upper
    return made


def _per_unit(share: float, change: Callable[[str, random.Random], str]) -> Attack:
    def attack(text: str) -> str:
        rng = random.Random(len(text))  # noqa: S311
        return "".join(change(unit, rng) if rng.random() < share else unit for unit in units(text))

    return attack


def _like(unit: str, rng: random.Random, pool: Sequence[str]) -> str:
    space = unit[: len(unit) - len(unit.lstrip())]
    return space + rng.choice(pool).strip()


def _around(text: str, foreign: str) -> str:
    half = len(text) // 2
    return f"{foreign[:half]} {text} {foreign[half : 2 * half]}"
