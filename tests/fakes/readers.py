"""A ledger in memory, for reports over many made-up ledgers. It satisfies `LedgerReader`."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audit.core.errors import ChainBroken
from audit.documents import GENESIS, Checkpoint, Event, LedgerEntry, leaf_hash
from audit.report import LedgerReader


@dataclass(frozen=True)
class Whole:
    """What verifying a ledger in memory gives."""

    size: int
    root: str


class ListedReader:
    """Entries in a list; `root` is a hash over all of them, not a Merkle root."""

    def __init__(self, events: Iterable[Event], *, broken: int | None = None) -> None:
        self._entries: list[LedgerEntry] = []
        self._broken = broken
        prev = GENESIS
        for number, event in enumerate(events):
            ts = str(1_790_000_000_000_000_000 + number)
            entry = LedgerEntry(event=event, prev=prev, seq=str(number), ts_ns=ts)  # type: ignore[arg-type]
            prev = leaf_hash(entry.leaf()).hex()
            self._entries.append(entry)

    def entries(
        self,
        *,
        start: int = 0,
        subject: str | None = None,
        type: str | None = None,  # noqa: A002
    ) -> Iterator[LedgerEntry]:
        for entry in self._entries[start:]:
            if self._broken is not None and entry.number >= self._broken:
                raise ChainBroken(entry.number, "is not in canonical form")
            event = entry.event
            if subject in {None, event.subject} and type in {None, event.type}:
                yield entry

    def checkpoints(self) -> Sequence[Checkpoint]:
        return []

    def size(self) -> int:
        return len(self._entries)

    def verify(self, *, vkeys: Sequence[str] = (), outside: Sequence[Checkpoint] = ()) -> Whole:
        if self._broken is not None:
            raise ChainBroken(self._broken, "is not in canonical form")
        for one in outside:
            if one.root != self._root(one.size):
                raise ChainBroken(0, "or a later one is not what was signed")
        return Whole(self.size(), self._root(self.size()))

    def _root(self, size: int) -> str:
        leaves = b"".join(leaf_hash(entry.leaf()) for entry in self._entries[:size])
        return hashlib.sha256(leaves).hexdigest()


def reader(events: Iterable[Event], *, broken: int | None = None) -> LedgerReader:
    return ListedReader(events, broken=broken)
