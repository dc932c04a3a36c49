"""Coverage receipts: what was found and looked at, in the ledger, without the text."""

from audit.documents import Event
from audit.gateway._tally import Record
from audit.ledger import Ledger
from audit.redact import RedactedText

REDACTED = "redaction.applied"
"""The type of the event that one redacted text makes."""


def redaction_event(result: RedactedText) -> Event:
    """Return the event of a redacted text: counts, recognisers and coverage, no places and no text."""
    report = result.report()
    return Event(
        type=REDACTED,
        facts={
            "counts": report.counts,
            "characters": report.characters,
            "layers": list(report.layers),
            "recognisers": list(report.recognisers),
            "refused": report.refused or "",
        },
    )


def ledger_record(ledger: Ledger) -> Record:
    """Return a `record` for the middleware or service that appends an event for each redacted text.

    An event that cannot be recorded refuses the text: what is not in the ledger did not happen.
    """

    def record(result: RedactedText) -> None:
        ledger.append(redaction_event(result))

    return record
