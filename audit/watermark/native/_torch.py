"""What torch's CPU generator draws, without torch (MT19937; aten/src/ATen/native/cpu).

The generator keeps the low 32 bits of a seed and gives raw 32-bit words.
"""

import numpy as np
from numpy.typing import NDArray


def words(seed: int, count: int) -> NDArray[np.uint32]:
    """Return the first words of a generator after `manual_seed(seed)`."""
    generator = np.random.RandomState(seed & 0xFFFFFFFF)
    return generator.randint(0, 2**32, size=count, dtype=np.uint32)


def permutation_start(size: int, seed: int, count: int) -> list[int]:
    """Return the first `count` elements of `randperm(size)`, as a forward Fisher-Yates draws it."""
    drawn = words(seed, min(count, size - 1)).tolist()
    moved: dict[int, int] = {}
    start = []
    for at in range(min(count, size)):
        other = at + (drawn[at] % (size - at) if at < len(drawn) else 0)
        start.append(moved.get(other, other))
        moved[other] = moved.get(at, at)
    return start
