"""What a ledger says of receipts: is this one recorded, once, and when it says it was made?

A receipt's own time is its gateway's word. The ledger's entries bound it: what
was made up later, under a time before a key's revocation, or taken from another
gateway's ledger, has no entry that was recorded when the receipt says it began.

Trust: entries are read as they are. Whether the ledger is whole is what
`audit ledger verify` and a checkpoint kept elsewhere say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.core.errors import ReceiptUnrecorded
from audit.documents import Event, LedgerEntry, Receipt
from audit.watermark._entries import BEGUN, FAILED, SERVED, begun_event, served_event

APART_NS = 300 * 10**9
"""A beginning recorded longer than this before or after the receipt's time is not its beginning."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The entries of a ledger about responses, by receipt id."""

    begun: Mapping[str, tuple[LedgerEntry, ...]]
    served: Mapping[str, tuple[LedgerEntry, ...]]
    failed: frozenset[str]

    def unfinished(self) -> tuple[tuple[str, int], ...]:
        """Return the responses that began and did not end, with the time their beginning was recorded."""
        return tuple(
            (receipt_id, entries[0].ts_ns)
            for receipt_id, entries in self.begun.items()
            if receipt_id not in self.served and receipt_id not in self.failed
        )


def recorded_responses(entries: Iterable[LedgerEntry]) -> Recorded:
    """Return what entries say of responses; entries about anything else are passed over."""
    begun: dict[str, tuple[LedgerEntry, ...]] = {}
    served: dict[str, tuple[LedgerEntry, ...]] = {}
    failed: set[str] = set()
    for entry in entries:
        receipt_id = entry.event.facts.get("receipt_id")
        if not isinstance(receipt_id, str):
            continue
        if entry.event.type in (BEGUN, SERVED):
            known = begun if entry.event.type == BEGUN else served
            known[receipt_id] = (*known.get(receipt_id, ()), entry)
        elif entry.event.type == FAILED:
            failed.add(receipt_id)
    return Recorded(begun, served, frozenset(failed))


def verify_recorded(receipt: Receipt, recorded: Recorded) -> LedgerEntry:
    """Return the entry that records a receipt.

    Raises:
        ReceiptUnrecorded: there is none, or several, or it records another
            receipt, or the response began at another time than the receipt says.
    """
    name = f"receipt {receipt.receipt_id}"
    served = recorded.served.get(receipt.receipt_id, ())
    if len(served) != 1:
        raise ReceiptUnrecorded(f"{name}: {len(served)} entries record it, one does")
    if not _same(served[0].event, served_event(receipt)):
        raise ReceiptUnrecorded(f"{name}: ledger entry {served[0].seq} records another receipt")
    expected = begun_event(
        receipt.receipt_id,
        receipt.ts_ns,
        model_id=receipt.model_id,
        model_digest=receipt.model_digest,
    )
    begun = recorded.begun.get(receipt.receipt_id, ())
    if len(begun) != 1 or not _same(begun[0].event, expected):
        raise ReceiptUnrecorded(f"{name}: the ledger has no beginning of its response")
    late = begun[0].ts_ns - receipt.ts_ns
    if abs(late) > APART_NS or begun[0].number >= served[0].number:
        raise ReceiptUnrecorded(
            f"{name}: its beginning was recorded {late // 10**9} s after the time it names",
            hint="the receipt was made up later, or a clock was wrong; ask who keeps the ledger",
        )
    return served[0]


def _same(found: Event, expected: Event) -> bool:
    return found.model_dump(mode="json") == expected.model_dump(mode="json")
