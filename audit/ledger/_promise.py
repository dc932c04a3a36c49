"""Promises: signed statements that an event will be in the log.

Until it is sequenced, nothing in the ledger commits to an event in the inbox. So
its writer gets a note signed by the log that names the event's hash and when it
will be there. If it is not there then, the note and the log together show that
an event was dropped, or that the log did not keep its word; nobody can tell
which, and nobody needs to.
"""

import hashlib
from dataclasses import dataclass

from audit.core.errors import EntryExpired, EvidenceError, PromiseBroken, SignatureMismatch
from audit.documents import LedgerEntry, NoteSigner
from audit.ledger._keys import VerifierKey
from audit.ledger._leaf import check_key, read_leaf
from audit.ledger._minimum import minimum_of
from audit.ledger._note import SignatureLine, verify_note
from audit.ledger.store._append import event_of
from audit.ledger.store._rows import EntryRow, Snapshot

_HEADER = "audit.promise/v1"
_LINES = 7


@dataclass(frozen=True, slots=True)
class Promise:
    """The event with this hash, recorded under `key`, is in the log of `origin` by `due_ns`."""

    origin: str
    key: str
    event: str
    due_ns: int
    note: bytes


def make_promise(event: bytes, *, key: str, due_ns: int, signer: NoteSigner) -> Promise:
    """Return the log's promise to record an event; `signer` is the log's key."""
    digest = hashlib.sha256(event).hexdigest()
    text = f"{_HEADER}\n{signer.name}\n{check_key(key)}\nsha256:{digest}\n{due_ns}\n".encode()
    vkey = VerifierKey.parse(signer.vkey)
    line = SignatureLine(vkey.name, vkey.key_id, signer.sign_note(text))
    return read_promise(text + f"\n{line}\n".encode(), vkeys=(signer.vkey,))


def read_promise(note: bytes, *, vkeys: tuple[str, ...]) -> Promise:
    """Return the promise in a note signed by one of `vkeys`.

    Raises:
        SignatureMismatch: not a promise, or not by the log it names.
    """
    checked = verify_note(note, vkeys)
    header, *lines = checked.text.decode("utf-8").split("\n")
    if header != _HEADER or len(lines) != _LINES - 2 or lines[-1] or not lines[3].isdigit():
        raise SignatureMismatch("not a promise: it does not have exactly its five lines")
    origin, key, event, due = lines[:4]
    if origin not in {one.key.name for one in checked.verified if not one.key.is_witness}:
        raise SignatureMismatch(f"the promise is not signed by the log {origin}")
    return Promise(origin, key, event, int(due), note)


def find_promised(snapshot: Snapshot, promise: Promise, *, now_ns: int) -> LedgerEntry:
    """Return the entry that keeps a promise.

    Every entry is looked at before the promise is called broken; verify the
    ledger as well, for a broken one may leave out anything.

    Raises:
        PromiseBroken: it is due, and no entry holds the event.
        EvidenceError: it is not due yet.
        EntryExpired: its entry may have expired.
    """
    row = snapshot.recorded([promise.key]).get(promise.key)
    if row is not None and _holds(row, promise):
        return read_leaf(row.leaf)
    for row in snapshot.rows(start=0, subject=None, type_=None):
        if _holds(row, promise):
            return read_leaf(row.leaf)
    if now_ns <= promise.due_ns:
        raise EvidenceError(f"the event promised as {promise.key!r} is not due yet")
    oldest = next(snapshot.rows(start=0, subject=None, type_=None), None)
    if (minimum := minimum_of(snapshot)) and (oldest is None or promise.due_ns < oldest.ts_ns):
        raise EntryExpired(
            f"the event promised as {promise.key!r} was due before the oldest entry that is kept: "
            f"entries below {minimum} expired"
        )
    raise PromiseBroken(
        f"no entry holds the event {promise.event}, which {promise.origin} promised to record",
        hint="keep the promise: with the log's checkpoint it shows that an event was dropped",
    )


def _holds(row: EntryRow, promise: Promise) -> bool:
    return "sha256:" + hashlib.sha256(event_of(row)).hexdigest() == promise.event
