"""OSCAL assessment results: one observation per query that was asked, one finding per item.

A finding is about the objective "evidence for this item is on record", never
about the requirement itself. OSCAL knows two states only: an item that is
shown in part is `not-satisfied` with the reason `other` and our result beside
it. Items that were not assessed have no finding.
"""

from audit.core.periods import show_instant
from audit.documents import ItemResult, QueryAnswer, QueryOutcome, Report, ReportItem
from audit.report._language import Language, in_language
from audit.report.formats._oscal import (
    Value,
    control_id,
    metadata,
    objective_id,
    prop,
    title_of,
    uuid_of,
    written,
)

_STATES = {
    ItemResult.MET: ("satisfied", "pass"),
    ItemResult.EVIDENCE_PRESENT: ("satisfied", "pass"),
    ItemResult.PARTLY_MET: ("not-satisfied", "other"),
    ItemResult.EVIDENCE_PARTIAL: ("not-satisfied", "other"),
    ItemResult.EVIDENCE_MISSING: ("not-satisfied", "other"),
    ItemResult.NOT_MET: ("not-satisfied", "fail"),
    ItemResult.CONTRADICTED: ("not-satisfied", "fail"),
}


def oscal_results(report: Report, language: Language) -> bytes:
    """Return the assessment results; control ids are those of `oscal_catalog`."""
    plan = uuid_of(report, "plan")
    results = {
        "uuid": uuid_of(report, "results"),
        "metadata": metadata(report, title_of(report, language)),
        "import-ap": {"href": f"#{plan}"},
        "results": [_result(report, language)],
        "back-matter": {
            "resources": [
                {
                    "uuid": plan,
                    "title": "The plan is the evidence queries that the report names",
                    "rlinks": [{"href": f"{report.kind}.json"}],
                }
            ]
        },
    }
    return written("assessment-results", results)


def _result(report: Report, language: Language) -> Value:
    asked = [one for one in report.answers if one.outcome is not QueryOutcome.NOT_RUN]
    observations = {one.query: _observation(report, one, language) for one in asked}
    found = [item for item in report.items if item.result in _STATES]
    result: Value = {
        "uuid": uuid_of(report, "result"),
        "title": in_language(report.framework.title, language),
        "description": in_language(report.framework.claim, language),
        "start": show_instant(report.scope.from_ns or report.scope.as_of_ns),
        "end": show_instant(report.scope.as_of_ns),
        "local-definitions": {"components": [_ledger(report)]},
        "reviewed-controls": {
            "control-selections": [
                {"include-controls": [{"control-id": control_id(report, i)} for i in report.items]}
            ]
        },
    }
    if observations:
        result["observations"] = list(observations.values())
    if found:
        result["findings"] = [_finding(report, item, observations, language) for item in found]
    return result


def _ledger(report: Report) -> Value:
    scope = report.scope
    return {
        "uuid": uuid_of(report, "ledger"),
        "type": "software",
        "title": "audit ledger",
        "description": f"The first {scope.size} entries of a hash-chained ledger.",
        "props": [prop("merkle-root", scope.root or "broken")],
        "status": {"state": "operational"},
    }


def _observation(report: Report, answer: QueryAnswer, language: Language) -> Value:
    return {
        "uuid": uuid_of(report, f"observation:{answer.query}"),
        "title": answer.query,
        "description": in_language(answer.observed, language),
        "props": [prop("outcome", answer.outcome)],
        "methods": [answer.method.upper()],
        "types": ["control-objective"],
        "subjects": [{"subject-uuid": uuid_of(report, "ledger"), "type": "component"}],
        "relevant-evidence": [
            {
                "description": in_language(answer.computes, language),
                "props": [prop("record-digest", answer.digest)],
            }
        ],
        "collected": show_instant(report.scope.as_of_ns),
        "remarks": in_language(answer.limit, language),
    }


def _finding(
    report: Report, item: ReportItem, observations: dict[str, Value], language: Language
) -> Value:
    state, reason = _STATES[item.result]
    cited = [name for name in (*item.evidence, *item.supporting) if name in observations]
    return {
        "uuid": uuid_of(report, f"finding:{item.id}"),
        "title": f"{item.id} {in_language(item.control_title, language)}",
        "description": in_language(item.reason, language),
        "props": [prop("result", item.result)],
        "target": {
            "type": "objective-id",
            "target-id": objective_id(report, item),
            "status": {"state": state, "reason": reason},
        },
        "related-observations": [
            {"observation-uuid": observations[name]["uuid"]} for name in cited
        ],
    }
