"""SGLang's native Gumbel mark, PRF MurmurHash3-32 (sglang/srt/sampling/watermarking).

One 64-bit key per request or server; the context is hashed alone, then key,
context hash and token together. MurmurHash3 (x86, 32 bit) by Austin Appleby.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Words = NDArray[np.uint64]
_LOW = np.uint64(0xFFFFFFFF)


def numbers(key: int, contexts: IntArray, tokens: IntArray) -> NDArray[np.float64]:
    """Return the number in (0, 1) of each token after the context in the same row.

    `contexts` has shape (n, h), `tokens` (n,).
    """
    columns = [_words(contexts[:, at]) for at in range(contexts.shape[1])]
    context = _murmur3(columns)
    keys = [np.array([half], dtype=np.uint64) for half in (key & 0xFFFFFFFF, key >> 32)]
    hashed = _murmur3([*keys, context, _words(tokens)])
    return (hashed.astype(np.float64) + 0.5) / 2.0**32


def _words(values: IntArray) -> Words:
    return values.astype(np.int64).astype(np.uint64) & _LOW


def _murmur3(words: Sequence[Words]) -> Words:
    state: Words = np.zeros(1, dtype=np.uint64)
    for word in words:
        mixed = (word * np.uint64(0xCC9E2D51)) & _LOW
        mixed = (_rotated(mixed, 15) * np.uint64(0x1B873593)) & _LOW
        state = (_rotated(state ^ mixed, 13) * np.uint64(5) + np.uint64(0xE6546B64)) & _LOW
    state = state ^ np.uint64(4 * len(words))
    state = ((state ^ (state >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & _LOW
    state = ((state ^ (state >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & _LOW
    return state ^ (state >> np.uint64(16))


def _rotated(value: Words, by: int) -> Words:
    rotated: Words = ((value << np.uint64(by)) | (value >> np.uint64(32 - by))) & _LOW
    return rotated
