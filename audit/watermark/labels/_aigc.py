"""The metadata label of GB 45438-2025, as producers write it in practice.

`ProduceID` is our receipt id and `ReservedCode1` the receipt's signature, so
the label leads to the evidence and cannot be moved to another receipt.
"""

import re

from audit.core.errors import SignatureMismatch
from audit.documents import AigcLabel, SignedReceipt

# 001, kind of code, unified social credit code (18) or other identity, service: 27 in all.
_PRODUCER = re.compile(r"[0-9A-Z]{22,27}")


def label_for(signed: SignedReceipt, *, producer: str, propagator: str | None = None) -> AigcLabel:
    """Return the label of a response; `producer` and `propagator` are the registered codes."""
    return AigcLabel(
        label="1",
        content_producer=producer,
        produce_id=signed.receipt.receipt_id,
        reserved_code1=signed.signature,
        content_propagator=propagator or producer,
        propagate_id=signed.receipt.receipt_id,
        reserved_code2="",
    )


def verify_label(label: AigcLabel, signed: SignedReceipt) -> None:
    """Check that a label is the one of this receipt.

    Raises:
        SignatureMismatch: it names another receipt, or carries another signature.
    """
    if label.produce_id != signed.receipt.receipt_id:
        raise SignatureMismatch(
            f"the label names {label.produce_id}, the receipt is {signed.receipt.receipt_id}"
        )
    if label.reserved_code1 != signed.signature:
        raise SignatureMismatch(
            f"the label of {label.produce_id} carries another signature than its receipt"
        )


def label_remarks(label: AigcLabel) -> tuple[str, ...]:
    """Return what a reader of the standard would question in a label that is well formed."""
    found = []
    if not _PRODUCER.fullmatch(label.content_producer):
        found.append("ContentProducer is not a registered code of 22 to 27 capitals and digits")
    if not label.reserved_code1:
        found.append("ReservedCode1 is empty: nothing ties the label to its producer")
    if not label.content_propagator:
        found.append("ContentPropagator is empty")
    return tuple(found)
