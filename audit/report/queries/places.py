"""Queries about where things went."""

from collections import Counter

from audit.documents import QueryOutcome, Text
from audit.report._query import Query, Reply, count
from audit.report._trail import fact_text
from audit.report._view import View

PUSHED = "release.pushed"


def _places(view: View) -> Reply:
    pushed = Counter(fact_text(entry, "name") or "" for entry in view.entries(PUSHED))
    rows = [{"name": name, "times": times} for name, times in sorted(pushed.items())]
    # Knowing a place is not knowing its region: nothing here answers the query's rule.
    if not rows:
        observed = Text(
            en="No push to a registry and no other place is recorded.",
            zh="没有推送至镜像库或其他处理地点的记录。",
        )
    else:
        observed = Text(
            en=f"{count(sum(pushed.values()), 'push', 'pushes')} to registries recorded; region, "
            "operator and transfer basis of a place are not.",
            zh=f"记录了 {sum(pushed.values())} 次推送至镜像库；未记录地点的地区、运营者与出境依据。",
        )
    return Reply(QueryOutcome.ABSENT, observed, rows)


QUERIES = (Query("transfer.map", _places),)
