"""RFC 6962 Merkle trees: hashes, and a frontier that grows one leaf at a time."""

import hashlib
from collections.abc import Iterable
from typing import Self

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962, 2.1)."""
HASH_SIZE = 32


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
        return cls(size, (packed[at : at + HASH_SIZE] for at in range(0, len(packed), HASH_SIZE)))

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

    def root(self) -> bytes:
        """Return the Merkle tree hash over all leaves added so far."""
        if not self._nodes:
            return EMPTY_ROOT
        root = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            root = node_hash(node, root)
        return root

    def copy(self) -> "Frontier":
        """Return a frontier that grows on its own."""
        return Frontier(self.size, self._nodes)


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Return the Merkle tree hash over `leaves`, which are leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()
