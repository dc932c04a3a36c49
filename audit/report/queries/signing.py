"""Queries about signatures and the algorithms in use."""

from collections import Counter

from audit.documents import COSIGN_SIGN, LedgerEntry, QueryOutcome, Text
from audit.report._plain import Row
from audit.report._query import Query, Reply, count
from audit.report._trail import SIGNED, fact_text, fact_texts
from audit.report._view import View
from audit.report.queries.ledger import EMPTY
from audit.report.queries.release import NO_RELEASE

RULE = "unsigned-model"


def _signature(entry: LedgerEntry) -> Row:
    bundle = next((one.digest for one in entry.event.outputs if one.name == "bundle"), "")
    return {
        "seq": entry.number,
        "key": fact_text(entry, "key") or "",
        "bundle": bundle,
        "predicate_type": fact_text(entry, "predicate_type") or "",
    }


def _is_signature(entry: LedgerEntry) -> bool:
    """Whether it is a signature over the release, and not an attestation about it."""
    return fact_text(entry, "predicate_type") == COSIGN_SIGN


def _signed(view: View) -> Reply:
    if not view.trails:
        return NO_RELEASE
    rows: list[Row] = []
    for trail in view.trails:
        verified = bool(trail.decided) and RULE not in fact_texts(trail.decided[-1], "findings")
        common = {
            "model": trail.model_id or "",
            "subject": trail.subject,
            "verified_by_gate": "yes" if verified else "no",
            "allowed": "yes" if trail.was_allowed else "no",
        }
        signatures = [_signature(entry) for entry in trail.signed]
        rows += [one | common for one in signatures or [{"seq": None, "key": "", "bundle": ""}]]
    allowed = [trail for trail in view.trails if trail.was_allowed]
    bare = [trail for trail in allowed if not any(map(_is_signature, trail.signed))]
    checked = {row["subject"] for row in rows if row["verified_by_gate"] == "yes"}
    whole = bool(allowed) and not bare and {one.subject for one in allowed} <= checked
    observed = Text(
        en=f"{count(len(view.trails), 'release')}, {len(allowed)} of them allowed: {len(bare)} "
        f"allowed without a signature on record; the gate had no finding against the signature "
        f"of {len(checked)}.",
        zh=f"发布 {len(view.trails)} 个，其中放行 {len(allowed)} 个；无签名记录而获放行 "
        f"{len(bare)} 个；门禁对其中 {len(checked)} 个的签名无异议。",
    )
    if whole:
        return Reply(QueryOutcome.PASS, observed, rows)
    some = bool(checked) or any(trail.signed for trail in view.trails)
    return Reply(QueryOutcome.PARTIAL if some else QueryOutcome.ABSENT, observed, rows)


def _rekor(view: View) -> Reply:
    signatures = list(view.entries(SIGNED))
    logged = [entry for entry in signatures if "log_index" in entry.event.facts]
    observed = Text(
        en=f"{len(logged)} of {count(len(signatures), 'signature')} with a transparency-log "
        "entry on record; signatures by a key of one's own need none.",
        zh=f"{len(signatures)} 个签名中 {len(logged)} 个有透明日志记录；自有密钥的签名不要求。",
    )
    rows = [_signature(entry) for entry in logged]
    return Reply(QueryOutcome.PARTIAL if logged else QueryOutcome.ABSENT, observed, rows)


def _algorithms(view: View) -> Reply:
    if not view.scope.size:
        return EMPTY
    used = Counter(view.census.algorithms)
    for checkpoint in view.checkpoints():
        if checkpoint.note:
            used["checkpoint_signature", "ed25519 (C2SP note)"] += 1
    rows = [
        {"function": function, "algorithm": algorithm, "times": number}
        for (function, algorithm), number in sorted(used.items())
    ]
    observed = Text(
        en=f"{count(len({row['algorithm'] for row in rows}), 'algorithm')} in use; no list of "
        "approved ones and no certified module is on record.",
        zh=f"在用算法 {len({row['algorithm'] for row in rows})} 种；没有批准清单或认证模块的记录。",
    )
    return Reply(QueryOutcome.PARTIAL, observed, rows)


QUERIES = (
    Query("sign.release", _signed),
    Query("sign.rekor", _rekor),
    Query("crypto.inventory", _algorithms),
)
