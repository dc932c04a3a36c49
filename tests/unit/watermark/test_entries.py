"""What the ledger says of responses, and how a cut is seen in it."""

import hashlib
import json
from pathlib import Path

from audit.documents import Event
from audit.ledger import open_ledger
from audit.watermark import (
    begun_event,
    failed_event,
    log_hash,
    served_event,
    unfinished,
)
from tests.unit.watermark.made import receipt

MODEL = {"model_id": "acme/tiny", "model_digest": "sha256:" + "1" * 64}


def begun(number: int) -> Event:
    one = receipt(number)
    return begun_event(one.receipt_id, one.ts_ns, **MODEL)


def test_the_entry_of_a_response_has_the_three_fields_and_leads_to_the_receipt() -> None:
    one = receipt(redacted_log="sha256:" + "7" * 64)
    event = served_event(one)
    assert event.facts["log_hash"] == log_hash(one)
    assert event.facts["timestamp"] == str(one.ts_ns)
    assert event.facts["model_id"] == event.model_id == "acme/tiny"
    assert event.subject == MODEL["model_digest"]
    assert [(out.name, out.digest) for out in event.outputs] == [("receipt", one.document_digest())]


def test_the_log_hash_is_a_digest_over_an_object_and_changes_with_both_parts() -> None:
    log = "sha256:" + "7" * 64
    one = receipt(redacted_log=log)
    text = json.dumps(
        {
            "domain": "lastmile-audit/log-hash/v1",
            "redacted_log": log,
            "watermark": one.document_digest(),
        },
        separators=(",", ":"),
    )
    assert log_hash(one) == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    others = {log_hash(receipt(redacted_log=None)), log_hash(receipt(1, redacted_log=log))}
    assert len(others | {log_hash(one)}) == 3


def test_a_response_that_began_and_did_not_end_is_found(tmp_path: Path) -> None:
    events = [
        begun(0),
        begun(1),
        served_event(receipt(0)),
        begun(2),
        failed_event(receipt(2).receipt_id, "engine", **MODEL),
    ]
    with open_ledger(str(tmp_path / "a.db"), create=True) as ledger:
        ledger.append_many(events)
        found = unfinished(entry.event for entry in ledger.entries())
    assert found == (receipt(1).receipt_id,)


def test_other_events_do_not_disturb_it() -> None:
    assert unfinished([Event(type="release.verdict"), served_event(receipt(0))]) == ()
