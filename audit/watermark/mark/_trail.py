"""Following a key through a text: which contexts occur, and what each token scores.

A context counts once per text, at its first place. That makes the scores
independent under "no mark", whatever the text repeats; the tails rely on it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.watermark.mark._g1 import SYMBOL_VALUES, Streams, pack
from audit.watermark.mark._philox import Words, philox, unit

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
_WORD = 4
_BLOCK = 512  # contexts decoded at once: 64 Philox blocks each, about 20 MB at a time


@dataclass(frozen=True, slots=True)
class Trail:
    """The distinct contexts of a text under one key, in order of their first place."""

    symbols: int
    contexts: tuple[bytes, ...]
    places: IntArray
    """Index of the token each context precedes."""
    tokens: IntArray
    positions: IntArray
    """-1 for the pilot, else the payload symbol a context carries."""
    seeds: Words
    """Shape (contexts, 4)."""

    def __len__(self) -> int:
        return len(self.places)

    def scores(self, tag: bytes) -> FloatArray:
        """Return the score of every context's token under `tag`, Exp(1) if unmarked."""
        symbols = np.append(np.frombuffer(tag, dtype=np.uint8), 0).astype(np.int64)
        return self._score(symbols[self.positions])  # -1, the pilot, reads the 0 at the end

    def pilot(self) -> tuple[IntArray, FloatArray]:
        """Return places and scores of the pilot contexts."""
        rows = self.positions < 0
        return self.places[rows], self._score(np.zeros(len(self), dtype=np.int64))[rows]

    def payload_table(self) -> tuple[FloatArray, IntArray]:
        """Return the score sums by position and symbol, and the contexts by position.

        Shapes (symbols, 256) and (symbols,).
        """
        sums = np.zeros((self.symbols, SYMBOL_VALUES))
        counts = np.bincount(self.positions[self.positions >= 0], minlength=self.symbols)
        for position in range(self.symbols):
            rows = np.flatnonzero(self.positions == position)
            for start in range(0, len(rows), _BLOCK):
                sums[position] += self._all_symbols(rows[start : start + _BLOCK])
        return sums, counts

    def _score(self, symbols: IntArray) -> FloatArray:
        w0, w1, w2, w3 = self.seeds.T
        words = np.stack(philox((self.tokens, symbols >> 2, w0, w1), (w2, w3)))
        return _score(unit(words[symbols & 3, np.arange(len(self))]))

    def _all_symbols(self, rows: IntArray) -> FloatArray:
        w0, w1, w2, w3 = (word[:, None] for word in self.seeds[rows].T)
        blocks = np.arange(SYMBOL_VALUES // 4)[None, :]
        words = np.stack(philox((self.tokens[rows][:, None], blocks, w0, w1), (w2, w3)), axis=-1)
        sums: FloatArray = _score(unit(words.reshape(len(rows), SYMBOL_VALUES))).sum(axis=0)
        return sums


def follow(tokens: IntArray, streams: Streams) -> Trail:
    """Return the trail of `streams` through `tokens`."""
    width = streams.profile.context
    data = pack(tokens)
    seen: dict[bytes, int] = {}
    for place in range(width, len(tokens)):
        seen.setdefault(data[(place - width) * _WORD : place * _WORD], place)
    slots = [streams.slot(context) for context in seen]
    places = np.fromiter(seen.values(), dtype=np.int64, count=len(seen))
    return Trail(
        symbols=streams.profile.symbols,
        contexts=tuple(seen),
        places=places,
        tokens=np.asarray(tokens, dtype=np.int64)[places],
        positions=np.array([slot.position for slot in slots], dtype=np.int64),
        seeds=np.array([slot.seed for slot in slots], dtype=np.uint64).reshape(-1, 4),
    )


def _score(numbers: FloatArray) -> FloatArray:
    return -np.log1p(-numbers)
