"""Following a key through a text: which contexts occur, and what each token scores.

A context counts once per text, at its first place. That makes the scores
independent under "no mark", whatever the text repeats; the tails rely on it.
"""

from collections.abc import Callable
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

    def numbers(self, tag: bytes) -> FloatArray:
        """Return the number of every context's token under `tag`, uniform if unmarked."""
        symbols = np.append(np.frombuffer(tag, dtype=np.uint8), 0).astype(np.int64)
        return self._numbers(symbols[self.positions])  # -1, the pilot, reads the 0 at the end

    def scores(self, tag: bytes) -> FloatArray:
        """Return the score of every context's token under `tag`, Exp(1) if unmarked."""
        return _score(self.numbers(tag))

    def pilot(self) -> tuple[IntArray, FloatArray]:
        """Return places and scores of the pilot contexts."""
        rows = self.positions < 0
        return self.places[rows], _score(self.pilot_numbers()[rows])

    def pilot_numbers(self) -> FloatArray:
        """Return the number of every context's token in the pilot stream; only a pilot's counts."""
        return self._numbers(np.zeros(len(self), dtype=np.int64))

    def payload_table(self) -> tuple[FloatArray, IntArray]:
        """Return the score sums by position and symbol, and the contexts by position.

        Shapes (symbols, 256) and (symbols,).
        """
        rows = np.flatnonzero(self.positions >= 0)
        counts = np.bincount(self.positions[rows], minlength=self.symbols)
        return self.score_table(rows), counts

    def score_table(self, rows: IntArray) -> FloatArray:
        """Return the score sums by position and symbol over these payload contexts."""
        return self.tabulate(rows, lambda _, numbers: _score(numbers))

    def tabulate(
        self, rows: IntArray, score: Callable[[IntArray, FloatArray], FloatArray]
    ) -> FloatArray:
        """Return the sums of `score` by position and symbol over these payload contexts.

        `score` is given rows and the numbers of all 256 symbols for each of them.
        """
        sums = np.zeros((self.symbols, SYMBOL_VALUES))
        for start in range(0, len(rows), _BLOCK):
            some = rows[start : start + _BLOCK]
            np.add.at(sums, self.positions[some], score(some, self._all_symbols(some)))
        return sums

    def _numbers(self, symbols: IntArray) -> FloatArray:
        w0, w1, w2, w3 = self.seeds.T
        words = np.stack(philox((self.tokens, symbols >> 2, w0, w1), (w2, w3)))
        return unit(words[symbols & 3, np.arange(len(self))])

    def _all_symbols(self, rows: IntArray) -> FloatArray:
        w0, w1, w2, w3 = (word[:, None] for word in self.seeds[rows].T)
        blocks = np.arange(SYMBOL_VALUES // 4)[None, :]
        words = np.stack(philox((self.tokens[rows][:, None], blocks, w0, w1), (w2, w3)), axis=-1)
        return unit(words.reshape(len(rows), SYMBOL_VALUES))


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
