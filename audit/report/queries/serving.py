"""Queries about what was served: which bytes, on which decision, and with which marks."""

from collections import Counter

from audit.documents import Coverage, LedgerEntry, Outcome, QueryOutcome, Text
from audit.report._plain import Row
from audit.report._query import Query, Reply, count
from audit.report._trail import DECIDED, SIGNED, fact_text
from audit.report._view import View

STARTED = "serve.started"
BEGUN, SERVED, FAILED = "response.begun", "response.served", "response.failed"

NO_START = Reply(
    QueryOutcome.ABSENT,
    Text(en="No start of serving is recorded in this range.", zh="该范围内没有上线服务的记录。"),
)
NO_RESPONSE = Reply(
    QueryOutcome.ABSENT,
    Text(en="No response is recorded in this range.", zh="该范围内没有回复记录。"),
)


def _digest_match(view: View) -> Reply:
    signed: set[str | None] = set()
    rows: list[Row] = []
    for entry in view.history(SIGNED, STARTED):
        if entry.event.type == SIGNED:
            signed.add(entry.event.subject)
        elif _in_period(view, entry):
            rows.append(
                _start(entry) | {"release_signed": "yes" if entry.event.subject in signed else "no"}
            )
    if not rows:
        return NO_START
    unsigned = [row["seq"] for row in rows if row["release_signed"] == "no"]
    if unsigned:
        observed = Text(
            en=f"Entry {unsigned[0]}: a release was served that no entry had signed by then.",
            zh=f"条目 {unsigned[0]}：所服务的发布此前没有签名记录。",
        )
        return Reply(QueryOutcome.FAIL, observed, rows)
    elsewhere = sum(row["sealed"] != "yes" for row in rows)
    observed = Text(
        en=f"{count(len(rows), 'start')}: every release had been signed; {elsewhere} with an engine "
        "elsewhere, whose loaded bytes are not recorded.",
        zh=f"上线 {len(rows)} 次：发布均已签名；其中 {elsewhere} 次由外部引擎提供，未记录其实际加载的字节。",
    )
    return Reply(QueryOutcome.PARTIAL if elsewhere else QueryOutcome.PASS, observed, rows)


def _bypass(view: View) -> Reply:
    """Hold each start, and each first response of a release, against the decisions before it."""
    allowed: dict[str | None, str] = {}
    seen: set[str | None] = set()
    rows: list[Row] = []
    for entry in view.history(DECIDED, STARTED, BEGUN):
        subject = entry.event.subject
        if entry.event.type == DECIDED:
            allowed[subject] = fact_text(entry, "outcome") or ""
            continue
        if entry.event.type == BEGUN and subject in seen:
            continue
        seen.add(subject)
        if _in_period(view, entry):
            rows.append(_start(entry) | {"decision": allowed.get(subject, "")})
    if not rows:
        return NO_START
    without = [row["seq"] for row in rows if row["decision"] != Outcome.ALLOW]
    if without:
        observed = Text(
            en=f"Entry {without[0]}: served without an allowing decision before it; "
            f"{len(without)} of {count(len(rows), 'start')}.",
            zh=f"条目 {without[0]}：此前没有放行决定即上线；共 {len(rows)} 次中 {len(without)} 次。",
        )
        return Reply(QueryOutcome.FAIL, observed, rows)
    observed = Text(
        en=f"{count(len(rows), 'start')}, each after a decision that allowed it.",
        zh=f"上线 {len(rows)} 次，此前最近的决定均为放行。",
    )
    return Reply(QueryOutcome.PASS, observed, rows)


def _in_period(view: View, entry: LedgerEntry) -> bool:
    return entry.ts_ns >= (view.scope.from_ns or 0)


def _start(entry: LedgerEntry) -> Row:
    sealed = entry.event.facts.get("sealed")
    return {
        "seq": entry.number,
        "ts_ns": str(entry.ts_ns),
        "event": entry.event.type,
        "subject": entry.event.subject or "",
        "sealed": "yes" if sealed is True else "no",
    }


def _ended(view: View) -> Reply:
    open_: dict[str, int] = {}
    numbers: Counter[str] = Counter()
    for entry in view.entries(BEGUN, SERVED, FAILED):
        numbers[entry.event.type] += 1
        receipt = fact_text(entry, "receipt_id") or ""
        if entry.event.type == BEGUN:
            open_[receipt] = entry.number
        else:
            open_.pop(receipt, None)
    if not numbers:
        return NO_RESPONSE
    rows = [{"seq": seq, "receipt": receipt} for receipt, seq in open_.items()]
    observed = Text(
        en=f"{count(numbers[BEGUN], 'response')} begun, {numbers[SERVED]} served, {numbers[FAILED]} "
        f"failed, {len(rows)} without an end; no count from elsewhere is recorded beside it.",
        zh=f"开始回复 {numbers[BEGUN]} 次，完成 {numbers[SERVED]} 次，失败 {numbers[FAILED]} 次，"
        f"无结束记录 {len(rows)} 次；未另行记录独立计数。",
    )
    return Reply(QueryOutcome.PARTIAL, observed, rows)


def _marked(view: View) -> Reply:
    coverage = Counter(fact_text(entry, "coverage") or "" for entry in view.entries(SERVED))
    total = sum(coverage.values())
    if not total:
        return NO_RESPONSE
    rows = [{"coverage": name, "responses": number} for name, number in sorted(coverage.items())]
    if unknown := sorted(set(coverage) - set(Coverage)):
        observed = Text(
            en=f"{coverage[unknown[0]]} responses say nothing known about their mark.",
            zh=f"{coverage[unknown[0]]} 次回复未写明可识别的水印情况。",
        )
        return Reply(QueryOutcome.FAIL, observed, rows)
    marked = coverage[Coverage.MARKED]
    observed = Text(
        en=f"{marked} of {count(total, 'response')} marked so that the mark can be found; every "
        "response says how far its mark reaches.",
        zh=f"{total} 次回复中 {marked} 次带有可检出的水印；每次回复均写明水印覆盖情况。",
    )
    return Reply(QueryOutcome.PASS if marked == total else QueryOutcome.PARTIAL, observed, rows)


QUERIES = (
    Query("ledger.coverage", _ended),
    Query("serve.digest_match", _digest_match),
    Query("gate.bypass", _bypass),
    Query("watermark.coverage", _marked),
)
