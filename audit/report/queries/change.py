"""Queries about configuration and change."""

from audit.documents import QueryOutcome, Text
from audit.report._plain import Row
from audit.report._query import Query, Reply, count
from audit.report._trail import DESCRIBED
from audit.report._view import View
from audit.report.queries.release import NO_RELEASE


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


QUERIES = (Query("config.history", _configuration),)
