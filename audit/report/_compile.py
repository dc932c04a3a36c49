"""A report from a view: ask every query once, judge every item, list what is cited."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import audit
from audit.core.canonical import canonical_bytes
from audit.documents import (
    CitedEntry,
    CrosswalkLine,
    FieldLine,
    Framework,
    ItemResult,
    Maker,
    Method,
    QueryAnswer,
    QueryOutcome,
    Report,
    ReportAbout,
    ReportGroup,
    ReportItem,
    ReportKind,
    Text,
    leaf_hash,
)
from audit.report._assess import GDPR, MLPS, Asked, judge, only_a_person
from audit.report._catalogue import Catalogues, Control, ControlPoint, Provision, Source
from audit.report._plain import plain
from audit.report._query import ask
from audit.report._view import View
from audit.report.queries import QUERIES

MAX_CITED = 500
"""Entries that a report lists with their leaf hashes: the first ones that its rows cite."""
_UNSEALED = "sha256:" + "0" * 64


def answers_of(view: View, found: Catalogues) -> tuple[QueryAnswer, ...]:
    """Return the answer to every query of the catalogue.

    Raises:
        PersonalDataLeft: a row would print personal data.
        LedgerUnavailable: the ledger cannot be read.
    """
    return tuple(ask(QUERIES.get(text.id), text, view).answer for text in found.queries)


def _declared(about: ReportAbout) -> ReportAbout:
    """Return what the operator declares, with nothing invisible in it."""
    said = about.model_dump()
    return ReportAbout(**{name: text and plain(text) for name, text in said.items()})


def compile_report(
    kind: ReportKind,
    view: View,
    answers: tuple[QueryAnswer, ...],
    *,
    about: ReportAbout,
    found: Catalogues,
) -> Report:
    """Return the report of one kind over a view that was asked already."""
    known = {answer.query: answer for answer in answers}
    source = found.mlps.framework if kind == "mlps" else found.gdpr.framework
    shares = found.mlps.scopes if kind == "mlps" else found.gdpr.tiers
    groups = _mlps(known, view, found) if kind == "mlps" else _gdpr(known, view, found)
    period = _period(view)
    unsealed = Report(
        digest=_UNSEALED,
        kind=kind,
        framework=_framework(source, shares),
        maker=Maker(version=audit.__version__, catalogues=found.digest),
        about=_declared(about),
        scope=view.scope,
        groups=tuple(groups),
        answers=answers,
        cited=_cited(view, answers),
        law=tuple(law.text for law in found.law if law.holds_in(*period)),
        crosswalk=tuple(_crosswalk(found, period)),
        fields=tuple(
            FieldLine(field=field.name, ref=use.ref, text=use.text)
            for field in found.fields
            for use in field.provisions
        ),
        never_claimed=found.never_claimed,
    )
    return unsealed.model_copy(update={"digest": digest_of(unsealed)})


def digest_of(report: Report) -> str:
    """Return what `Report.digest` has to be: SHA-256 over all other members."""
    value = report.model_dump(mode="json", exclude={"digest"})
    return "sha256:" + hashlib.sha256(canonical_bytes(value)).hexdigest()


def _framework(source: Source, shares: Mapping[str, Text]) -> Framework:
    return Framework(
        id=source.id,
        title=source.title,
        claim=source.claim,
        not_verified=source.not_verified,
        shares=dict(shares),
    )


def _mlps(known: Mapping[str, QueryAnswer], view: View, found: Catalogues) -> Iterator[ReportGroup]:
    for domain in found.mlps.domains:
        yield ReportGroup(
            id=domain.id,
            title=domain.title,
            items=tuple(
                _control(point, item, known, view, found.mlps.scopes)
                for point in domain.controls
                for item in point.items
            ),
        )


def _control(
    point: ControlPoint,
    item: Control,
    known: Mapping[str, QueryAnswer],
    view: View,
    scopes: Mapping[str, Text],
) -> ReportItem:
    asked = Asked.of(known, view.scope, own=item.evidence, supporting=item.supporting)
    if item.scope in {"platform", "attestation"}:
        result, reason = only_a_person(scopes[item.scope])
    else:
        result, reason = judge(
            asked, MLPS, can_be_whole=item.scope == "tool", left=item.attest is not None
        )
    return ReportItem(
        id=point.id if item.item == "-" else f"{point.id} {item.item})",
        control=point.id,
        control_title=point.title,
        unit=item.unit,
        text=item.text,
        share=item.scope,
        result=result,
        reason=reason,
        methods=_methods(asked),
        evidence=item.evidence,
        supporting=item.supporting,
        attest=() if item.attest is None else (item.attest,),
        never_claim=(),
        refs={},
    )


def _gdpr(known: Mapping[str, QueryAnswer], view: View, found: Catalogues) -> Iterator[ReportGroup]:
    for chapter in found.gdpr.chapters:
        yield ReportGroup(
            id=chapter.articles,
            title=chapter.title,
            items=tuple(
                _provision(one, known, view, found.gdpr.tiers)
                for one in found.gdpr.provisions
                if chapter.holds(one)
            ),
        )


def _provision(
    one: Provision, known: Mapping[str, QueryAnswer], view: View, tiers: Mapping[str, Text]
) -> ReportItem:
    asked = Asked.of(known, view.scope, own=one.evidence, supporting=one.supporting)
    if one.tier == "context":
        result, reason = only_a_person(tiers[one.tier])
    else:
        # What a controller must add is listed beside the result; it is no gap in the records.
        result, reason = judge(asked, GDPR, can_be_whole=one.tier == "evidence", left=False)
    refs = {"ciso_assistant": one.xref.ciso_assistant, "cnil_pia": one.xref.cnil_pia}
    refs["dpv"] = ", ".join(one.xref.dpv)
    return ReportItem(
        id=one.ref,
        control=one.id,
        control_title=one.title,
        unit=None,
        text=one.text,
        share=one.tier,
        result=result,
        reason=reason,
        methods=_methods(asked),
        evidence=one.evidence,
        supporting=one.supporting,
        attest=one.attest,
        never_claim=one.never_claim,
        refs={name: value for name, value in refs.items() if value},
    )


def _methods(asked: Asked) -> tuple[Method, ...]:
    ran = [
        one for one in (*asked.own, *asked.supporting) if one.outcome is not QueryOutcome.NOT_RUN
    ]
    return tuple(sorted({one.method for one in ran}))


def _cited(view: View, answers: Iterable[QueryAnswer]) -> tuple[CitedEntry, ...]:
    """Return the entries that printed rows name, with the leaf hashes that commit to them."""
    wanted = {row["seq"] for one in answers for row in one.rows if isinstance(row.get("seq"), int)}
    entries = (view.entry(seq) for seq in sorted(wanted)[:MAX_CITED])
    return tuple(
        CitedEntry(
            seq=entry.number,
            ts_ns=entry.ts_ns,
            type=entry.event.type,
            leaf=leaf_hash(entry.leaf()).hex(),
        )
        for entry in entries
        if entry is not None
    )


def _period(view: View) -> tuple[int, int]:
    """Return the period that law is cited for: as asked, else from the first entry to now."""
    scope = view.scope
    first = next(view.entries(), None)
    start = scope.from_ns
    if start is None:
        start = min(first.ts_ns, scope.as_of_ns) if first else scope.as_of_ns
    return start, max(scope.to_ns or scope.as_of_ns + 1, start + 1)


def _crosswalk(found: Catalogues, period: tuple[int, int]) -> Iterator[CrosswalkLine]:
    for group in found.beyond:
        for line in group.items:
            if line.holds_in(*period):
                yield CrosswalkLine(
                    framework=group.id,
                    framework_title=group.title,
                    ref=line.ref,
                    text=line.text,
                    evidence=line.evidence,
                    numbering=line.numbering,
                )


def counts_of(items: Iterable[ReportItem]) -> dict[ItemResult, int]:
    """Return how many items have each result that occurs."""
    counts: dict[ItemResult, int] = {}
    for item in items:
        counts[item.result] = counts.get(item.result, 0) + 1
    return counts
