"""vLLM's native Gumbel mark, PRF `philox4x32-10-v1` (vllm/v1/watermarking/prfs/philox.py).

One 64-bit key; the context's state is chained through Philox four words at a
time, then each token draws one of four words of the block `token >> 2`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audit.watermark.mark import philox

IntArray = NDArray[np.int64]
_CONTEXT_DOMAIN, _TOKEN_DOMAIN = 0x574D4358, 0x574D544B
_LOW = 0xFFFFFFFF


def numbers(key: int, contexts: IntArray, tokens: IntArray) -> NDArray[np.float64]:
    """Return the number in (0, 1) of each token after the context in the same row.

    `contexts` has shape (n, h), -1 where the response had not begun; `tokens` (n,).
    The numbers have the 24 bits and single precision the engine gives them.
    """
    key0, key1 = key & _LOW, key >> 32
    count, width = contexts.shape
    words = contexts.astype(np.int64).astype(np.uint64) & np.uint64(_LOW)
    state = [np.full(count, word, dtype=np.uint64) for word in (_CONTEXT_DOMAIN, width, 0, 0)]
    for start in range(0, width, 4):
        block = _block(words[:, start : start + 4])
        mixed = tuple(old ^ new for old, new in zip(state, block, strict=True))
        state = list(
            philox((mixed[0], mixed[1], mixed[2], mixed[3]), ((key0 ^ start) & _LOW, key1))
        )
    drawn = tokens.astype(np.uint64)
    last = (state[3] ^ np.uint64(key0), (key1 ^ _TOKEN_DOMAIN) & _LOW)
    out = np.stack(philox((drawn >> np.uint64(2), state[0], state[1], state[2]), last))
    word = out[(drawn & np.uint64(3)).astype(np.int64), np.arange(count)]
    steps = (word >> np.uint64(8)).astype(np.float64) + 1.0
    return (steps / (2**24 + 1)).astype(np.float32).astype(np.float64)


def _block(words: NDArray[np.uint64]) -> Sequence[NDArray[np.uint64]]:
    """Return four columns, the missing ones filled as the engine fills them."""
    count, present = words.shape
    filler = [np.full(count, _LOW - column, dtype=np.uint64) for column in range(4)]
    return [words[:, column] if column < present else filler[column] for column in range(4)]
