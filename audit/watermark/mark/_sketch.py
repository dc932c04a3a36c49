"""The evidence sketch: what a receipt remembers so that an edited copy is still found.

For each keyed choice that was not nearly certain: 24 bits of the context's
keyed hash, and 4 bits for the probability the model gave the chosen token. A
detector that has the sketch scores only contexts that were in the response, and
gives each the weight it deserves.

The score is a likelihood ratio. A token chosen by key with probability p has a
number u with density u^(1/p - 1) / p; a token somebody put there afterwards has
a uniform one. With a share of EDITED for the latter,

    score = sum of  ln(EDITED + (1 - EDITED) * u^(1/p - 1) / p)

For text that was not made with the key every u is uniform, whatever the stored
probabilities are, so the score's distribution is known and its tail is exact.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from audit.core.errors import ConfigError
from audit.watermark.mark._g1 import pack
from audit.watermark.mark._ratio import (
    LEVELS,
    STEPS_PER_BIT,
    chances,
    log10_ratio_tail,
    log_ratios,
)
from audit.watermark.mark._sampler import Choice
from audit.watermark.mark._trail import Trail

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

MOST = 2048
"""Contexts kept at most, the least certain choices first: 7 KB."""
_CERTAIN = 0.9
_NAME = 3
_PAIR = 7  # two contexts: 24 + 24 bits of hash, 4 + 4 bits of level


@dataclass(frozen=True, slots=True)
class Sketch:
    """Levels by context hash."""

    levels: dict[int, int] = field(repr=False)

    def pack(self) -> bytes:
        """Return the sketch in 3.5 bytes per context, sorted by hash."""
        hashes = sorted(self.levels)
        nibbles = [self.levels[value] for value in hashes] + [0] * (len(hashes) % 2)
        pairs = bytes(a << 4 | b for a, b in zip(nibbles[::2], nibbles[1::2], strict=True))
        return b"".join(value.to_bytes(_NAME) for value in hashes) + pairs

    @staticmethod
    def unpack(data: bytes) -> "Sketch":
        """Return the sketch in these bytes.

        Raises:
            ConfigError: they are not a sketch.
        """
        count = 2 * len(data) // _PAIR
        names, pairs = data[: _NAME * count], data[_NAME * count :]
        hashes = [int.from_bytes(names[at : at + _NAME]) for at in range(0, len(names), _NAME)]
        if len(pairs) != (count + 1) // 2 or hashes != sorted(set(hashes)):
            raise ConfigError(f"a sketch of {len(data)} bytes is not one")
        levels = [nibble for pair in pairs for nibble in (pair >> 4, pair & 15)]
        return Sketch(dict(zip(hashes, levels, strict=False)))


def draw_sketch(choices: Sequence[Choice], *, context: int, key: bytes) -> Sketch:
    """Return the sketch of a response from the choices its sampler made."""
    tokens = np.array([choice.token for choice in choices], dtype=np.int64)
    found: list[tuple[int, int]] = []
    for place, choice in enumerate(choices):
        if choice.keyed and choice.probability <= _CERTAIN:
            name = _name(pack(tokens[place - context : place]), key)
            found.append((name, _level(choice.probability)))
    found.sort(key=lambda pair: -pair[1])
    levels: dict[int, int] = {}
    for name, level in found[:MOST]:
        levels.setdefault(name, level)
    return Sketch(levels)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A text against one receipt's sketch: natural logarithms of the likelihood ratios.

    `counts` holds the known contexts by level, `table` the sums by payload
    position and symbol, shape (symbols, 256).
    """

    counts: IntArray
    pilot: float
    table: FloatArray

    def log10_presence(self, tag: bytes) -> float:
        """Return log10 p for "not made with this key", under the receipt's tag."""
        payload = sum(float(row[symbol]) for row, symbol in zip(self.table, tag, strict=True))
        return log10_ratio_tail(self.counts, self.pilot + payload)


def weigh(trail: Trail, sketch: Sketch, *, key: bytes) -> Weighed:
    """Return the evidence of a text for one receipt's sketch."""
    levels = np.array([sketch.levels.get(_name(context, key), -1) for context in trail.contexts])
    known = np.flatnonzero(levels >= 0)
    chance = chances(levels)

    def ratios(rows: IntArray, numbers: FloatArray) -> FloatArray:
        return log_ratios(chance[rows].reshape(-1, *[1] * (numbers.ndim - 1)), numbers)

    is_pilot = trail.positions[known] < 0
    pilot = ratios(known[is_pilot], trail.pilot_numbers()[known[is_pilot]])
    counts = np.bincount(levels[known].astype(np.int64), minlength=LEVELS)
    return Weighed(counts, float(pilot.sum()), trail.tabulate(known[~is_pilot], ratios))


def _name(context: bytes, key: bytes) -> int:
    return int.from_bytes(blake3(context, key=key).digest(length=_NAME))


def _level(probability: float) -> int:
    return min(LEVELS - 1, int(-math.log2(probability) * STEPS_PER_BIT))
