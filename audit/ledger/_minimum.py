"""The minimum index: the log's signed word that entries below it expired, and the hashes kept.

    audit.minimum-index/v1
    <origin>
    <minimum index>
    <root of the tree below it, base64>
    <number of the entry that records the expiry>
    <policy id>
    <policy version>
    <policy digest>

in a C2SP signed note by the log's key. Of each entry below the minimum index its
leaf hash is kept, so that every root that was signed can still be recomputed.

Trust: the log's word is all there is that entries expired, and were not cut
off. What they said is gone; that they were, and in which order, still holds.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.core.errors import AuditError, ChainBroken, SignatureMismatch
from audit.documents import ExpiredEntries, NoteSigner, leaf_hash
from audit.ledger._base64 import decode_base64, encode_base64
from audit.ledger._keys import VerifierKey
from audit.ledger._leaf import read_leaf
from audit.ledger._merkle import HASH_SIZE, split_hashes
from audit.ledger._note import SignatureLine, parse_note, verify_note
from audit.ledger.store._retention_rows import ExpiryRow, StubRow
from audit.ledger.store._rows import EntryRow, Snapshot

EXPIRED = "ledger.expired"
TILE = 256
"""Entries that one row of kept hashes is over."""
_HEADER = "audit.minimum-index/v1"
_LINES = 9


@dataclass(frozen=True, slots=True)
class MinimumIndex:
    """Entries of the log `origin` below `minimum` expired, as entry `entry` records."""

    origin: str
    minimum: int
    root: bytes
    entry: int
    policy: tuple[str, str, str]
    """The policy's id, version and digest."""

    def text(self) -> bytes:
        """Return the text that is signed."""
        lines = (
            _HEADER,
            self.origin,
            str(self.minimum),
            encode_base64(self.root),
            str(self.entry),
            *self.policy,
        )
        return "".join(f"{line}\n" for line in lines).encode()

    def facts(self) -> dict[str, str]:
        """Return what the entry says of the expiry that it records."""
        identity, version, digest = self.policy
        return {
            "minimum": str(self.minimum),
            "policy": digest,
            "policy_id": identity,
            "policy_version": version,
            "root": self.root.hex(),
        }


def sign_minimum(new: MinimumIndex, signer: NoteSigner) -> bytes:
    """Return the note that says so, signed by the log's key."""
    key = VerifierKey.parse(signer.vkey)
    line = SignatureLine(key.name, key.key_id, signer.sign_note(new.text()))
    note = new.text() + f"\n{line}\n".encode()
    read_minimum(note, vkeys=(signer.vkey,))
    return note


def read_minimum(note: bytes, *, vkeys: Sequence[str] | None) -> MinimumIndex:
    """Return what a note signed by one of `vkeys` says; None checks no signature.

    Raises:
        SignatureMismatch: not the note of a minimum index, or not by the log it names.
    """
    checked = parse_note(note) if vkeys is None else verify_note(note, vkeys)
    lines = checked.text.decode("utf-8").split("\n")
    if len(lines) != _LINES or lines[0] != _HEADER or not (lines[2] + lines[4]).isdecimal():
        raise SignatureMismatch("not the note of a minimum index")
    policy = (lines[5], lines[6], lines[7])
    found = MinimumIndex(lines[1], int(lines[2]), decode_base64(lines[3]), int(lines[4]), policy)
    if len(found.root) != HASH_SIZE or found.text() != checked.text:
        raise SignatureMismatch("not the note of a minimum index in its one spelling")
    keys = [one.key for one in checked.verified]
    if vkeys is not None and not any(
        key.name == found.origin and not key.is_witness for key in keys
    ):
        raise SignatureMismatch(f"the minimum index is not signed by the log {found.origin}")
    return found


def minimum_of(snapshot: Snapshot) -> int:
    """Return below which number entries expired, as the rows say; nothing is checked."""
    return max((row.minimum for row in snapshot.expiries()), default=0)


def kept_hashes(snapshot: Snapshot, minimum: int) -> Iterator[bytes]:
    """Give the leaf hashes of the entries below `minimum`, in order.

    Raises:
        ChainBroken: they are not all there; whether they are right shows in the root.
    """
    wanted = 0
    for tile, hashes in snapshot.stubs():
        if (tile, type(hashes), len(hashes)) != (wanted, bytes, TILE * HASH_SIZE):
            break
        yield from split_hashes(hashes)
        wanted += 1
    if wanted * TILE != minimum:
        raise ChainBroken(wanted * TILE, "expired, and the hash that has to be kept of it is gone")


def leaf_hashes(snapshot: Snapshot) -> Iterator[bytes]:
    """Give the leaf hashes of all entries, kept or recomputed, in order."""
    minimum = minimum_of(snapshot)
    rows = snapshot.rows(start=minimum, subject=None, type_=None)
    return itertools.chain(kept_hashes(snapshot, minimum), (leaf_hash(row.leaf) for row in rows))


def check_expiries(rows: Sequence[ExpiryRow], vkeys: Sequence[str]) -> list[MinimumIndex]:
    """Return what the log says of its expiries, oldest first.

    With `vkeys`, the last of them has to be signed by one of those.

    Raises:
        ChainBroken: a row is not what the log signed, or they are not in order.
    """
    found: list[MinimumIndex] = []
    for number, row in enumerate(rows):
        last = found[-1].minimum if found else 0
        try:
            one = read_minimum(row.note, vkeys=(row.vkey,))
        except (AuditError, TypeError, ValueError, AttributeError) as exc:
            raise ChainBroken(last, f"is followed by expiry {number}, which is bad: {exc}") from exc
        if (row.number, row.minimum) != (number, one.minimum) or one.minimum <= last:
            raise ChainBroken(last, f"is followed by expiry {number}, whose columns were edited")
        found.append(one)
    if rows and vkeys and rows[-1].vkey not in vkeys:
        raise ChainBroken(
            0, f"to {found[-1].minimum - 1} expired, but no key that is trusted here says so"
        )
    return found


def _check_recorded(snapshot: Snapshot, found: Sequence[MinimumIndex]) -> None:
    """Return if each expiry is recorded by the entry it names, as far as that is kept.

    Raises:
        ChainBroken: one is not.
    """
    for one in found:
        if one.entry < found[-1].minimum:
            continue
        rows = snapshot.rows(start=one.entry, subject=None, type_=EXPIRED)
        row = next(rows, None)
        rows.close()
        if row is None or row.seq != one.entry or not _records(row, one):
            raise ChainBroken(
                one.entry, f"does not record that entries below {one.minimum} expired"
            )


def _records(row: EntryRow, one: MinimumIndex) -> bool:
    facts = read_leaf(row.leaf).event.facts
    return {name: facts.get(name) for name in one.facts()} == one.facts()


def expired_entries(
    snapshot: Snapshot, rows: Sequence[ExpiryRow], found: Sequence[MinimumIndex]
) -> ExpiredEntries | None:
    """Return the last expiry as verification tells it, or None if nothing expired.

    Raises:
        ChainBroken: an expiry is not recorded by the entry that it names.
    """
    if not found:
        return None
    _check_recorded(snapshot, found)
    last = found[-1]
    return ExpiredEntries(
        below=last.minimum,
        entry=str(last.entry),
        policy_id=last.policy[0],
        policy_version=last.policy[1],
        policy_digest=last.policy[2],
        vkey=rows[-1].vkey,
    )


def stub_rows(start: int, hashes: Sequence[bytes]) -> list[StubRow]:
    """Return the rows that keep these hashes; `start` and their count are multiples of `TILE`."""
    return [
        StubRow((start + at) // TILE, b"".join(hashes[at : at + TILE]))
        for at in range(0, len(hashes), TILE)
    ]
