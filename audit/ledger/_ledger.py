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
from contextlib import AbstractContextManager
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
    RetentionPlan,
)
from audit.ledger._appender import MAX_BATCH, Appender
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._leaf import as_entry, as_pending, check_key, read_leaf
from audit.ledger._minimum import minimum_of
from audit.ledger._outside import COSIGNATURE, Outside, cosigned_note, instant
from audit.ledger._policy import CountedCheckpoint, LogPolicy
from audit.ledger._promise import Promise, find_promised, make_promise
from audit.ledger._signing import LastSigned, sign_head
from audit.ledger._verify import Read, Verifying, read_entries, read_rows
from audit.ledger.retention import Expirer, LoadedRetention, plan_expiry
from audit.ledger.store._rows import Snapshot, Store
from audit.ledger.vault import Vault, VaultKey

MINUTE = 60 * 10**9


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

    def reading(self) -> AbstractContextManager[Snapshot]:
        """Open one consistent reading of the rows, for this room's own modules."""
        return self._store.reading()

    def append(self, event: Event, *, key: str | None = None) -> LedgerEntry:
        """Record one event and return its entry, which is durable then.

        `key` is the caller's own name for the event. After an attempt whose
        answer was lost, the same event with the same key is not recorded again.

        Raises:
            LedgerUnavailable: the database cannot be written. If the answer to a commit was
                lost, the event may be recorded, or wait in the inbox: try again with its key.
            ChainBroken: the head does not fit the last entry; nothing was recorded.
            UsageError: the entry would be longer than `MAX_ENTRY`, or the key names another event.
        """
        return self.append_many((event,), keys=None if key is None else (key,))[0]

    def append_many(
        self, events: Sequence[Event], *, keys: Sequence[str] | None = None
    ) -> list[LedgerEntry]:
        """Record events in order and in one transaction: all of them, or none.

        Raises:
            LedgerUnavailable, ChainBroken, UsageError: as `append`.
        """
        pending = [as_pending(event) for event in events]
        if keys is not None:
            named = zip(pending, keys, strict=True)
            pending = [one._replace(key=check_key(key)) for one, key in named]
        if not pending:
            return []
        rows = self._store.append(pending, self._clock)
        return [as_entry(row, event) for row, event in zip(rows, events, strict=True)]

    def appender(self, *, max_batch: int = MAX_BATCH) -> Appender:
        """Return a way to append from many threads and tasks with one flush for all that wait.

        Close it before the ledger.
        """
        return Appender(self._store, self._clock, max_batch=max_batch)

    def vault(self, key: VaultKey) -> Vault:
        """Return the payloads of this ledger, which may hold personal data; entries may not."""
        return Vault(self._store, self._clock, key)

    def submit(
        self, event: Event, *, signer: NoteSigner, key: str | None = None, within_ns: int = MINUTE
    ) -> Promise:
        """Make an event durable and return the log's signed promise to record it.

        Quicker than `append` where many write: nobody waits for a place in the
        log. `signer` is the log's key; `within_ns` is how long recording may take.

        Raises:
            LedgerUnavailable: the database cannot be written; nothing was promised.
            UsageError: the entry would be too long, or the key names another event.
        """
        pending = as_pending(event)
        if key is not None:
            pending = pending._replace(key=check_key(key))
        (named,) = self._store.submit((pending,), self._clock)
        due_ns = self._clock() + within_ns
        return make_promise(named.event, key=str(named.key), due_ns=due_ns, signer=signer)

    def find_promised(self, promise: Promise) -> LedgerEntry:
        """Return the entry that keeps a promise.

        Raises:
            PromiseBroken: it is due, and no entry holds the event.
            EvidenceError: it is not due yet.
        """
        with self._store.reading() as snapshot:
            return find_promised(snapshot, promise, now_ns=self._clock())

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

    def minimum(self) -> int:
        """Return below which number entries expired; 0 if none did. `verify` checks it."""
        with self._store.reading() as snapshot:
            return minimum_of(snapshot)

    def plan_expiry(self, policy: LoadedRetention) -> RetentionPlan:
        """Return what a retention policy keeps, and what could expire now."""
        with self._store.reading() as snapshot:
            return plan_expiry(snapshot, policy, now_ns=self._clock())

    def expirer(
        self, policy: LoadedRetention, signer: NoteSigner, *, trusted: tuple[str, ...] = ()
    ) -> Expirer:
        """Return what expires entries under a policy and the log's signature."""
        return Expirer(self._store, self._clock, policy, signer, trusted)

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
        return cosigned_note(checkpoint.note.encode(), self.attachments(checkpoint, COSIGNATURE))

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

    def check_fresh(self, size: int, *, max_age_ns: int) -> None:
        """Return if the last of the first `size` entries is young enough by its own time.

        A checkpoint says no time itself. It was signed after the last entry it
        covers, and that entry's time is under its signature.

        Raises:
            CheckpointStale: it is older, or ahead of our clock by more than five minutes.
        """
        entry = next(self.entries(start=max(size - 1, 0)), None)
        entry = entry if entry is not None and entry.number == size - 1 else None  # it expired
        age = None if entry is None else self._clock() - entry.ts_ns
        if age is None or not -5 * MINUTE <= age <= max_age_ns:
            raise CheckpointStale(
                f"the last entry under the checkpoint over {size} entries was recorded at "
                f"{instant(entry.ts_ns) if entry else 'no time'}, which is not within the last "
                f"{max_age_ns // 10**9} s",
                hint="sign a checkpoint over the entries of today: audit ledger checkpoint --help",
            )

    def verify(
        self,
        *,
        vkeys: Sequence[str] = (),
        outside: Sequence[Checkpoint] = (),
        progress: Progress = SILENT,
        anchors: Outside | None = None,
        processes: int = 1,
    ) -> LedgerVerification:
        """Recompute the whole ledger from its leaves and return what it holds.

        `vkeys` are the keys of this log that the caller trusts: a stored
        checkpoint by any other key counts for nothing. `outside` are
        checkpoints that were kept elsewhere; the ledger must extend each.
        `anchors` say whose anchors and cosignatures count. With more than one of
        `processes`, ranges are read side by side; what is found is the same.

        Raises:
            ChainBroken: the first entry that is not what the others commit to.
            SignatureMismatch: an anchor by somebody whose word counts does not hold.
            QuorumMissing, AnchorMissing: too few, or too late, vouch for it outside.
            LedgerUnavailable: the database cannot be read.
        """
        with self._store.reading() as snapshot:
            return Verifying(vkeys, outside, progress, anchors, self._reader(processes)).run(
                snapshot
            )

    def _reader(self, processes: int) -> Read:
        if processes == 1:
            return read_entries
        from audit.ledger.fsck import reading_in_ranges

        return reading_in_ranges(self._store.address, processes)
