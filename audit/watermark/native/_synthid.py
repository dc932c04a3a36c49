"""Tournament marks (SynthID-Text, Nature 2024) as transformers makes them; verified, never made.

A linear congruential hash of the n-gram and each key picks one bit of a fixed
table. Marked tokens have more ones, most of all in the first layers. The
first occurrence of each context counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.watermark.mark import log10_normal_tail
from audit.watermark.native._kgw import ForeignMark
from audit.watermark.native._torch import words

IntArray = NDArray[np.int64]
_MULTIPLIER = np.uint64(6364136223846793005)


@dataclass(frozen=True, slots=True)
class Tournament:
    """The parameters of a tournament mark."""

    keys: tuple[int, ...]
    ngram: int = 5
    table_size: int = 1 << 16
    table_seed: int = 0

    def scored(self, tokens: IntArray) -> IntArray:
        """Return the bits that count: one row per context, at its first place; one per layer."""
        if len(tokens) < self.ngram:
            return np.zeros((0, len(self.keys)), dtype=np.int64)
        ngrams = np.lib.stride_tricks.sliding_window_view(tokens, self.ngram)
        first = np.sort(np.unique(ngrams[:, :-1], axis=0, return_index=True)[1])
        return self._bits(ngrams[first])

    def _bits(self, ngrams: IntArray) -> IntArray:
        state = np.ones(len(ngrams), dtype=np.uint64)
        for column in ngrams.astype(np.int64).astype(np.uint64).T:
            state = _step(state, column)
        keys = np.array(self.keys, dtype=np.int64).astype(np.uint64)
        hashed = _step(state[:, None], keys[None, :]).astype(np.int64)  # torch's are signed
        table = (words(self.table_seed, self.table_size) % 2).astype(np.int64)
        return table[hashed % self.table_size]


def tournament_mark(tokens: IntArray, tournament: Tournament) -> ForeignMark:
    """Test a text for a tournament mark by its weighted mean; the tail is asymptotic."""
    bits = tournament.scored(tokens)
    if not len(bits):
        return ForeignMark(0.0, 0)
    weights = np.linspace(10, 1, bits.shape[1])
    spread = np.sqrt(len(bits) * (weights**2).sum()) / 2
    z = float(((bits - 0.5) * weights).sum() / spread)
    return ForeignMark(log10_normal_tail(z), len(bits))


def _step(state: NDArray[np.uint64], data: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (state + data) * _MULTIPLIER + np.uint64(1)
