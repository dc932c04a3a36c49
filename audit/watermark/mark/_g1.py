"""audit-g1: from a context of tokens and a key to one number in (0, 1) per token.

    words   = BLAKE3(context, key=pilot)         6 words of 32 bits
    pilot   when words[5] < share * 2^32:        u = Philox((v, 0, w0, w1), (w2, w3))[0]
    payload position words[4] mod n otherwise:   s = tag[position]
            w' = BLAKE3(context, key=payload)    u = Philox((v, s >> 2, w'0, w'1), (w'2, w'3))[s & 3]

`v` is the token. The context is the last `h` tokens the model wrote, never the
prompt. There is no padding: the first `h` tokens of a response are drawn
without a key, so two answers to one prompt begin differently.
"""

import struct
from dataclasses import dataclass, field

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from audit.documents import MarkProfile
from audit.watermark.mark._philox import philox, unit

_PILOT, _PAYLOAD = b"audit-g1/pilot\0", b"audit-g1/payload\0"
SYMBOL_VALUES = 256

Seed = tuple[int, int, int, int]
"""Four 32-bit words that key Philox for one context."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What one context is for: `position` -1 is the pilot, else a payload symbol."""

    position: int
    seed: Seed


@dataclass(frozen=True, slots=True)
class Streams:
    """The keyed streams of one epoch key under one profile.

    Without `payload` only the pilot can be followed; `slot` then gives payload
    contexts a seed nobody used.
    """

    profile: MarkProfile
    pilot: bytes = field(repr=False)
    payload: bytes = field(repr=False)

    def slot(self, context: bytes) -> Slot:
        """Return what the context is for; tokens are little-endian 32-bit words."""
        digest = blake3(_PILOT + context, key=self.pilot).digest(length=24)
        w0, w1, w2, w3, route, share = struct.unpack("<6I", digest)
        if share < self.profile.pilot_permille * 2**32 // 1000:
            return Slot(-1, (w0, w1, w2, w3))
        digest = blake3(_PAYLOAD + context, key=self.payload).digest(length=16)
        return Slot(route % self.profile.symbols, struct.unpack("<4I", digest))

    def numbers(self, slot: Slot, tokens: NDArray[np.int64], tag: bytes) -> NDArray[np.float64]:
        """Return the number of each token of `tokens` in this slot under `tag`."""
        symbol = 0 if slot.position < 0 else tag[slot.position]
        w0, w1, w2, w3 = slot.seed
        return unit(philox((tokens, symbol >> 2, w0, w1), (w2, w3))[symbol & 3])


def pack(tokens: NDArray[np.int64]) -> bytes:
    """Return tokens as the little-endian 32-bit words contexts are cut from."""
    return tokens.astype("<u4").tobytes()
