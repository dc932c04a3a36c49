"""Green lists (Kirchenbauer et al. 2023) as transformers makes them; verified, never made.

The token before seeds a permutation of the vocabulary, whose first part is
green (`seeding_scheme="lefthash"`, context 1). Each pair of tokens counts once.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audit.watermark.mark import log10_binomial_tail
from audit.watermark.native._torch import permutation_start

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GreenList:
    """The parameters of a green-list mark."""

    vocabulary: int
    key: int = 15485863
    ratio: float = 0.25

    def is_green(self, before: int, token: int) -> bool:
        """Whether a token is on the list that the token before it seeds."""
        return token in _green(self, before)


@dataclass(frozen=True, slots=True)
class ForeignMark:
    """What a foreign detector gives: log10 p, and how many tokens were counted."""

    log10_p: float
    tokens: int


def green_list_mark(tokens: IntArray, green: GreenList) -> ForeignMark:
    """Test a text for a green-list mark; the tail is binomial and exact."""
    pairs = {(int(a), int(b)) for a, b in pairwise(tokens)}
    hits = sum(green.is_green(before, token) for before, token in pairs)
    share = int(green.vocabulary * green.ratio) / green.vocabulary
    return ForeignMark(log10_binomial_tail(len(pairs), hits, share), len(pairs))


@lru_cache(maxsize=4096)
def _green(green: GreenList, before: int) -> frozenset[int]:
    size = int(green.vocabulary * green.ratio)
    seed = (green.key * before) % (2**64 - 1)
    return frozenset(permutation_start(green.vocabulary, seed, size))
