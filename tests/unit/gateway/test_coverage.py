"""Coverage receipts in a real ledger."""

from pathlib import Path

from audit.gateway import ledger_record, redaction_event
from audit.ledger import open_ledger
from audit.redact import redact

NUMBER = "13812345678"


def test_a_receipt_holds_counts_and_no_text() -> None:
    event = redaction_event(redact(f"call {NUMBER}"))
    assert event.facts["counts"] == {"PHONE_NUMBER": 1}
    assert NUMBER not in event.model_dump_json()


def test_receipts_are_entries_of_the_ledger(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db", create=True) as ledger:
        record = ledger_record(ledger)
        record(redact(f"call {NUMBER}"))
        entries = list(ledger.entries())
    assert [entry.event.type for entry in entries][-1] == "redaction.applied"
