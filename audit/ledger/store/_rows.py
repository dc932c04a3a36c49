"""The rows a ledger keeps, the same in every database."""

import hashlib
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple, Protocol

from audit.core.clock import Clock
from audit.documents import GENESIS
from audit.ledger._merkle import EMPTY_ROOT
from audit.ledger.store._retention_rows import RetentionReading, RetentionWriting
from audit.ledger.store._vault_rows import VaultReading, VaultWriting

NO_NOTES = hashlib.sha256(b"").digest()
"""`Head.notes_hash` of a ledger without checkpoints."""


class EntryRow(NamedTuple):
    """One entry: its leaf, and what was copied out of it so that queries are quick."""

    seq: int
    ts_ns: int
    type: str
    subject: str | None
    leaf: bytes
    leaf_hash: bytes


as_row: Callable[[Iterable[Any]], EntryRow] = partial(tuple.__new__, EntryRow)
"""Makes a row of as many values; `EntryRow._make` does more for nothing."""


class Pending(NamedTuple):
    """An event that waits for its place: its canonical bytes and what is copied out of it.

    `key` is the caller's own name for the event; a second one with the same
    name is not recorded again.
    """

    event: bytes
    type: str
    subject: str | None
    key: str | None = None


class CheckpointRow(NamedTuple):
    """One checkpoint as stored; `frontier` is the tree's at that size."""

    number: int
    size: int
    frontier: bytes
    vkey: str
    note: bytes


class AttachmentRow(NamedTuple):
    """What others say of a checkpoint; it proves itself, so the head does not commit to it."""

    number: int
    checkpoint: int
    kind: str
    data: bytes


class Head(NamedTuple):
    """The one row that commits to all others; written with every append."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    frontier: bytes = b""
    last_hash: bytes = bytes.fromhex(GENESIS)
    last_ns: int = 0
    checkpoints: int = 0
    notes_hash: bytes = NO_NOTES


def add_note(notes_hash: bytes, note: bytes) -> bytes:
    """Return the running hash over all checkpoints, with one more note."""
    return hashlib.sha256(notes_hash + hashlib.sha256(note).digest()).digest()


class Snapshot(VaultReading, RetentionReading, Protocol):
    """One consistent reading of the ledger."""

    def head(self) -> Head:
        """Return the head.

        Raises:
            ChainBroken: there is not exactly one, or its fields are not what they must be.
        """

    def rows(self, *, start: int, subject: str | None, type_: str | None) -> Generator[EntryRow]:
        """Give the entries from `start` on, in order, those that match."""

    def recorded(self, keys: Sequence[str]) -> dict[str, EntryRow]:
        """Return the entries recorded under these keys."""

    def checkpoints(self) -> list[CheckpointRow]:
        """Return all checkpoints, in order of their number."""

    def attachments(self) -> list[AttachmentRow]:
        """Return what was attached to checkpoints, oldest first."""

    def row_at(self, seq: int) -> EntryRow | None:
        """Return the entry with this number, if it is there."""

    def stray_keys(self) -> int:
        """Return how many names of events lead to no entry."""

    def last_row(self) -> EntryRow | None:
        """Return the entry with the highest number."""

    def leaf_bytes(self) -> int:
        """Return about how many bytes of leaves there are, for progress."""

    def problem(self) -> str | None:
        """Return how the tables differ from those this version makes, if they do."""


class Writing(Snapshot, VaultWriting, RetentionWriting, Protocol):
    """The one writer, between begin and commit."""

    def add(self, rows: Sequence[EntryRow], head: Head) -> None:
        """Store entries and the head over them."""

    def add_keys(self, keys: Sequence[tuple[str, int]]) -> None:
        """Remember under which keys entries were recorded."""

    def add_checkpoint(self, row: CheckpointRow, head: Head) -> None:
        """Store a checkpoint and the head over it."""

    def attach(self, checkpoint: int, kind: str, data: bytes) -> None:
        """Attach data to the checkpoint of that number."""


class Store(Protocol):
    """A database that holds a ledger. Every failure of it is a LedgerUnavailable."""

    kind: str
    """Which database it is, such as `sqlite`."""

    @property
    def url(self) -> str:
        """The ledger's URL, without a password."""

    @property
    def address(self) -> str:
        """The ledger's URL as it was given: for other processes to open it, never to be shown."""

    def append(self, pending: Sequence[Pending], clock: Clock) -> list[EntryRow]:
        """Record events in order, all or none, and return their entries, durable then.

        Raises:
            ChainBroken: the head does not fit the last entry; nothing was recorded.
            UsageError: too long an entry, or a key that names another event.
        """

    def submit(self, pending: Sequence[Pending], clock: Clock) -> list[Pending]:
        """Make events durable, recorded now or soon, and return them with their keys.

        Raises:
            UsageError: a key names another event.
        """

    def reading(self) -> AbstractContextManager[Snapshot]:
        """Open a snapshot."""

    def writing(self) -> AbstractContextManager[Writing]:
        """Become the one writer; what was written is durable when the block has ended well."""

    def check_may_scrub(self) -> None:
        """Return if this user of the database may destroy rows for good.

        Raises:
            LedgerUnavailable: he may not.
        """

    def scrub(self, *, deep: bool = True) -> None:
        """Rewrite what deleted rows lay in, so that no file of the database holds them.

        Not `deep`: only what finishing an erasure leaves.

        Raises:
            LedgerUnavailable: it cannot be done now, since somebody is reading; try again.
        """

    def close(self) -> None:
        """Let go of the database."""
