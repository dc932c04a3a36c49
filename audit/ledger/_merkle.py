"""RFC 6962 Merkle trees: hashes, a growing frontier, proofs made and checked.

Checking follows RFC 9162, 2.1.3.2 and 2.1.4.2. Every hash must be 32 bytes: a
verifier that takes others can be shown an inner node as if it were a leaf.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from struct import iter_unpack
from typing import Self

from audit.core.errors import VerificationError

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962, 2.1)."""
HASH_SIZE = 32
MAX_SIZE = 2**63 - 1

Subtree = Callable[[int, int], bytes]
"""Gives the Merkle tree hash over the leaves from `start` to before `end`."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 6962, 2.1: nodes are prefixed with 0x01)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the full subtrees of a growing tree, largest first.

    It is all a log needs to add a leaf and to know its root: one hash per bit
    set in the size. The size and root fix the frontier, since another frontier
    with the same root would be a collision.
    """

    __slots__ = ("_nodes", "size")

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        self.size = size
        self._nodes = list(nodes)

    @classmethod
    def unpack(cls, size: int, packed: bytes) -> Self:
        """Return the frontier of a tree of `size` leaves from its packed nodes.

        Raises:
            ValueError: not one 32-byte node per bit set in `size`.
        """
        if len(packed) != HASH_SIZE * size.bit_count():
            raise ValueError(f"{len(packed)} bytes are not the frontier of {size} leaves")
        return cls(size, split_hashes(packed))

    def pack(self) -> bytes:
        """Return the nodes in one byte string, largest subtree first."""
        return b"".join(self._nodes)

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        nodes, size, node = self._nodes, self.size, leaf
        while size & 1:
            node = node_hash(nodes.pop(), node)
            size >>= 1
        nodes.append(node)
        self.size += 1

    def add_subtree(self, height: int, node: bytes) -> None:
        """Append the root of a full subtree, whose 2**height leaves come next.

        Raises:
            ValueError: such a subtree does not begin at this size.
        """
        size = self.size >> height
        if self.size != size << height:
            raise ValueError(f"no full subtree of height {height} begins at {self.size}")
        nodes = self._nodes
        while size & 1:
            node = node_hash(nodes.pop(), node)
            size >>= 1
        nodes.append(node)
        self.size += 1 << height

    def root(self) -> bytes:
        """Return the Merkle tree hash over all leaves added so far."""
        return _fold(self._nodes) if self._nodes else EMPTY_ROOT

    def copy(self) -> "Frontier":
        """Return a frontier that grows on its own."""
        return Frontier(self.size, self._nodes)


def _fold(nodes: Sequence[bytes]) -> bytes:
    root = nodes[-1]
    for node in reversed(nodes[:-1]):
        root = node_hash(node, root)
    return root


def split_hashes(packed: bytes) -> list[bytes]:
    """Return the 32-byte hashes in a byte string."""
    return [packed[at : at + HASH_SIZE] for at in range(0, len(packed), HASH_SIZE)]


def fold_hashes(packed: bytes) -> bytes:
    """Return the root over a power of two of packed hashes; the bulk of making a proof."""
    sha256, node = hashlib.sha256, b"\x01"
    while len(packed) > HASH_SIZE:
        pairs = iter_unpack(f"{2 * HASH_SIZE}s", packed)
        packed = b"".join([sha256(node + pair).digest() for (pair,) in pairs])
    return packed


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Return the Merkle tree hash over `leaves`, which are leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


def inclusion_path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` (RFC 6962, 2.1.1).

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    return path[::-1]


def consistency_path(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return the proof that the tree of `size` extends that of `old` (RFC 6962, 2.1.2).

    The proof from an empty tree, or from the tree to itself, is empty.

    Raises:
        ValueError: `old` is larger than `size`.
    """
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} does not extend one of {old}")
    if old in {0, size}:
        return []
    path, start, end = [], 0, size
    while old != end:
        middle = start + _left(end - start)
        if old <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    if start:  # the old tree's last subtree is not the old tree itself
        path.append(subtree(start, end))
    return path[::-1]


def _left(size: int) -> int:
    """Return the leaves in the left subtree: the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(
    *, index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes
) -> None:
    """Return if `path` proves that the leaf hash is entry `index` of the tree.

    Raises:
        VerificationError: it does not.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise VerificationError(f"no tree of {size} entries has an entry {index}")
    _check_hashes([leaf, root, *path])
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise VerificationError("the inclusion proof is too long")
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise VerificationError("the inclusion proof is too short")
    if found != root:
        raise VerificationError(f"entry {index} is not in the tree of {size} with this root")


def verify_consistency(
    *, old_size: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]
) -> None:
    """Return if `path` proves that the tree extends the old one.

    Raises:
        VerificationError: it does not.
    """
    if not 0 <= old_size <= size <= MAX_SIZE:
        raise VerificationError(f"a tree of {size} entries does not extend one of {old_size}")
    _check_hashes([old_root, root, *path])
    if old_size in {0, size}:
        if path:
            raise VerificationError("the consistency proof is too long")
        if old_root != (EMPTY_ROOT if old_size == 0 else root):
            raise VerificationError(f"the root is not that of the tree of {old_size}")
        return
    nodes = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    if not nodes or not path:
        raise VerificationError("the consistency proof is too short")
    _walk(nodes, old_size, size, old_root, root)


def _walk(nodes: list[bytes], old_size: int, size: int, old_root: bytes, root: bytes) -> None:
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = found = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            raise VerificationError("the consistency proof is too long")
        if at & 1 or at == last:
            old_found, found = node_hash(sibling, old_found), node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise VerificationError("the consistency proof is too short")
    if old_found != old_root or found != root:
        raise VerificationError(f"the tree of {size} does not extend that of {old_size}")


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise VerificationError(f"a hash that is not {HASH_SIZE} bytes long")
