"""Merkle inclusion proofs (RFC 6962, 2.1.1; the algorithm of RFC 9162, 2.1.3.2)."""

import hashlib
from collections.abc import Sequence

SIZE = hashlib.sha256().digest_size


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + body).digest()


def root_of(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """Return the root of the tree of `size` leaves in which `leaf` is number `index`.

    Raises:
        ValueError: the index is not in the tree, or the path has another length than
            it must have, so that index and size could be claimed at will.
    """
    if not 0 <= index < size:
        raise ValueError(f"the log entry's index {index} is not below the tree's size {size}")
    if any(len(node) != SIZE for node in path):
        raise ValueError("the inclusion proof holds something other than hashes")
    at, last, node = index, size - 1, leaf
    for other in path:
        if last == 0:
            raise ValueError("the inclusion proof is too long for its tree")
        if at & 1 or at == last:
            node = hashlib.sha256(b"\x01" + other + node).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + other).digest()
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("the inclusion proof is too short for its tree")
    return node
