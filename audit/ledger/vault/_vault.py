"""The vault: what may not stand in a leaf, beside the log that commits to it.

The rules:

* A leaf holds a commitment to a payload and a random name for its subject; no
  payload, and no identifier of anybody.
* A payload is written before its entry. A crash between them leaves a payload
  that no entry names, under the subject's key, and erasure finds it.
* Erasing deletes the subject's key, salts and payloads and appends an entry that
  says so, in one transaction; then the database's files are rewritten. If that is
  interrupted, the next erasure finishes it.
* A payload that is gone was erased if an entry says so. If none does, it is missing.

Trust: the vault's key lies outside the database. Whoever has it and an old copy
of the database reads what was erased since; see docs/limitations.md.
"""

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.core.clock import Clock
from audit.core.errors import (
    ConfigError,
    EntryExpired,
    LedgerUnavailable,
    PayloadErased,
    PayloadMissing,
    UsageError,
)
from audit.documents import ErasureReceipt, Event, LedgerEntry, VaultVerification
from audit.ledger._leaf import as_entry, as_pending, check_key, read_leaf
from audit.ledger._minimum import minimum_of
from audit.ledger._verify import read_rows
from audit.ledger.store._append import append_directly
from audit.ledger.store._rows import Snapshot, Store, Writing
from audit.ledger.store._vault_rows import ErasureRow, PayloadRow, SubjectRow
from audit.ledger.vault._key import KEY_SIZE, VaultKey
from audit.ledger.vault._seal import SALT_SIZE, Random, commit, repeatable_salt, seal, unseal

FACT = "payload"
ERASED = "ledger.erased"
MAX_PAYLOAD = 16 << 20
_PREFIX = "hmac-sha256:"
_REF_SIZE = 16


@dataclass(frozen=True, slots=True)
class Sensitive:
    """An event, the payload that belongs to it, and whom the payload is about.

    `key` is the caller's own name for the event, as in `Ledger.append`.
    """

    event: Event
    payload: bytes
    subject: str
    key: str | None = None


class Vault:
    """The payloads of one ledger; get it from `Ledger.vault`."""

    def __init__(
        self, store: Store, clock: Clock, key: VaultKey, *, random: Random = secrets.token_bytes
    ) -> None:
        self._store, self._clock, self._key, self._random = store, clock, key, random

    def append(
        self, event: Event, *, payload: bytes, subject: str, key: str | None = None
    ) -> LedgerEntry:
        """Record an event with its payload and return the entry; both are durable then.

        `subject` identifies the person the payload is about; it is stored nowhere.

        Raises:
            UsageError: too long a payload, or what `Ledger.append` refuses.
            LedgerUnavailable, ChainBroken: as `Ledger.append`.
        """
        return self.append_many([Sensitive(event, payload, subject, key)])[0]

    def append_many(self, items: Sequence[Sensitive]) -> list[LedgerEntry]:
        """Record events with their payloads, in order: all of the entries, or none."""
        events = self.hold(items)
        pending = [
            as_pending(event)._replace(key=one.key)
            for event, one in zip(events, items, strict=True)
        ]
        rows = self._store.append(pending, self._clock) if pending else []
        return [as_entry(row, event) for row, event in zip(rows, events, strict=True)]

    def hold(self, items: Sequence[Sensitive]) -> list[Event]:
        """Store payloads and return the events that commit to them, to be appended.

        For who appends otherwise: by `Ledger.appender`, or by `Ledger.submit`.

        Raises:
            UsageError: too long a payload, or an event that has one already.
            LedgerUnavailable: the database cannot be written.
        """
        for one in items:
            _check(one)
        with self._store.writing() as writing:
            writing.hold_vault(alone=False)
            if writing.vault_check() is None:
                writing.set_vault_check(self._key.check())
            self._check_key(writing)
            sealed = [self._seal(writing, one) for one in items]
            writing.add_payloads([row for row, _ in sealed])
        return [event for _, event in sealed]

    def read(self, entry: LedgerEntry) -> bytes:
        """Return the payload that an entry commits to.

        Raises:
            UsageError: it commits to none.
            EntryExpired: the entry is not kept any more, and its payload neither.
            PayloadErased: an entry says that it was erased.
            PayloadMissing: it is gone, and no entry says why.
            VerificationError: what is stored is not what the entry commits to.
        """
        named = named_payload(entry)
        if named is None:
            raise UsageError(f"the ledger entry {entry.seq} has no payload")
        with self._store.reading() as snapshot:
            self._check_key(snapshot)
            payload = self._unseal(snapshot, *named)
            if payload is not None:
                return payload
            erased, minimum = _erased(snapshot).get(named[1]), minimum_of(snapshot)
        if entry.number < minimum:
            raise EntryExpired(
                f"the payload of ledger entry {entry.seq} expired with it: entries below {minimum} "
                "are not kept"
            )
        if erased is not None:
            raise PayloadErased(
                f"the payload of ledger entry {entry.seq} was erased, as entry {erased} records"
            )
        raise PayloadMissing(entry.number)

    def find_name(self, subject: str) -> str | None:
        """Return the random name that entries have for a subject, if anything is held about it."""
        with self._store.reading() as snapshot:
            self._check_key(snapshot)
            found = snapshot.find_subject(lookup=self._key.lookup(subject))
        return None if found is None else found.ref

    def verify(self) -> VaultVerification:
        """Open every payload that an entry commits to, and return what there is.

        Verify the ledger as well: this believes the entries.

        Raises:
            PayloadMissing: one is gone, and no entry says why.
            VerificationError: one is not what its entry commits to.
        """
        with self._store.reading() as snapshot:
            self._check_key(snapshot)
            refs, held, erased = _erased(snapshot), set[bytes](), 0
            for entry in _entries(snapshot, None):
                named = named_payload(entry)
                if named is None:
                    continue
                if self._unseal(snapshot, *named) is not None:
                    held.add(named[0])
                elif named[1] in refs:
                    erased += 1
                else:
                    raise PayloadMissing(entry.number)
            stored = sum(1 for _ in snapshot.commitments())
            return VaultVerification(
                held=len(held),
                erased=erased,
                unnamed=stored - len(held),
                unfinished=len(snapshot.erasures()),
            )

    def erase(self, subject: str) -> ErasureReceipt:
        """Destroy all that is held about a subject, record that, and return the receipt.

        Nothing is held about a subject that was erased before, or never known:
        the two cannot be told apart any more, and the receipt says so.

        Raises:
            LedgerUnavailable: nothing was erased; or it was, and its traces are not
                scrubbed yet. The same call goes on where it was.
            ChainBroken: the head does not fit the last entry; nothing was erased.
        """
        lookup = self._key.lookup(subject)
        self._store.check_may_scrub()
        with self._store.writing() as writing:
            writing.hold_vault(alone=True)
            self._check_key(writing)
            found = writing.find_subject(lookup=lookup)
            if found is not None:
                self._forget(writing, found)
            unfinished = writing.erasures()
        if unfinished:
            self._store.scrub()
            with self._store.writing() as writing:
                writing.finish_erasures([one.seq for one in unfinished])
            with contextlib.suppress(LedgerUnavailable):
                # All that may be left is the keyed hash of a subject in a row that is done.
                self._store.scrub(deep=False)
        return self._receipt([one for one in unfinished if one.lookup == lookup])

    def rotate(self, new: VaultKey) -> int:
        """Wrap all subjects' keys under a new key, and return how many those are.

        `new` is a successor of this vault's key. Once the old key is destroyed,
        copies of the database from before cannot be read by anybody: what was
        erased since is gone from them, too.

        Raises:
            ConfigError: this is not the vault's key.
            VerificationError: a subject's key was edited.
            LedgerUnavailable: nothing changed; or it did, and what the old key wrapped
                is not scrubbed yet: an erasure does that.
        """
        self._store.check_may_scrub()
        with self._store.writing() as writing:
            writing.hold_vault(alone=True)
            self._check_key(writing)
            rows = [self._rewrapped(row, new) for row in writing.subjects()]
            writing.rewrap(new.check(), rows)
        self._key = new
        self._store.scrub()
        return len(rows)

    def _rewrapped(self, row: SubjectRow, new: VaultKey) -> SubjectRow:
        key = self._key.unwrap(row.wrapped, ref=row.ref, lookup=row.lookup)
        wrapped = new.wrap(key, ref=row.ref, lookup=row.lookup, random=self._random)
        return row._replace(wrapped=wrapped)

    def _forget(self, writing: Writing, found: SubjectRow) -> None:
        """Delete a subject's rows and append the entry that says so."""
        count = writing.forget_subject(found.ref)
        event = Event(type=ERASED, facts={"payloads": count, "subject": found.ref})
        (row,) = append_directly(writing, [as_pending(event)], self._clock)
        erasure = ErasureRow(row.seq, row.ts_ns, found.ref, found.lookup, count, row.leaf_hash)
        writing.add_erasure(erasure)

    def _receipt(self, done: Sequence[ErasureRow]) -> ErasureReceipt:
        last = done[-1] if done else None
        return ErasureReceipt(
            outcome="nothing-held" if last is None else "erased",
            subject_ref=last and last.ref,
            entry=last and str(last.seq),
            entry_hash=last and last.leaf_hash.hex(),
            erased_at_ns=last and last.ts_ns,
            payloads=sum(one.payloads for one in done),
            database=self._store.kind,
        )

    def _check_key(self, snapshot: Snapshot) -> None:
        """Compare our key with the vault's: another key would find nobody.

        Raises:
            ConfigError: it is another.
        """
        if snapshot.vault_check() not in {None, self._key.check()}:
            raise ConfigError(
                f"{self._store.url} has another vault key",
                hint="give the key that its payloads were written with: --vault-key FILE",
            )

    def _seal(self, writing: Writing, one: Sensitive) -> tuple[PayloadRow, Event]:
        ref, key = self._subject(writing, one.subject)
        salt = (
            self._random(SALT_SIZE)
            if one.key is None
            else repeatable_salt(key, one.key, one.payload)
        )
        commitment = commit(salt, one.payload)
        sealed = seal(key, ref=ref, salt=salt, payload=one.payload, random=self._random)
        named = {FACT: {"commitment": f"{_PREFIX}{commitment.hex()}", "subject": ref}}
        event = Event(**{**dict(one.event), "facts": {**one.event.facts, **named}})
        return PayloadRow(commitment, ref, sealed), event

    def _subject(self, writing: Writing, subject: str) -> tuple[str, bytes]:
        """Return a subject's name and key; one that is not known yet gets new ones."""
        lookup = self._key.lookup(subject)
        row = writing.find_subject(lookup=lookup)
        if row is None:
            ref = self._random(_REF_SIZE).hex()
            wrapped = self._key.wrap(
                self._random(KEY_SIZE), ref=ref, lookup=lookup, random=self._random
            )
            writing.add_subject(SubjectRow(ref, lookup, wrapped))
            row = writing.find_subject(lookup=lookup)  # another writer may have been quicker
        if row is None:
            raise LedgerUnavailable(f"cannot write {self._store.url}: a subject's key is not kept")
        return row.ref, self._key.unwrap(row.wrapped, ref=row.ref, lookup=lookup)

    def _unseal(self, snapshot: Snapshot, commitment: bytes, ref: str) -> bytes | None:
        """Return a payload, or None if it or its subject's key is gone."""
        row, subject = snapshot.find_payload(commitment), snapshot.find_subject(ref=ref)
        if row is None or subject is None:
            return None
        key = self._key.unwrap(subject.wrapped, ref=ref, lookup=subject.lookup)
        return unseal(key, ref=ref, commitment=commitment, sealed=row.sealed)


def named_payload(entry: LedgerEntry) -> tuple[bytes, str] | None:
    """Return the commitment and the subject's name in an entry, if it has them."""
    fact = entry.event.facts.get(FACT)
    if not isinstance(fact, dict):
        return None
    commitment = fact.get("commitment")
    if not isinstance(commitment, str) or not commitment.startswith(_PREFIX):
        return None
    try:
        return bytes.fromhex(commitment.removeprefix(_PREFIX)), str(fact.get("subject"))
    except ValueError:
        return None


def _check(one: Sensitive) -> None:
    if len(one.payload) > MAX_PAYLOAD:
        raise UsageError(f"a payload of {len(one.payload)} bytes; {MAX_PAYLOAD} is the most")
    if FACT in one.event.facts:
        raise UsageError(f"the event {one.event.type} has a fact {FACT!r} already")
    if one.key is not None:
        check_key(one.key)


def _entries(snapshot: Snapshot, kind: str | None) -> Iterator[LedgerEntry]:
    for row in read_rows(snapshot.rows(start=0, subject=None, type_=kind)):
        yield read_leaf(row.leaf)


def _erased(snapshot: Snapshot) -> dict[str, int]:
    """Return the names of erased subjects, each with the entry that says so."""
    return {
        str(entry.event.facts.get("subject")): entry.number for entry in _entries(snapshot, ERASED)
    }
