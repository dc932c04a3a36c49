"""Queries about evaluation: recorded metrics, and whether the gate held them to a threshold."""

from audit.documents import QueryOutcome, Text
from audit.report._plain import Row
from audit.report._query import Query, Reply, count
from audit.report._trail import DESCRIBED, Trail, fact_texts
from audit.report._view import View
from audit.report.queries.release import NO_RELEASE, packaged

RULE = "evaluation-below-threshold"


def _metrics(trail: Trail) -> dict[str, str]:
    described = trail.before.get(DESCRIBED)
    facts = described.event.facts if described else {}
    return {
        name.removeprefix("eval."): value
        for name, value in sorted(facts.items())
        if name.startswith("eval.") and isinstance(value, str)
    }


def _evaluated(view: View) -> Reply:
    trails = packaged(view)
    if not trails:
        return NO_RELEASE
    rows: list[Row] = []
    for trail in trails:
        last = trail.decided[-1] if trail.decided else None
        below = last is not None and RULE in fact_texts(last, "findings")
        rows.append(
            {
                "seq": trail.packaged.number if trail.packaged else None,
                "model": trail.model_id or "",
                "version": trail.version or "",
                "subject": trail.subject,
                "metrics": [f"{name} = {value}" for name, value in _metrics(trail).items()],
                "threshold": "below" if below else "held" if last else "open",
                "allowed": "yes" if trail.was_allowed else "no",
            }
        )
    return _judged(rows)


def _judged(rows: list[Row]) -> Reply:
    measured = [row for row in rows if row["metrics"]]
    unmeasured = [row for row in rows if row["allowed"] == "yes" and not row["metrics"]]
    if unmeasured:
        observed = Text(
            en=f"{count(len(unmeasured), 'release')} allowed without a recorded metric, first "
            f"{unmeasured[0]['subject']}.",
            zh=f"{len(unmeasured)} 个发布在没有评测记录时获得放行，"
            f"首个为 {unmeasured[0]['subject']}。",
        )
        return Reply(QueryOutcome.FAIL, observed, rows)
    if not measured:
        observed = Text(
            en=f"None of {count(len(rows), 'release')} has a recorded metric.",
            zh=f"{len(rows)} 个发布均无评测记录。",
        )
        return Reply(QueryOutcome.ABSENT, observed, rows)
    held = all(row["threshold"] == "held" for row in measured) and len(measured) == len(rows)
    observed = Text(
        en=f"Metrics recorded for {len(measured)} of {count(len(rows), 'release')}; "
        f"{sum(row['threshold'] == 'held' for row in measured)} decided on with no finding below "
        f"a threshold, {sum(row['threshold'] == 'below' for row in measured)} found below one.",
        zh=f"{len(rows)} 个发布中 {len(measured)} 个有指标记录；"
        f"{sum(row['threshold'] == 'held' for row in measured)} 个经门禁决定未低于阈值，"
        f"{sum(row['threshold'] == 'below' for row in measured)} 个低于阈值。",
    )
    return Reply(QueryOutcome.PASS if held else QueryOutcome.PARTIAL, observed, rows)


QUERIES = (Query("eval.metrics", _evaluated),)
