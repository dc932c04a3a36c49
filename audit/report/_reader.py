"""What a report needs of a ledger: reading, and verifying. Nothing can be written through it."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from audit.documents import Checkpoint, LedgerEntry


class Verified(Protocol):
    """What verifying a whole ledger gave."""

    @property
    def size(self) -> int:
        """The number of entries."""

    @property
    def root(self) -> str:
        """The Merkle root over them, in hex."""


class LedgerReader(Protocol):
    """The reading half of a ledger; `audit.ledger.Ledger` is one."""

    def entries(
        self,
        *,
        start: int = 0,
        subject: str | None = None,
        type: str | None = None,  # noqa: A002
    ) -> Iterator[LedgerEntry]:
        """Give entries in order, those that match."""

    def checkpoints(self) -> Sequence[Checkpoint]:
        """Return the stored checkpoints, oldest first."""

    def size(self) -> int:
        """Return the number of entries."""

    def verify(self, *, vkeys: Sequence[str] = (), outside: Sequence[Checkpoint] = ()) -> Verified:
        """Recompute the whole ledger; it must extend each checkpoint in `outside`.

        Raises:
            ChainBroken: the first entry that is not what the others commit to.
            LedgerUnavailable: it cannot be read.
        """
