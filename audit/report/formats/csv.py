"""CSV: one line per item, in the columns of the audit import of CISO Assistant.

`compliance_result` is always `not_assessed`: a person decides on compliance.
What the ledger shows stands in `observations`, and how far a person has to go
in `requirement_progress`.
"""

import csv as writer
import io

from audit.documents import POSITIVE, ItemResult, Report, ReportItem
from audit.report._language import Language, in_language, words

COLUMNS = (
    "urn",
    "assessable",
    "ref_id",
    "name",
    "description",
    "compliance_result",
    "requirement_progress",
    "score",
    "implementation_score",
    "documentation_score",
    "observations",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv(report: Report, language: Language) -> bytes:
    """Return the report as CSV (RFC 4180) in UTF-8."""
    text = io.StringIO()
    out = writer.DictWriter(text, COLUMNS, lineterminator="\r\n", restval="")
    out.writeheader()
    for item in report.items:
        out.writerow({name: _cell(value) for name, value in _line(report, item, language).items()})
    return text.getvalue().encode("utf-8")


def _line(report: Report, item: ReportItem, language: Language) -> dict[str, str]:
    ours = (
        f"urn:lastmile-audit:req_node:{report.framework.id}:{item.id.rstrip(')').replace(' ', '.')}"
    )
    result = in_language(words()[f"result.{item.result}"], language)
    return {
        "urn": item.refs.get("ciso_assistant", ours),
        "assessable": "x",
        "ref_id": item.id,
        "name": in_language(item.control_title, language),
        "description": in_language(item.text, language),
        "compliance_result": "not_assessed",
        "requirement_progress": _progress(item.result),
        "observations": f"{result}: {in_language(item.reason, language)} "
        f"[{', '.join((*item.evidence, *item.supporting))}] {report.digest}",
    }


def _progress(result: ItemResult) -> str:
    if result in {ItemResult.MET, ItemResult.EVIDENCE_PRESENT}:
        return "in_review"
    touched = POSITIVE | {ItemResult.NOT_MET, ItemResult.CONTRADICTED}
    return "in_progress" if result in touched else "to_do"


def _cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value
