"""Queries about configuration and change."""

from audit.documents import LedgerEntry, QueryOutcome, Text
from audit.report._plain import Row
from audit.report._query import Query, Reply, count
from audit.report._trail import DESCRIBED, fact_text
from audit.report._view import View
from audit.report.queries.release import NO_RELEASE

INTENDED = "canary.rollback_intended"
ENDED = {"canary.rolled_back": "done", "canary.rollback_failed": "failed"}


def _configuration(view: View) -> Reply:
    rows: list[Row] = []
    releases = 0
    for entry in view.entries(DESCRIBED):
        releases += 1
        rows += [
            {
                "seq": entry.number,
                "ts_ns": str(entry.ts_ns),
                "model": entry.event.model_id or "",
                "name": one.name,
                "digest": one.digest,
            }
            for one in entry.event.inputs
        ]
    if not rows:
        return NO_RELEASE
    observed = Text(
        en=f"{count(len(rows), 'configuration file')} named by digest in {releases} release "
        "descriptions; author and ticket of a change are not recorded.",
        zh=f"{releases} 次发布描述中以摘要记录 {len(rows)} 个配置文件；未记录变更人与工单。",
    )
    return Reply(QueryOutcome.PARTIAL, observed, rows)


def _rollbacks(view: View) -> Reply:
    ended: dict[str, str] = {}
    intents: list[Row] = []
    for entry in view.entries(INTENDED, *ENDED):
        if entry.event.type == INTENDED:
            intents.append(_intent(entry))
        else:
            ended[fact_text(entry, "intended") or ""] = ENDED[entry.event.type]
    if not intents:
        observed = Text(en="No roll-back is recorded in this range.", zh="该范围内没有回滚记录。")
        return Reply(QueryOutcome.ABSENT, observed)
    rows: list[Row] = [row | {"ended": ended.get(str(row["seq"]), "open")} for row in intents]
    open_ = [row["seq"] for row in rows if row["ended"] == "open"]
    observed = Text(
        en=f"{count(len(rows), 'roll-back')}, each with the verdict it goes back to; {len(open_)} of "
        "which no end is recorded.",
        zh=f"回滚 {len(rows)} 次，均写明所依据的裁决；其中 {len(open_)} 次没有结束记录。",
    )
    return Reply(QueryOutcome.PARTIAL if open_ else QueryOutcome.PASS, observed, rows)


def _intent(entry: LedgerEntry) -> Row:
    return {
        "seq": entry.number,
        "ts_ns": str(entry.ts_ns),
        "subject": entry.event.subject or "",
        "actor": fact_text(entry, "actor") or "",
        "before": fact_text(entry, "before") or "",
        "after": fact_text(entry, "after") or "",
        "verdict": next((one.digest for one in entry.event.inputs if one.name == "verdict"), ""),
    }


QUERIES = (Query("config.history", _configuration), Query("change.rollback", _rollbacks))
