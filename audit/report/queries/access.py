"""Queries about who acted."""

from audit.documents import QueryOutcome, Text
from audit.report._query import Query, Reply, count
from audit.report._view import View


def _actor_unique(view: View) -> Reply:
    actors, keys, silent = view.census.actors, view.census.keys, view.census.silent
    rows = [{"actor": name, "entries": number} for name, number in sorted(actors.items())]
    rows += [{"key": name, "entries": number} for name, number in sorted(keys.items())]
    signatures = sum(keys.values())
    if not actors:
        observed = Text(
            en=f"No entry names an actor; {count(signatures, 'signature')} by "
            f"{count(len(keys), 'key')}, which are named by digest.",
            zh=f"没有条目写明主体；{signatures} 个签名由 {len(keys)} 个密钥作出（以摘要标识）。",
        )
        return Reply(QueryOutcome.ABSENT, observed, rows)
    observed = Text(
        en=f"{count(len(actors), 'actor')} named; {count(silent, 'entry', 'entries')} without one.",
        zh=f"写明主体 {len(actors)} 个；{silent} 条未写明。",
    )
    return Reply(QueryOutcome.PARTIAL if silent else QueryOutcome.PASS, observed, rows)


QUERIES = (Query("actor.unique", _actor_unique),)
