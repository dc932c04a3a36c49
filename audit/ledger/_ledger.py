"""The ledger: append, read, sign, verify.

The rules:

* Entry n commits to entry n-1 through `prev`; entry 0 points at `GENESIS`.
* The leaf is the truth. Columns beside it are copies, and are compared with it.
* Entries and the head over them are written in one transaction, by one writer
  at a time, after the head was found to fit the last entry.
* Time never goes back: an entry's `ts_ns` is later than that of the one before.

Trust: whoever can write the database can rewrite it whole. Only a checkpoint
signed by a key he does not hold, or kept elsewhere, shows that; see
docs/trust.md.
"""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from audit.core.clock import Clock, now_ns
from audit.core.errors import ChainBroken, VerificationError
from audit.core.progress import SILENT, Progress
from audit.documents import (
    Checkpoint,
    Event,
    LedgerEntry,
    LedgerVerification,
    NoteSigner,
    leaf_hash,
)
from audit.ledger._checkpoint import read_checkpoint, sign_checkpoint
from audit.ledger._leaf import encode_event, read_leaf, splice
from audit.ledger._merkle import Frontier
from audit.ledger._treehead import TreeHead
from audit.ledger._verify import read_rows, verify_snapshot
from audit.ledger.store._rows import CheckpointRow, EntryRow, Head, Store, Writing, add_note


class Ledger:
    """An open ledger; use it as a context manager. Every failure to reach it is exit 3."""

    def __init__(self, store: Store, *, clock: Clock = now_ns) -> None:
        self._store = store
        self._clock = clock

    @property
    def url(self) -> str:
        """Where the ledger is, without a password."""
        return self._store.url

    def __enter__(self) -> Self:
        """Return the ledger."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the database."""
        self.close()

    def close(self) -> None:
        """Let go of the database; nothing is pending, since appends are durable."""
        self._store.close()

    def append(self, event: Event) -> LedgerEntry:
        """Record one event and return its entry, which is durable then.

        Raises:
            LedgerUnavailable: the database cannot be written; nothing was recorded.
            ChainBroken: the head does not fit the last entry; nothing was recorded.
            UsageError: the entry would be longer than `MAX_ENTRY`.
        """
        return self.append_many((event,))[0]

    def append_many(self, events: Sequence[Event]) -> list[LedgerEntry]:
        """Record events in order and in one transaction: all of them, or none.

        Raises:
            LedgerUnavailable, ChainBroken, UsageError: as `append`.
        """
        bodies = [encode_event(event) for event in events]
        if not bodies:
            return []
        with self._store.writing() as writing:
            head = _fitting_head(writing)
            rows, head = self._chain(head, list(zip(events, bodies, strict=True)))
            writing.add(rows, head)
        return [read_leaf(row.leaf) for row in rows]

    def _chain(self, head: Head, events: list[tuple[Event, bytes]]) -> tuple[list[EntryRow], Head]:
        """Return the rows that follow `head`, and the head over them."""
        tree = Frontier.unpack(head.size, head.frontier)
        prev, ts_ns = head.last_hash, head.last_ns
        rows: list[EntryRow] = []
        for event, body in events:
            ts_ns = max(self._clock(), ts_ns + 1)
            leaf = splice(body, prev=prev.hex(), seq=tree.size, ts_ns=ts_ns)
            prev = leaf_hash(leaf)
            rows.append(EntryRow(tree.size, ts_ns, event.type, event.subject, leaf, prev))
            tree.add(prev)
        return rows, Head(
            size=tree.size,
            root=tree.root(),
            frontier=tree.pack(),
            last_hash=prev,
            last_ns=ts_ns,
            checkpoints=head.checkpoints,
            notes_hash=head.notes_hash,
        )

    def entries(
        self,
        *,
        start: int = 0,
        subject: str | None = None,
        type: str | None = None,  # noqa: A002
    ) -> Iterator[LedgerEntry]:
        """Give the entries from number `start` on, those that match, one at a time.

        Each is checked by itself, not against its neighbours: `verify` does that.

        Raises:
            ChainBroken: an entry is not in canonical form, or a column beside it was edited.
            LedgerUnavailable: the database cannot be read.
        """
        with self._store.reading() as snapshot:
            for row in read_rows(snapshot.rows(start=start, subject=subject, type_=type)):
                yield read_leaf(row.leaf)

    def leaves(self, *, start: int = 0) -> Iterator[bytes]:
        """Give the leaves from entry `start` on, unchecked: for a reader who checks the root."""
        with self._store.reading() as snapshot:
            for row in snapshot.rows(start=start, subject=None, type_=None):
                yield row.leaf

    def size(self) -> int:
        """Return the number of entries."""
        with self._store.reading() as snapshot:
            return snapshot.head().size

    def checkpoints(self) -> list[Checkpoint]:
        """Return the stored checkpoints, oldest first; their signatures are not checked here."""
        with self._store.reading() as snapshot:
            return [read_checkpoint(row.note, vkeys=None) for row in snapshot.checkpoints()]

    def checkpoint(self, signer: NoteSigner) -> Checkpoint:
        """Sign the log's size and root, store the checkpoint, and return it.

        The tree is recomputed from the last checkpoint on. A tree that was
        signed by the same key already is not signed again.

        Raises:
            ChainBroken: the tree does not extend the one in the last checkpoint.
            VerificationError: the signer's name is not this log's origin.
            LedgerUnavailable: the database cannot be written; nothing was signed.
        """
        with self._store.writing() as writing:
            head = _fitting_head(writing)
            stored = writing.checkpoints()
            tree = _extended(writing, head, stored[-1] if stored else None)
            if stored:
                last = read_checkpoint(stored[-1].note, vkeys=(stored[-1].vkey,))
                if last.origin != signer.name:
                    raise VerificationError(
                        f"this log is {last.origin}; a key named {signer.name} cannot sign for it"
                    )
                if (last.size, stored[-1].vkey) == (head.size, signer.vkey):
                    return last
            checkpoint = sign_checkpoint(TreeHead(signer.name, head.size, head.root), signer)
            note = checkpoint.note.encode()
            row = CheckpointRow(len(stored), head.size, tree.pack(), signer.vkey, note)
            writing.add_checkpoint(row, _with_note(head, note))
        return checkpoint

    def verify(
        self,
        *,
        vkeys: Sequence[str] = (),
        outside: Sequence[Checkpoint] = (),
        progress: Progress = SILENT,
    ) -> LedgerVerification:
        """Recompute the whole ledger from its leaves and return what it holds.

        `vkeys` are the keys of this log that the caller trusts: a stored
        checkpoint by any other key counts for nothing. `outside` are
        checkpoints that were kept elsewhere; the ledger must extend each.

        Raises:
            ChainBroken: the first entry that is not what the others commit to.
            LedgerUnavailable: the database cannot be read.
        """
        with self._store.reading() as snapshot:
            return verify_snapshot(snapshot, vkeys=vkeys, outside=outside, progress=progress)


def _fitting_head(writing: Writing) -> Head:
    """Return the head, if it is over the last entry; else nothing may be added to it."""
    head, last = writing.head(), writing.last_row()
    seq = max(head.size - 1, 0)
    if (problem := writing.problem()) is not None:
        raise ChainBroken(head.size, f"cannot be added safely: {problem}")
    try:
        tree = Frontier.unpack(head.size, head.frontier)
    except ValueError as exc:
        raise ChainBroken(seq, "is not the last entry of the tree in the head") from exc
    empty = Head()
    found = (
        (last.seq + 1, leaf_hash(last.leaf), last.leaf_hash, last.ts_ns)
        if last
        else (0, empty.last_hash, empty.last_hash, 0)
    )
    if found != (head.size, head.last_hash, head.last_hash, head.last_ns):
        raise ChainBroken(seq, "is not the last entry of the tree in the head")
    if tree.root() != head.root:
        raise ChainBroken(seq, "is not the last entry of the tree in the head")
    return head


def _extended(writing: Writing, head: Head, last: CheckpointRow | None) -> Frontier:
    """Return the tree under `head`, recomputed from the entries since the checkpoint `last`."""
    start, tree = 0, Frontier()
    if last is not None:
        checkpoint = read_checkpoint(last.note, vkeys=(last.vkey,))
        start = checkpoint.size
        tree = Frontier.unpack(start, last.frontier)
        if tree.root().hex() != checkpoint.root:
            raise ChainBroken(max(start - 1, 0), "is followed by a checkpoint that was edited")
    for row in read_rows(writing.rows(start=start, subject=None, type_=None)):
        tree.add(leaf_hash(row.leaf))
    if (tree.size, tree.root()) != (head.size, head.root):
        raise ChainBroken(
            start, f"or a later one does not extend the tree of {start} entries signed last"
        )
    return tree


def _with_note(head: Head, note: bytes) -> Head:
    return Head(
        size=head.size,
        root=head.root,
        frontier=head.frontier,
        last_hash=head.last_hash,
        last_ns=head.last_ns,
        checkpoints=head.checkpoints + 1,
        notes_hash=add_note(head.notes_hash, note),
    )
