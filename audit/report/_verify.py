"""Does a report still follow from the ledger? Everything in it is made again and compared."""

import hashlib

import audit
from audit.core.errors import (
    ChainBroken,
    ConfigError,
    EntryExpired,
    EvidenceError,
    VerificationError,
)
from audit.documents import Report, ReportVerification
from audit.report._catalogue import catalogues
from audit.report._compile import answers_of, compile_report, digest_of
from audit.report._query import Record, ask
from audit.report._reader import LedgerReader
from audit.report._view import revisit
from audit.report.formats.json_v1 import json_v1
from audit.report.queries import QUERIES

RENDERED = "report.rendered"
EXPIRED = "ledger.expired"


def read_report(data: bytes, *, source: str) -> Report:
    """Return the report in `data`, which must be exactly the bytes that were written.

    Raises:
        VerificationError: not an `audit.report/v1` document, or a byte of it was edited.
    """
    try:
        report = Report.read(data, source=source)
    except ConfigError as exc:
        raise VerificationError(
            f"{source} is not a report as it was written: {exc}",
            hint="the report is its JSON; HTML, CSV and text are views of it: -o report.json",
        ) from exc
    if report.digest != digest_of(report) or json_v1(report) != data:
        raise VerificationError(f"{source} was edited after it was written: its digest differs")
    return report


def verify_report(
    reader: LedgerReader, data: bytes, *, source: str, vkeys: tuple[str, ...] = ()
) -> ReportVerification:
    """Return what is confirmed of the report in `data` after making it again from the ledger.

    `vkeys`, when given, are the log keys that the report must have believed.

    Raises:
        VerificationError: the file was edited, believed other keys, or does not follow.
        ChainBroken: the ledger no longer is what the report was made from.
        EvidenceError: made by another version, so it cannot be made again by this one.
        EntryExpired: entries that it was made from have expired since.
        LedgerUnavailable: the ledger cannot be read.
    """
    report = read_report(data, source=source)
    if vkeys and set(vkeys) != set(report.scope.vkeys):
        raise VerificationError(f"{source} was made with other log keys than those given")
    found = catalogues()
    made = report.maker
    if (made.version, made.catalogues) != (audit.__version__, found.digest):
        raise EvidenceError(
            f"{source} was made by version {made.version} with catalogues {made.catalogues}; this "
            f"is {audit.__version__} with {found.digest}",
            hint="verify it with the version that made it",
        )
    view = revisit(reader, report.scope)
    again = compile_report(
        report.kind, view, answers_of(view, found), about=report.about, found=found
    )
    if again != report and (entry := _expired_since(reader, report)) is not None:
        raise EntryExpired(
            f"{source} cannot be made again: entries it was made from have expired since, as ledger "
            f"entry {entry} records",
            hint="the entry that recorded the report still names its digest",
        )
    if again != report:
        raise VerificationError(
            f"{source} does not follow from the ledger: {_difference(report, again)}"
        )
    return ReportVerification(
        report=report.digest,
        kind=report.kind,
        scope=report.scope,
        recorded_seq=_recorded(reader, data),
    )


def _expired_since(reader: LedgerReader, report: Report) -> int | None:
    """Return the entry that records an expiry after the report was made, if there is one."""
    found = (one.number for one in reader.entries(type=EXPIRED))
    return next((number for number in found if number >= report.scope.size), None)


def ask_again(reader: LedgerReader, report: Report, query: str) -> Record:
    """Return the full record of one query over exactly the range that a report was made from.

    Raises:
        ChainBroken, LedgerUnavailable: as `verify_report`.
        VerificationError: the report has no answer to this query.
    """
    text = catalogues().query(query)
    if text is None or query not in {answer.query for answer in report.answers}:
        raise VerificationError(f"the report has no answer to {query!r}")
    return ask(QUERIES.get(query), text, revisit(reader, report.scope))


def _difference(report: Report, again: Report) -> str:
    """Return the first thing that differs: a query, an item, or the part of the report."""
    for old, new in zip(report.answers, again.answers, strict=False):
        if old != new:
            return f"{old.query} now gives {new.digest} ({new.outcome}), not {old.digest}"
    for was, now in zip(report.items, again.items, strict=False):
        if was != now:
            return f"{was.id} now reads {now.result}, not {was.result}"
    names = [name for name in Report.model_fields if getattr(report, name) != getattr(again, name)]
    return f"its {names[0]} differs"


def _recorded(reader: LedgerReader, data: bytes) -> int | None:
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    try:
        for entry in reader.entries(type=RENDERED):
            if any(output.digest == digest for output in entry.event.outputs):
                return entry.number
    except ChainBroken:  # a report on a broken ledger: what was recorded is not known
        return None
    return None
