"""Queries about the gate: what it decided, under which policy, with which rules off."""

from collections import Counter

from audit.documents import LedgerEntry, Outcome, QueryOutcome, Text
from audit.report._language import words
from audit.report._plain import Row
from audit.report._query import Query, Reply, count
from audit.report._trail import DECIDED, fact_text, fact_texts
from audit.report._view import View

NO_DECISION = Reply(
    QueryOutcome.ABSENT,
    Text(en="No gate decision is recorded in this range.", zh="该范围内没有门禁决定记录。"),
)


def _decision(entry: LedgerEntry) -> Row:
    return {
        "seq": entry.number,
        "ts_ns": str(entry.ts_ns),
        "subject": entry.event.subject or "",
        "outcome": fact_text(entry, "outcome") or "",
        "policy": fact_text(entry, "policy") or "",
        "policy_version": fact_text(entry, "policy_version") or "",
        "findings": fact_texts(entry, "findings"),
    }


def _decisions(view: View) -> Reply:
    rows = [_decision(entry) for entry in view.entries(DECIDED)]
    if not rows:
        return NO_DECISION
    outcomes = Counter(str(row["outcome"]) for row in rows)
    wrong = [row["seq"] for row in rows if not _is_sound(row)]
    open_ = [trail.subject for trail in view.trails if not trail.decided]
    said = {one: words()[f"val.{one}"] for one in Outcome}
    tally = Text(
        en=", ".join(f"{outcomes[one]} {said[one].en}" for one in Outcome),
        zh="、".join(f"{said[one].zh} {outcomes[one]}" for one in Outcome),
    )
    if wrong:
        observed = Text(
            en=f"Entry {wrong[0]} records a decision that contradicts its own findings ({tally.en}).",
            zh=f"条目 {wrong[0]} 所记决定与其自身发现相矛盾（{tally.zh}）。",
        )
        return Reply(QueryOutcome.FAIL, observed, rows)
    observed = Text(
        en=f"{count(len(rows), 'decision')}: {tally.en}; {count(len(open_), 'release')} packaged "
        "without a decision.",
        zh=f"决定 {len(rows)} 次：{tally.zh}；已打包而无决定的发布 {len(open_)} 个。",
    )
    return Reply(QueryOutcome.PARTIAL if open_ else QueryOutcome.PASS, observed, rows)


def _is_sound(row: Row) -> bool:
    """Whether the outcome is one the gate gives, and allowed only without findings."""
    if row["outcome"] not in set(Outcome):
        return False
    return (row["outcome"] == Outcome.ALLOW) is not bool(row["findings"])


def _waivers(view: View) -> Reply:
    decided = 0
    rows: list[Row] = []
    for entry in view.entries(DECIDED):
        decided += 1
        rows += [
            {"seq": entry.number, "subject": entry.event.subject or "", "rule": rule}
            for rule in fact_texts(entry, "rules_off")
        ]
    if not decided:
        return NO_DECISION
    if not rows:
        observed = Text(
            en=f"None of {count(decided, 'decision')} records a waiver or a rule switched off.",
            zh=f"{decided} 次决定均未记录豁免或关闭的规则。",
        )
        return Reply(QueryOutcome.ABSENT, observed)
    observed = Text(
        en=f"{count(len(rows), 'time')} a rule was off by policy; approver and expiry are not "
        "recorded.",
        zh=f"规则依策略关闭 {len(rows)} 次；未记录批准人与到期时间。",
    )
    return Reply(QueryOutcome.PARTIAL, observed, rows)


def _policies(view: View) -> Reply:
    seen: dict[str, Row] = {}
    unnamed: list[int] = []
    for entry in view.entries(DECIDED):
        digest = next((one.digest for one in entry.event.inputs if one.name == "policy"), None)
        if digest is None:
            unnamed.append(entry.number)
            continue
        row = seen.setdefault(
            digest,
            {
                "policy": fact_text(entry, "policy") or "",
                "policy_version": fact_text(entry, "policy_version") or "",
                "digest": digest,
                "first_seq": entry.number,
                "decisions": 0,
            },
        )
        row |= {"last_seq": entry.number, "decisions": row["decisions"] + 1}
    if not seen and not unnamed:
        return NO_DECISION
    rows = list(seen.values())
    if unnamed:
        observed = Text(
            en=f"{count(len(unnamed), 'decision')} name no policy, first in entry {unnamed[0]}.",
            zh=f"{len(unnamed)} 次决定未写明策略，首见于条目 {unnamed[0]}。",
        )
        return Reply(QueryOutcome.FAIL, observed, rows)
    observed = Text(
        en=f"Every decision names its policy by digest ({count(len(rows), 'version')}); "
        "signatures and reviews of policies are not recorded.",
        zh=f"每次决定均以摘要写明策略（{len(rows)} 个版本）；未记录策略的签名与复核。",
    )
    return Reply(QueryOutcome.PARTIAL, observed, rows)


QUERIES = (
    Query("gate.decisions", _decisions),
    Query("waiver.register", _waivers),
    Query("policy.history", _policies),
)
