"""A run of leaves from any place in a tree, as the roots of its full subtrees.

Runs that lie side by side make the tree over both (transparency-dev calls them
compact ranges), so ranges of a ledger can be hashed apart and put together.
"""

from collections.abc import Sequence

from audit.ledger._merkle import Frontier, node_hash

Node = tuple[int, bytes]
"""Height and root of a full subtree."""


class Run:
    """The leaves from `start` on; at most two subtrees per height."""

    __slots__ = ("_nodes", "end", "start")

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self._nodes: list[Node] = []

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        nodes, at, height, node = self._nodes, self.end, 0, leaf
        self.end = at + 1
        while at & 1 and nodes and nodes[-1][0] == height:
            node = node_hash(nodes.pop()[1], node)
            at, height = at >> 1, height + 1
        nodes.append((height, node))

    def nodes(self) -> tuple[Node, ...]:
        """Return the subtrees so far, first leaf first."""
        return tuple(self._nodes)


def extended(tree: Frontier, nodes: Sequence[Node]) -> Frontier:
    """Return the tree that follows from `tree` and the subtrees right behind it."""
    grown = tree.copy()
    for height, node in nodes:
        grown.add_subtree(height, node)
    return grown
