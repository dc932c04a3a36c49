"""What the ledger says of a response: that it began, and how it ended.

    response.begun    before the first token: receipt id, time, model
    response.served   before the last byte: log_hash, timestamp, model_id, coverage
    response.failed   instead of served, when nothing or only a part was delivered

A response that was begun and neither served nor failed was cut off between
answer and ledger; `unfinished` finds it.
"""

import hashlib
from collections.abc import Iterable

from audit.core.canonical import canonical_bytes
from audit.documents import Event, Named, Receipt

BEGUN, SERVED, FAILED = "response.begun", "response.served", "response.failed"
_LOG_HASH = "lastmile-audit/log-hash/v1"


def log_hash(receipt: Receipt) -> str:
    """Return the digest that ties a redacted log record and a watermark receipt together.

    SHA-256 of the canonical JSON of an object with a domain, the digest of the
    redacted log record, and the receipt's digest; nothing is concatenated.
    """
    value = {
        "domain": _LOG_HASH,
        "redacted_log": receipt.redacted_log,
        "watermark": receipt.document_digest(),
    }
    return "sha256:" + hashlib.sha256(canonical_bytes(value)).hexdigest()


def begun_event(receipt_id: str, ts_ns: int, *, model_id: str, model_digest: str) -> Event:
    """Return the event that is recorded before a response is generated."""
    return Event(
        type=BEGUN,
        model_id=model_id,
        subject=model_digest,
        facts={"receipt_id": receipt_id, "timestamp": str(ts_ns), "model_id": model_id},
    )


def served_event(receipt: Receipt) -> Event:
    """Return the event that is recorded before a response ends."""
    return Event(
        type=SERVED,
        model_id=receipt.model_id,
        subject=receipt.model_digest,
        outputs=(Named(name="receipt", digest=receipt.document_digest()),),
        facts={
            "log_hash": log_hash(receipt),
            "timestamp": str(receipt.ts_ns),
            "model_id": receipt.model_id,
            "receipt_id": receipt.receipt_id,
            "coverage": receipt.coverage.value,
            "tokens": receipt.tokens,
        },
    )


def failed_event(receipt_id: str, reason: str, *, model_id: str, model_digest: str) -> Event:
    """Return the event for a response that was not served whole; `reason` is a short code."""
    return Event(
        type=FAILED,
        model_id=model_id,
        subject=model_digest,
        facts={"receipt_id": receipt_id, "reason": reason, "model_id": model_id},
    )


def unfinished(events: Iterable[Event]) -> tuple[str, ...]:
    """Return the receipt ids of responses that began and neither were served nor failed."""
    open_ids: dict[str, None] = {}
    for event in events:
        receipt_id = event.facts.get("receipt_id")
        if not isinstance(receipt_id, str):
            continue
        if event.type == BEGUN:
            open_ids[receipt_id] = None
        elif event.type in (SERVED, FAILED):
            open_ids.pop(receipt_id, None)
    return tuple(open_ids)
