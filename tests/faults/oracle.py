"""What a ledger must still hold after a fault: all that was acknowledged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.core.errors import ChainBroken, LedgerUnavailable
from audit.documents import Checkpoint, leaf_hash
from audit.ledger import open_ledger, read_checkpoint


@dataclass(frozen=True)
class Acknowledged:
    """What a writer said it was told."""

    entries: dict[int, str]
    checkpoints: tuple[Checkpoint, ...]

    @classmethod
    def read(cls, lines: Iterable[bytes]) -> "Acknowledged":
        """Read a writer's lines; one that has no end was not said."""
        entries: dict[int, str] = {}
        checkpoints: list[Checkpoint] = []
        for line in lines:
            if not line.endswith(b"\n"):
                continue
            kind, number, value = line.decode().split()
            if kind == "entry":
                entries[int(number)] = value
            else:
                checkpoints.append(read_checkpoint(bytes.fromhex(value), vkeys=None))
        return cls(entries, tuple(checkpoints))

    @property
    def count(self) -> int:
        return len(self.entries) + len(self.checkpoints)


@dataclass(frozen=True)
class Found:
    """What is wrong with a ledger after a fault."""

    lost: int
    broken: str | None = None


def examine(url: str, told: Acknowledged) -> Found:
    """Open a ledger as after a crash, verify it, and look for what was acknowledged."""
    try:
        with open_ledger(url) as ledger:
            leaves = [leaf_hash(leaf).hex() for leaf in ledger.leaves()]
            stored = [one.note for one in ledger.checkpoints()]
            lost = sum(leaves[seq : seq + 1] != [value] for seq, value in told.entries.items())
            lost += sum(one.note not in stored for one in told.checkpoints)
            if not lost:
                ledger.verify(outside=told.checkpoints)
            else:
                ledger.verify()
            return Found(lost)
    except ChainBroken as exc:
        return Found(told.count, str(exc))
    except LedgerUnavailable:
        return Found(told.count)  # before anything was acknowledged, there may be none


def total(found: Sequence[Found]) -> int:
    return sum(one.lost for one in found)
