"""Receipt ids: ULIDs, so that ids sort by time (github.com/ulid/spec)."""

import secrets
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NS_PER_MS = 1_000_000

Entropy = Callable[[int], bytes]
"""Returns so many random bytes. Pass a fake one in tests."""


def new_receipt_id(ts_ns: int, *, entropy: Entropy = secrets.token_bytes) -> str:
    """Return a ULID for a response of time `ts_ns`.

    The 80 random bits are always fresh: ids of one millisecond sort at random
    but never tell how many responses there were.
    """
    value = (ts_ns // _NS_PER_MS) << 80 | int.from_bytes(entropy(10))
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def receipt_millis(receipt_id: str) -> int:
    """Return the milliseconds since 1970 that a receipt id names."""
    value = 0
    for letter in receipt_id[:10]:
        value = value << 5 | _ALPHABET.index(letter)
    return value
