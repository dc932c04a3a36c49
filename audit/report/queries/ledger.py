"""Queries about the ledger itself: is it whole, signed, complete in its fields, kept?"""

from audit.core.errors import AuditError
from audit.core.periods import DAY_NS, show_date
from audit.documents import Checkpoint, LedgerEntry, QueryOutcome, Text
from audit.ledger import read_checkpoint
from audit.report._census import FIELDS
from audit.report._language import words
from audit.report._plain import Row
from audit.report._query import Query, Reply, count
from audit.report._trail import fact_count, fact_text
from audit.report._view import View

ANCHORED = "ledger.anchored"

EMPTY = Reply(
    QueryOutcome.ABSENT,
    Text(en="The ledger holds no entry in this range.", zh="该范围内账本没有条目。"),
)


def _chain_intact(view: View) -> Reply:
    scope = view.scope
    if scope.broken is not None:
        observed = Text(
            en=f"Verification stops at entry {scope.broken.seq}: {scope.broken.what}",
            zh=f"校验在条目 {scope.broken.seq} 处中止，自该条目起不予采信"
            f"（校验器原文：{scope.broken.what}）",
        )
        rows = [{"seq": scope.broken.seq, "what": scope.broken.what}]
        return Reply(QueryOutcome.FAIL, observed, rows)
    if scope.size == 0:
        return EMPTY
    observed = Text(
        en=f"{count(scope.size, 'entry', 'entries')} recomputed from entry 0; no break, no gap.",
        zh=f"自条目 0 起重算 {scope.size} 条，无断点、无缺号。",
    )
    return Reply(QueryOutcome.PASS, observed, [{"size": scope.size, "root": scope.root}])


def _head_anchored(view: View) -> Reply:
    rows: list[Row] = []
    covered = 0
    for checkpoint in view.checkpoints():
        signed = _is_signed(checkpoint, view.scope.vkeys)
        covered = max(covered, checkpoint.size if signed else 0)
        rows.append(
            {
                "size": checkpoint.size,
                "root": checkpoint.root,
                "origin": checkpoint.origin,
                "signed": "yes" if signed else "no",
            }
        )
    anchors = [_anchor(entry) for entry in view.entries(ANCHORED)]
    rows += anchors
    outside = (
        Text(
            en=f"{count(len(anchors), 'anchor')} outside the database recorded, over "
            f"{max(int(str(one['size'])) for one in anchors)} entries at most; check it with "
            "`audit ledger verify`",
            zh=f"记录了 {len(anchors)} 次数据库之外的锚定，至多覆盖 "
            f"{max(int(str(one['size'])) for one in anchors)} 条；请以 `audit ledger verify` 校验",
        )
        if anchors
        else Text(en="no anchor outside the database is recorded", zh="未记录数据库之外的锚定")
    )
    if not covered:
        observed = Text(
            en=f"{count(len(rows) - len(anchors), 'checkpoint')} stored, none signed by a log key "
            f"given to this report; {outside.en}.",
            zh=f"存有 {len(rows) - len(anchors)} 个检查点，均无本报告所给日志密钥的签名；{outside.zh}。",
        )
        return Reply(QueryOutcome.ABSENT, observed, rows)
    observed = Text(
        en=f"A checkpoint signed by a given log key covers {covered} of {view.scope.size} entries; "
        f"{outside.en}.",
        zh=f"由所给日志密钥签名的检查点覆盖 {view.scope.size} 条中的 {covered} 条；{outside.zh}。",
    )
    return Reply(QueryOutcome.PARTIAL, observed, rows)


def _anchor(entry: LedgerEntry) -> Row:
    return {
        "seq": entry.number,
        "kind": next((one.name for one in entry.event.outputs), ""),
        "by": fact_text(entry, "by") or "",
        "size": fact_count(entry, "size") or 0,
    }


def _is_signed(checkpoint: Checkpoint, vkeys: tuple[str, ...]) -> bool:
    if not vkeys:
        return False
    for vkey in vkeys:
        try:
            read_checkpoint(checkpoint.note.encode(), vkeys=(vkey,))
        except AuditError:
            continue
        return True
    return False


def _fields_complete(view: View) -> Reply:
    total, present = view.census.entries, view.census.present
    if not total:
        return EMPTY
    rows = [{"field": name, "present": present[name], "of": total} for name in FIELDS]
    short = [name for name in FIELDS if present[name] < total]
    if not short:
        observed = Text(
            en=f"All fields present in {count(total, 'entry', 'entries')}.",
            zh=f"{total} 条均字段完整。",
        )
        return Reply(QueryOutcome.PASS, observed, rows)
    named = {name: words()[f"val.{name}"] for name in short}
    observed = Text(
        en=f"Not in all of {count(total, 'entry', 'entries')}: "
        + ", ".join(f"{named[name].en} ({present[name]})" for name in short)
        + ".",
        zh=f"{total} 条中不全的字段："
        + "、".join(f"{named[name].zh}（{present[name]}）" for name in short)
        + "。",
    )
    return Reply(QueryOutcome.PARTIAL, observed, rows)


def _retention(view: View) -> Reply:
    scope = view.scope
    first = next(view.reader.entries(), None) if scope.size else None
    if first is None:
        return EMPTY
    days = (scope.as_of_ns - first.ts_ns) // DAY_NS
    due = show_date(first.ts_ns + scope.retention_days * DAY_NS)
    rows = [
        {
            "seq": first.number,
            "ts_ns": str(first.ts_ns),
            "days": days,
            "required_days": scope.retention_days,
        }
    ]
    if scope.broken is not None:
        observed = Text(
            en=f"The oldest entry is {days} days old, but the ledger is broken at entry "
            f"{scope.broken.seq}: a removal cannot be ruled out.",
            zh=f"最早条目已 {days} 天，但账本在条目 {scope.broken.seq} 处断裂，不能排除删除。",
        )
        return Reply(QueryOutcome.PARTIAL, observed, rows)
    gone_en, gone_zh = _expired_text(first.number)
    if days < scope.retention_days:
        observed = Text(
            en=f"{gone_en}Nothing was removed since entry {first.number}, which is {max(days, 0)} "
            f"days old; {scope.retention_days} days can be shown from {due} on.",
            zh=f"{gone_zh}自条目 {first.number} 起未删除任何条目，该条目已 {max(days, 0)} 天；"
            f"{scope.retention_days} 天须至 {due} 方可证明。",
        )
        return Reply(QueryOutcome.PARTIAL, observed, rows)
    observed = Text(
        en=f"{gone_en}Entry {first.number} is {days} days old ({scope.retention_days} asked for) "
        "and nothing was removed since.",
        zh=f"{gone_zh}条目 {first.number} 已 {days} 天（要求 {scope.retention_days} 天），"
        "此后未删除任何条目。",
    )
    return Reply(QueryOutcome.PASS, observed, rows)


def _expired_text(minimum: int) -> tuple[str, str]:
    """Return the sentence on entries that are not kept any more; the ledger was verified."""
    if not minimum:
        return "", ""
    return (
        f"Entries below {minimum} expired, on the log's signed word. ",
        f"条目 {minimum} 之前的条目已按日志签名声明到期清除。",
    )


QUERIES = (
    Query("ledger.chain_intact", _chain_intact),
    Query("ledger.head_anchored", _head_anchored),
    Query("ledger.fields_complete", _fields_complete),
    Query("ledger.retention", _retention),
)
