"""After the writers: does the ledger hold what was acknowledged, once and in one order?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from audit.core.errors import ChainBroken
from audit.ledger._ledger import Ledger
from audit.ledger._merkle import Frontier
from audit.ledger.hammer._acks import Acks, event_digest
from audit.ledger.store._append import event_of
from audit.ledger.store._rows import Snapshot

Seen = tuple[int, bytes]
"""A size and root that the head had while the writers wrote."""


@dataclass(frozen=True, slots=True)
class HammerCount:
    """What the writers were told, and what the ledger holds."""

    acknowledged: int
    recorded: int
    refused: int
    killed: int
    heads: int
    """How many heads were looked at meanwhile."""
    lost: int
    """Acknowledged, and not in the ledger as acknowledged."""
    twice: int
    gaps: int
    forks: int
    """Places given to two entries, and heads that the ledger does not extend."""
    broken: str | None
    """What verification says, if it does not hold."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost, doubled, left out or forked."""
        return not (self.lost or self.twice or self.gaps or self.forks or self.broken)


def count(ledger: Ledger, acks: Acks, seen: Sequence[Seen], *, killed: int) -> HammerCount:
    """Compare the acknowledgements and the heads seen with the ledger."""
    with ledger.reading() as snapshot:
        scan = _Scan(acks, dict(seen))
        scan.read(snapshot)
    try:
        ledger.verify()
        broken = None
    except ChainBroken as exc:
        broken = str(exc)
    return HammerCount(
        acknowledged=len(acks.sequenced) + len(acks.durable),
        recorded=scan.tree.size,
        refused=acks.refused,
        killed=killed,
        heads=len(seen),
        lost=len(acks.sequenced) - scan.kept + sum(one not in scan.events for one in acks.durable),
        twice=scan.tree.size - len(scan.events),
        gaps=scan.gaps,
        forks=acks.forked + scan.forks + len(set(seen)) - len(scan.heads) + _went_back(seen),
        broken=broken,
    )


def _went_back(seen: Sequence[Seen]) -> int:
    return sum(later[0] < earlier[0] for earlier, later in pairwise(seen))


class _Scan:
    """One pass over all entries."""

    def __init__(self, acks: Acks, heads: dict[int, bytes]) -> None:
        self._acks, self.heads = acks.sequenced, heads
        self.tree, self.events = Frontier(), set[bytes]()
        self.kept = self.gaps = self.forks = 0

    def read(self, snapshot: Snapshot) -> None:
        unmet = dict(self.heads)
        expected = 0
        self.forks += self.tree.root() != unmet.pop(0, self.tree.root())
        for row in snapshot.rows(start=0, subject=None, type_=None):
            self.gaps += row.seq - expected
            expected = row.seq + 1
            self.tree.add(row.leaf_hash)
            self.events.add(event_digest(event_of(row)))
            self.kept += self._acks.get(row.seq) == row.leaf_hash
            if (root := unmet.pop(expected, None)) is not None:
                self.forks += root != self.tree.root()
        self.forks += len(unmet)
