"""Writing reports: the ledger is asked once, and every format is a view of one document."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from audit.core.clock import Clock, now_ns
from audit.core.errors import UsageError
from audit.core.files import make_folder, write_whole
from audit.documents import Named, Report, ReportKind
from audit.report._catalogue import catalogues
from audit.report._compile import answers_of, compile_report
from audit.report._query import Record, ask
from audit.report._reader import LedgerReader
from audit.report._request import ReportRequest
from audit.report._view import View, survey
from audit.report.formats import FORMATS, Language
from audit.report.queries import QUERIES

KINDS: tuple[ReportKind, ...] = get_args(ReportKind)


def make_reports(
    reader: LedgerReader,
    kinds: Sequence[ReportKind] = KINDS,
    *,
    request: ReportRequest | None = None,
    clock: Clock = now_ns,
) -> tuple[Report, ...]:
    """Return the reports of these kinds over the whole ledger as it is now.

    A broken ledger gives reports that say so.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
        PersonalDataLeft: a report would print something with the shape of personal data.
    """
    request = request or ReportRequest()
    found = catalogues()
    view = View(reader, survey(reader, request, now_ns=clock()))
    answers = answers_of(view, found)
    return tuple(
        compile_report(kind, view, answers, about=request.about, found=found) for kind in kinds
    )


def write_reports(
    reader: LedgerReader,
    folder: Path,
    *,
    request: ReportRequest | None = None,
    language: Language = "both",
    clock: Clock = now_ns,
) -> tuple[Named, ...]:
    """Write gdpr and mlps reports, as JSON and HTML, into `folder`; return name and digest of each.

    Raises:
        LedgerUnavailable, PersonalDataLeft: as `make_reports`; nothing is written.
        StorageFailed: the folder cannot be written.
    """
    files = {
        f"{report.kind}.{name}": FORMATS[name](report, language)
        for report in make_reports(reader, request=request, clock=clock)
        for name in ("json", "html")
    }
    make_folder(folder)
    for name, data in files.items():
        with write_whole(folder / name) as file:
            file.write(data)
    return tuple(
        Named(name=name, digest="sha256:" + hashlib.sha256(data).hexdigest())
        for name, data in files.items()
    )


def ask_query(
    reader: LedgerReader, query: str, *, request: ReportRequest, clock: Clock = now_ns
) -> Record:
    """Return the full record of one query over the ledger as it is now.

    Raises:
        UsageError: no query has this name.
        LedgerUnavailable, PersonalDataLeft: as `make_reports`.
    """
    text = catalogues().query(query)
    if text is None:
        raise UsageError(
            f"no evidence query is named {query!r}", hint="list them: audit report queries"
        )
    view = View(reader, survey(reader, request, now_ns=clock()))
    return ask(QUERIES.get(query), text, view)
