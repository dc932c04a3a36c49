"""Queries about personal data: what was replaced, what was refused, and what was erased."""

from collections import Counter

from audit.documents import LedgerEntry, QueryOutcome, Text
from audit.report._plain import Row
from audit.report._query import Query, Reply, count
from audit.report._trail import fact_count, fact_text
from audit.report._view import View

REDACTED = "redaction.applied"
ERASED = "ledger.erased"

NOTHING = Reply(
    QueryOutcome.ABSENT,
    Text(en="No redaction is recorded in this range.", zh="该范围内没有脱敏记录。"),
)


def _applied(view: View) -> Reply:
    texts = sum(1 for _ in view.entries(REDACTED))
    if not texts:
        return NOTHING
    responses = sum(1 for _ in view.entries("response.served"))
    observed = Text(
        en=f"{count(texts, 'text')} redacted and {count(responses, 'response')} served in the same "
        "range; which text belongs to which request is not recorded.",
        zh=f"同一范围内脱敏文本 {texts} 段、完成回复 {responses} 次；未记录文本与请求的对应关系。",
    )
    rows = [{"texts": texts, "responses": responses}]
    return Reply(QueryOutcome.PARTIAL, observed, rows)


def _found(view: View) -> Reply:
    kinds: Counter[str] = Counter()
    texts = 0
    for entry in view.entries(REDACTED):
        texts += 1
        kinds.update(_counts(entry))
    if not texts:
        return NOTHING
    rows = [{"kind": kind, "found": number} for kind, number in sorted(kinds.items())]
    observed = Text(
        en=f"{count(sum(kinds.values()), 'value')} of {count(len(kinds), 'kind')} replaced in "
        f"{count(texts, 'text')}.",
        zh=f"{texts} 段文本中替换 {len(kinds)} 类共 {sum(kinds.values())} 处。",
    )
    return Reply(QueryOutcome.PASS, observed, rows)


def _counts(entry: LedgerEntry) -> dict[str, int]:
    counts = entry.event.facts.get("counts")
    if not isinstance(counts, dict):
        return {}
    return {
        str(kind): number
        for kind, number in counts.items()
        if isinstance(number, int) and not isinstance(number, bool)
    }


def _refused(view: View) -> Reply:
    reasons: Counter[str] = Counter()
    texts = 0
    for entry in view.entries(REDACTED):
        texts += 1
        if reason := fact_text(entry, "refused"):
            reasons[reason] += 1
    if not texts:
        return NOTHING
    rows = [{"reason": reason, "texts": number} for reason, number in sorted(reasons.items())]
    observed = Text(
        en=f"{sum(reasons.values())} of {count(texts, 'text')} could not be scanned whole and are "
        "recorded as refused; what the client got instead is not recorded.",
        zh=f"{texts} 段文本中 {sum(reasons.values())} 段未能完整扫描，记录为拒绝；未记录客户端所得。",
    )
    return Reply(QueryOutcome.PARTIAL, observed, rows)


def _erased(view: View) -> Reply:
    rows: list[Row] = [
        {
            "seq": entry.number,
            "ts_ns": str(entry.ts_ns),
            "subject_ref": fact_text(entry, "subject") or "",
            "payloads": fact_count(entry, "payloads") or 0,
        }
        for entry in view.entries(ERASED)
    ]
    if not rows:
        observed = Text(en="No erasure is recorded in this range.", zh="该范围内没有删除记录。")
        return Reply(QueryOutcome.ABSENT, observed)
    payloads = sum(int(str(row["payloads"])) for row in rows)
    observed = Text(
        en=f"{count(len(rows), 'erasure')} of {count(payloads, 'payload')}, with the keys; when each "
        "was asked for is not recorded.",
        zh=f"删除 {len(rows)} 次，共 {payloads} 份载荷及其密钥；未记录请求提出的时间。",
    )
    return Reply(QueryOutcome.PARTIAL, observed, rows)


QUERIES = (
    Query("redaction.coverage", _applied),
    Query("redaction.stats", _found),
    Query("redaction.failclosed", _refused),
    Query("erase.receipts", _erased),
)
