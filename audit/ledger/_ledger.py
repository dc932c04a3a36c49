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
from audit.core.errors import (
    AuditError,
    CheckpointStale,
    QuorumMissing,
    SignatureMismatch,
    UsageError,
)
from audit.core.progress import SILENT, Progress
from audit.documents import (
    Checkpoint,
    Event,
    LedgerEntry,
    LedgerVerification,
    NoteSigner,
    leaf_hash,
)
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._head import fitting_head
from audit.ledger._leaf import encode_event, read_leaf, splice
from audit.ledger._merkle import Frontier
from audit.ledger._note import parse_signatures
from audit.ledger._policy import CountedCheckpoint, LogPolicy
from audit.ledger._signing import LastSigned, sign_head
from audit.ledger._verify import read_rows, verify_snapshot
from audit.ledger.store._rows import EntryRow, Head, Store

COSIGNATURE = "cosignature"
"""The kind of attachment that holds a witness's signature line."""


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
            head = fitting_head(writing)
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

    def checkpoint(
        self, signer: NoteSigner, *, last_signed: LastSigned | None = None
    ) -> Checkpoint:
        """Sign the log's size and root, store the checkpoint, and return it.

        The tree is recomputed from the last checkpoint on. A tree that was
        signed by the same key already is not signed again. `last_signed` is the
        key's own memory; with it, a ledger that went back is not signed.

        Raises:
            ChainBroken: the tree does not extend the one that was signed last.
            VerificationError: the signer's name is not this log's origin.
            LedgerUnavailable: the database cannot be written; nothing was signed.
        """
        return sign_head(self._store, signer, last_signed)

    def attach(self, checkpoint: Checkpoint, kind: str, data: bytes) -> None:
        """Keep what others say of a stored checkpoint, such as a cosignature.

        Raises:
            UsageError: no such checkpoint is stored.
        """
        with self._store.writing() as writing:
            note = checkpoint.note.encode()
            numbers = [row.number for row in writing.checkpoints() if row.note == note]
            if not numbers:
                raise UsageError(f"no such checkpoint over {checkpoint.size} entries is stored")
            writing.attach(numbers[0], kind, data)

    def attachments(self, checkpoint: Checkpoint, kind: str) -> list[bytes]:
        """Return what was attached to a checkpoint under a kind, oldest first."""
        with self._store.reading() as snapshot:
            note = checkpoint.note.encode()
            numbers = {row.number for row in snapshot.checkpoints() if row.note == note}
            return [
                row.data
                for row in snapshot.attachments()
                if row.checkpoint in numbers and row.kind == kind
            ]

    def cosigned_note(self, checkpoint: Checkpoint) -> bytes:
        """Return the checkpoint's note with the last cosignature of each witness below it."""
        lines: dict[tuple[str, bytes], str] = {}
        for data in self.attachments(checkpoint, COSIGNATURE):
            for line in parse_signatures(data):
                lines[line.name, line.key_id] = str(line)
        return checkpoint.note.encode() + "".join(f"{one}\n" for one in lines.values()).encode()

    def counted(self, policy: LogPolicy, *, max_age_ns: int | None = None) -> CountedCheckpoint:
        """Return the largest stored checkpoint that counts under a policy.

        Raises:
            QuorumMissing, CheckpointStale, SignatureMismatch: none does; why the last does not.
        """
        failure: AuditError = QuorumMissing(f"{self.url} has no checkpoint")
        for number, checkpoint in enumerate(reversed(self.checkpoints())):
            try:
                return policy.count(
                    self.cosigned_note(checkpoint), now_ns=self._clock(), max_age_ns=max_age_ns
                )
            except (QuorumMissing, CheckpointStale, SignatureMismatch) as exc:
                failure = exc if number == 0 else failure
        raise failure

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
