"""Queries about what a release was made of: dataset, lineage, inspected model files."""

from audit.documents import QueryOutcome, Text
from audit.report._plain import Row
from audit.report._query import Query, Reply, count
from audit.report._trail import (
    DESCRIBED,
    FINGERPRINTED,
    INSPECTED,
    Trail,
    fact_count,
    fact_text,
    fact_texts,
)
from audit.report._view import View

NO_RELEASE = Reply(
    QueryOutcome.ABSENT,
    Text(en="No release is recorded in this range.", zh="该范围内没有发布记录。"),
)


def packaged(view: View) -> list[Trail]:
    """Return the releases of the period that were packaged on record."""
    return [trail for trail in view.trails if trail.packaged is not None]


def _name(trail: Trail) -> Row:
    return {
        "seq": trail.packaged.number if trail.packaged else None,
        "model": trail.model_id or "",
        "version": trail.version or "",
        "subject": trail.subject,
    }


def _digest(trail: Trail, kind: str, name: str) -> str | None:
    entry = trail.before.get(kind)
    outputs = entry.event.outputs if entry else ()
    return next((one.digest for one in outputs if one.name == name), None)


def _dataset(view: View) -> Reply:
    trails = packaged(view)
    if not trails:
        return NO_RELEASE
    rows: list[Row] = []
    for trail in trails:
        entry = trail.before.get(FINGERPRINTED)
        rows.append(
            _name(trail)
            | {
                "fingerprint": _digest(trail, FINGERPRINTED, "dataset") or "",
                "files": fact_count(entry, "files") if entry else None,
                "bytes": fact_count(entry, "bytes") if entry else None,
            }
        )
    missing = [row["subject"] for row in rows if not row["fingerprint"]]
    observed = Text(
        en=f"{len(rows) - len(missing)} of {count(len(rows), 'release')} packaged with the "
        "manifest of a dataset that was fingerprinted on record.",
        zh=f"{len(rows)} 个发布中 {len(rows) - len(missing)} 个以有记录的数据集指纹清单打包。",
    )
    return Reply(QueryOutcome.FAIL if missing else QueryOutcome.PASS, observed, rows)


def _lineage(view: View) -> Reply:
    trails = packaged(view)
    if not trails:
        return NO_RELEASE
    rows = [_name(trail) | _links(trail) for trail in trails]
    short = [row for row in rows if row["missing"]]
    observed = Text(
        en=f"{len(rows) - len(short)} of {count(len(rows), 'release')} with every link: base "
        "model, dataset, training facts, evaluation, environment lock.",
        zh=f"{len(rows)} 个发布中 {len(rows) - len(short)} 个环节齐全："
        "基座模型、数据集、训练事实、评测、环境锁定。",
    )
    return Reply(QueryOutcome.PARTIAL if short else QueryOutcome.PASS, observed, rows)


def _links(trail: Trail) -> Row:
    """Return the links of a release's lineage, and the names of those that are not recorded."""
    described = trail.before.get(DESCRIBED)
    facts = described.event.facts if described else {}
    links: Row = {
        "base_model": fact_text(described, "finetune.base_model") if described else None,
        "fingerprint": _digest(trail, FINGERPRINTED, "dataset"),
        "training": sorted(name for name in facts if name.startswith("finetune.")),
        "evaluation": sorted(name for name in facts if name.startswith("eval.")),
        "environment": _lock(trail),
    }
    missing = [name for name, value in links.items() if not value]
    return {name: value or "" for name, value in links.items()} | {"missing": missing}


def _lock(trail: Trail) -> str | None:
    """Return the digest of the environment lock: the source file whose name says lock."""
    described = trail.before.get(DESCRIBED)
    sources = described.event.inputs if described else ()
    return next(
        (one.digest for one in sources if "lock" in one.name or "requirements" in one.name), None
    )


def _scan(view: View) -> Reply:
    trails = packaged(view)
    if not trails:
        return NO_RELEASE
    rows: list[Row] = []
    for trail in trails:
        entry = trail.before.get(INSPECTED)
        rows.append(
            _name(trail)
            | {
                "files": fact_count(entry, "files") if entry else None,
                "formats": fact_texts(entry, "formats") if entry else [],
                "refused": _refused(trail),
            }
        )
    let_out = [
        trail.subject for trail in trails if trail.was_allowed and _refused(trail) not in {0, None}
    ]
    unseen = [row for row in rows if row["refused"] is None]
    if let_out:
        observed = Text(
            en=f"{count(len(let_out), 'release')} with refused files was allowed: {let_out[0]}.",
            zh=f"{len(let_out)} 个含被拒文件的发布获得放行：{let_out[0]}。",
        )
        return Reply(QueryOutcome.FAIL, observed, rows)
    if len(unseen) == len(rows):
        observed = Text(
            en=f"None of {count(len(rows), 'release')} has an inspection on record.",
            zh=f"{len(rows)} 个发布均无检查记录。",
        )
        return Reply(QueryOutcome.ABSENT, observed, rows)
    observed = Text(
        en=f"Model files of {len(rows) - len(unseen)} of {count(len(rows), 'release')} inspected "
        "by strict header parsers; a malware scanner is not part of it.",
        zh=f"{len(rows)} 个发布中 {len(rows) - len(unseen)} 个的模型文件经严格文件头检查；"
        "其中不含恶意代码扫描器。",
    )
    return Reply(QueryOutcome.PARTIAL, observed, rows)


def _refused(trail: Trail) -> int | None:
    """Return how many files were refused; None when that is not on record."""
    entry = trail.before.get(INSPECTED)
    if entry is None:
        return None
    value = entry.event.facts.get("refused")
    return len(value) if isinstance(value, list) else fact_count(entry, "refused")


QUERIES = (
    Query("dataset.fingerprint", _dataset),
    Query("model.lineage", _lineage),
    Query("model.scan", _scan),
)
