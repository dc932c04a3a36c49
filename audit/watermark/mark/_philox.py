"""Philox4x32-10, the counter-based generator (Salmon et al., SC 2011; Random123)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
"""32-bit words held in 64 bits, so that products do not overflow."""

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_ROUNDS = 10


def philox(counter: tuple[Any, Any, Any, Any], key: tuple[Any, Any]) -> tuple[Words, ...]:
    """Return the four output words for each counter and key, broadcast together.

    Counter and key words are integers or `uint64` arrays below 2^32.
    """
    c0, c1, c2, c3 = (np.asarray(word, dtype=np.uint64) for word in counter)
    k0, k1 = (np.asarray(word, dtype=np.uint64) for word in key)
    for number in range(_ROUNDS):
        if number:
            k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
    return c0, c1, c2, c3


def unit(words: Words) -> NDArray[np.float64]:
    """Return numbers strictly between 0 and 1, the middles of 2^32 equal steps."""
    return (words.astype(np.float64) + 0.5) / 2.0**32
