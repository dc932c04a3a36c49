"""Which receipts could a text belong to? By its hash, its label, and its wording.

A receipt becomes a candidate only when a trusted key signed it and its mark's
key counted at its time, and the ledger recorded it when one is given; one that
does not is remarked and left out.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from audit.core.errors import ConfigError, ReceiptUnrecorded, SignatureMismatch
from audit.documents import KeyRegistry, Receipt, ReceiptRecord, Via
from audit.watermark._keys import EpochKeys, text_lookup
from audit.watermark._receipts import TrustedKeys, commit_text, verify_key, verify_receipt
from audit.watermark._recorded import Recorded, verify_recorded
from audit.watermark._shelf import ReceiptShelf
from audit.watermark._text import canonical_text
from audit.watermark._wording import Shared, compare, fingerprint, unpack_fingerprint
from audit.watermark.labels import Carrier, find_label, find_reference, reference_holds

NEAREST = 16
"""Receipts that are looked at for their wording, per key."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A receipt the text may belong to, and what led to it."""

    record: ReceiptRecord
    via: frozenset[Via]
    exact: bool
    shared: Shared | None
    """None when the receipt's fingerprint was erased."""

    @property
    def receipt(self) -> Receipt:
        """The receipt itself."""
        return self.record.signed.receipt


@dataclass(slots=True)
class Found:
    """Candidates and remarks, while they are gathered."""

    candidates: dict[str, Candidate] = field(default_factory=dict)
    remarks: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where candidates come from and who vouches for them."""

    registry: KeyRegistry
    keys: Mapping[str, EpochKeys]
    shelf: ReceiptShelf | None
    trusted: TrustedKeys
    recorded: Recorded | None = None
    """What the ledger says of responses; None: receipts are believed for their signature alone."""


def gather(text: str, sources: Sources, more: Iterable[tuple[str, Via]] = ()) -> Found:
    """Return every receipt that the text itself leads to, and those named in `more`."""
    found = Found()
    ways: dict[str, set[Via]] = {}
    prints = {
        key_id: fingerprint(text, keys.fingerprint, most=None)
        for key_id, keys in sources.keys.items()
    }
    for receipt_id, via in [*_leads(text, prints, sources, found), *more]:
        ways.setdefault(receipt_id, set()).add(via)
    for receipt_id, vias in ways.items():
        record = sources.shelf.find(receipt_id) if sources.shelf else None
        if record is None:
            found.remarks.add("receipt-missing")
        elif _counts(record, sources, found):
            found.candidates[receipt_id] = _candidate(record, vias, text, prints)
    return found


def _leads(
    text: str, prints: Mapping[str, tuple[int, ...]], sources: Sources, found: Found
) -> Iterable[tuple[str, Via]]:
    try:
        label = find_label(text, Carrier.TEXT, source="text")
    except ConfigError:
        found.remarks.add("label-malformed")
        label = None
    if label is not None:
        yield label.produce_id, Via.LABEL
    try:
        reference = find_reference(text)
    except ConfigError:
        found.remarks.add("wrapper-malformed")
        reference = None
    if reference is not None:
        if any(reference_holds(reference, keys.text) for keys in sources.keys.values()):
            yield reference.receipt_id, Via.LABEL
        else:
            found.remarks.add("wrapper-malformed")
    if sources.shelf is None:
        return
    canonical = canonical_text(text)
    lookups = [text_lookup(keys, canonical) for keys in sources.keys.values()]
    for receipt_id in sources.shelf.find_texts(lookups):
        yield receipt_id, Via.HASH
    for hashes in prints.values():
        for receipt_id in sources.shelf.nearest(hashes, most=NEAREST):
            yield receipt_id, Via.FINGERPRINT


def _counts(record: ReceiptRecord, sources: Sources, found: Found) -> bool:
    try:
        receipt = verify_receipt(record.signed, sources.trusted)
    except SignatureMismatch:
        found.remarks.add("receipt-not-trusted")
        return False
    try:
        verify_key(receipt, sources.registry)
    except SignatureMismatch:
        found.remarks.add("key-not-valid")
        return False
    try:
        if sources.recorded is not None:
            verify_recorded(receipt, sources.recorded)
    except ReceiptUnrecorded:
        found.remarks.add("receipt-unrecorded")
        return False
    return True


def _candidate(
    record: ReceiptRecord, vias: set[Via], text: str, prints: Mapping[str, tuple[int, ...]]
) -> Candidate:
    receipt = record.signed.receipt
    exact = record.salt is not None and hmac.compare_digest(
        commit_text(text, bytes.fromhex(record.salt)), receipt.text_commitment
    )
    shared = None
    if record.fingerprint is not None:
        kept = unpack_fingerprint(bytes.fromhex(record.fingerprint))
        measured = [compare(part, kept) for part in prints.values()]
        shared = max(measured, key=lambda one: one.hashes, default=None)
    ways = vias if exact else vias - {Via.HASH}
    return Candidate(record, frozenset(ways), exact, shared)
