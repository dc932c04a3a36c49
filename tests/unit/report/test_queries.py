"""Each query: what makes it pass, stay partial, fail, or find nothing."""

from collections.abc import Iterable

import pytest

from audit.documents import Coverage, Event, Named, QueryOutcome
from audit.ledger import Ledger
from audit.report import QUERIES, Record, ReportRequest, ask_query
from audit.report._language import words
from tests.fakes.ledgers import LOG
from tests.fakes.releases import ALLOWED, DENIED, FACTS, FakeRelease, digest
from tests.unit.report.conftest import NOW, REQUEST, MakeLedger

PASS, PARTIAL, FAIL, ABSENT = (
    QueryOutcome.PASS,
    QueryOutcome.PARTIAL,
    QueryOutcome.FAIL,
    QueryOutcome.ABSENT,
)
DAY_NS = 86_400 * 10**9


def asked(ledger: Ledger, query: str, request: ReportRequest = REQUEST) -> Record:
    return ask_query(ledger, query, request=request)


def release(**changes: object) -> FakeRelease:
    return FakeRelease("3.0.0", **changes)  # type: ignore[arg-type]


def without(*types: str) -> FakeRelease:
    return release(without=frozenset(types))


def edited(one: FakeRelease, kind: str, **facts: object) -> list[Event]:
    """Return a release's events with some facts of one event type replaced."""
    return [
        event.model_copy(update={"facts": dict(event.facts) | facts})
        if event.type == kind
        else event
        for event in one.events()
    ]


NO_TRAINING = {name: value for name, value in FACTS.items() if not name.startswith("finetune.")}
NO_METRICS = {name: value for name, value in FACTS.items() if not name.startswith("eval.")}
DECIDED = Event(
    type="gate.decided",
    model_id="acme/foreign",
    subject=digest("foreign"),
    inputs=(Named(name="policy", digest=digest("policy")),),
    facts={
        "outcome": "deny",
        "policy": "release",
        "policy_version": "2",
        "findings": ["unsigned-model"],
    },
)
ANCHORED = Event(
    type="ledger.anchored",
    outputs=(Named(name="rfc3161", digest=digest("token")),),
    facts={"size": "4", "by": "tsa.internal", "at_ns": None},
)
DENIED_LATER = DECIDED.model_copy(update={"subject": ALLOWED.subject})


def started(one: FakeRelease, *, sealed: bool = True) -> Event:
    return Event(type="serve.started", subject=one.subject, facts={"sealed": sealed})


def response(kind: str, **facts: str) -> Event:
    return Event(type=kind, subject=ALLOWED.subject, facts={"receipt_id": "01A", **facts})


def redacted(**facts: object) -> Event:
    return Event(type="redaction.applied", facts={"counts": {}, "refused": "", **facts})


BEGUN = response("response.begun")
BACK = Event(
    type="canary.rollback_intended",
    subject=ALLOWED.subject,
    inputs=(Named(name="verdict", digest=digest("verdict")),),
    facts={"before": "5", "after": "0", "actor": "ci"},
)
CASES: list[tuple[str, Iterable[Event], QueryOutcome]] = [
    ("ledger.chain_intact", ALLOWED.events(), PASS),
    ("ledger.head_anchored", ALLOWED.events(), PARTIAL),
    ("ledger.fields_complete", ALLOWED.events(), PARTIAL),
    ("ledger.fields_complete", [Event(type="a.b", model_id="m", facts={"actor": "ci"})], PASS),
    ("ledger.retention", ALLOWED.events(), PARTIAL),
    ("actor.unique", ALLOWED.events(), ABSENT),
    ("actor.unique", [Event(type="a.b", facts={"actor": "ci"})], PASS),
    ("actor.unique", [Event(type="a.b", facts={"actor": "ci"}), Event(type="a.b")], PARTIAL),
    ("gate.decisions", [*DENIED.events(), *ALLOWED.events()], PASS),
    ("gate.decisions", [*ALLOWED.events(), *without("gate.decided").events()], PARTIAL),
    ("gate.decisions", without("gate.decided").events(), ABSENT),
    ("gate.decisions", edited(release(), "gate.decided", findings=["unsigned-model"]), FAIL),
    ("gate.decisions", edited(release(), "gate.decided", outcome="deny"), FAIL),
    ("gate.decisions", edited(release(), "gate.decided", outcome="maybe"), FAIL),
    ("gate.decisions", [Event(type="a.b")], ABSENT),
    ("waiver.register", ALLOWED.events(), ABSENT),
    ("waiver.register", release(rules_off=("unsafe-format",)).events(), PARTIAL),
    ("policy.history", [*ALLOWED.events(), DECIDED], PARTIAL),
    ("policy.history", [DECIDED.model_copy(update={"inputs": ()})], FAIL),
    ("policy.history", [Event(type="a.b")], ABSENT),
    ("dataset.fingerprint", ALLOWED.events(), PASS),
    ("dataset.fingerprint", without("dataset.fingerprinted").events(), FAIL),
    ("dataset.fingerprint", [DECIDED], ABSENT),
    ("model.lineage", ALLOWED.events(), PASS),
    ("model.lineage", release(facts=NO_TRAINING).events(), PARTIAL),
    ("model.lineage", release(facts=NO_METRICS).events(), PARTIAL),
    ("model.lineage", release(sources=("trainer_state.json",)).events(), PARTIAL),
    ("model.lineage", without("dataset.fingerprinted").events(), PARTIAL),
    ("model.lineage", [DECIDED], ABSENT),
    ("model.scan", ALLOWED.events(), PARTIAL),
    ("model.scan", release(refused=("a.bin",), findings=("unsafe-format",)).events(), PARTIAL),
    ("model.scan", release(refused=("a.bin",)).events(), FAIL),
    ("model.scan", without("model.inspected").events(), ABSENT),
    ("eval.metrics", ALLOWED.events(), PASS),
    ("eval.metrics", release(findings=("evaluation-below-threshold",)).events(), PARTIAL),
    ("eval.metrics", without("gate.decided").events(), PARTIAL),
    ("eval.metrics", release(facts=NO_METRICS).events(), FAIL),
    ("eval.metrics", release(facts=NO_METRICS, findings=("x",)).events(), ABSENT),
    ("sign.release", [*DENIED.events(), *ALLOWED.events()], PASS),
    ("sign.release", without("release.signed").events(), PARTIAL),
    ("sign.release", DENIED.events(), ABSENT),
    ("sign.rekor", ALLOWED.events(), ABSENT),
    ("sign.rekor", edited(release(), "release.signed", log_index="7"), PARTIAL),
    ("crypto.inventory", ALLOWED.events(), PARTIAL),
    ("config.history", ALLOWED.events(), PARTIAL),
    ("transfer.map", ALLOWED.events(), ABSENT),
    ("transfer.map", [Event(type="release.pushed", facts={"name": "registry.internal/a"})], ABSENT),
    ("config.history", [DECIDED], ABSENT),
    ("ledger.head_anchored", [*ALLOWED.events(), ANCHORED], PARTIAL),
    ("serve.digest_match", ALLOWED.events(), ABSENT),
    ("serve.digest_match", [*ALLOWED.events(), started(ALLOWED)], PASS),
    ("serve.digest_match", [*ALLOWED.events(), started(ALLOWED, sealed=False)], PARTIAL),
    ("serve.digest_match", [*without("release.signed").events(), started(release())], FAIL),
    ("serve.digest_match", [started(ALLOWED), *ALLOWED.events()], FAIL),
    ("gate.bypass", ALLOWED.events(), ABSENT),
    ("gate.bypass", [*ALLOWED.events(), started(ALLOWED), BEGUN], PASS),
    ("gate.bypass", [*ALLOWED.events(), BEGUN], PASS),
    ("gate.bypass", [*DENIED.events(), started(DENIED)], FAIL),
    ("gate.bypass", [BEGUN, *ALLOWED.events()], FAIL),
    ("gate.bypass", [*ALLOWED.events(), DENIED_LATER, started(ALLOWED)], FAIL),
    ("ledger.coverage", ALLOWED.events(), ABSENT),
    ("ledger.coverage", [BEGUN, response("response.served")], PARTIAL),
    ("ledger.coverage", [BEGUN, response("response.failed")], PARTIAL),
    ("watermark.coverage", [BEGUN], ABSENT),
    ("watermark.coverage", [response("response.served", coverage="marked")], PASS),
    ("watermark.coverage", [response("response.served", coverage="greedy")], PARTIAL),
    ("watermark.coverage", [response("response.served", coverage="total")], FAIL),
    ("watermark.coverage", [response("response.served")], FAIL),
    ("redaction.coverage", ALLOWED.events(), ABSENT),
    ("redaction.coverage", [redacted()], PARTIAL),
    ("redaction.stats", ALLOWED.events(), ABSENT),
    ("redaction.stats", [redacted(), redacted(counts={"PHONE": 2})], PASS),
    ("redaction.failclosed", ALLOWED.events(), ABSENT),
    ("redaction.failclosed", [redacted(refused="too-long")], PARTIAL),
    ("change.rollback", ALLOWED.events(), ABSENT),
    ("change.rollback", [BACK], PARTIAL),
    ("change.rollback", [BACK, Event(type="canary.rolled_back", facts={"intended": "0"})], PASS),
    ("erase.receipts", ALLOWED.events(), ABSENT),
    (
        "erase.receipts",
        [Event(type="ledger.erased", facts={"payloads": 3, "subject": "ab"})],
        PARTIAL,
    ),
]
CASES = [(query, list(events), outcome) for query, events, outcome in CASES]


@pytest.mark.parametrize(
    ("query", "events", "outcome"), CASES, ids=[f"{n}-{q}-{o}" for n, (q, _, o) in enumerate(CASES)]
)
def test_a_query_comes_to_what_the_records_show(
    ledger_of: MakeLedger, query: str, events: Iterable[Event], outcome: QueryOutcome
) -> None:
    assert asked(ledger_of(events), query).answer.outcome is outcome


@pytest.mark.parametrize("query", sorted(QUERIES))
def test_every_column_of_a_query_has_a_name_in_both_languages(
    ledger_of: MakeLedger, query: str
) -> None:
    seen: set[str] = set()
    for one, events, _ in CASES:
        if one == query:
            seen |= {key for row in asked(ledger_of(events), query).answer.rows for key in row}
    assert {f"col.{name}" for name in seen} <= set(words())


@pytest.mark.parametrize("coverage", list(Coverage))
def test_every_kind_of_coverage_is_spelt_out(coverage: Coverage) -> None:
    assert f"val.{coverage}" in words()


def test_every_query_is_tried_in_some_case() -> None:
    assert {query for query, _, _ in CASES} == set(QUERIES)


@pytest.mark.parametrize("query", sorted(QUERIES))
def test_no_query_shows_anything_of_an_empty_ledger(ledger_of: MakeLedger, query: str) -> None:
    assert asked(ledger_of([]), query).answer.outcome is ABSENT


@pytest.mark.parametrize("query", sorted(QUERIES))
def test_unknown_events_and_odd_facts_break_nothing(ledger_of: MakeLedger, query: str) -> None:
    odd = {"findings": "x", "outcome": 3, "policy": ["x"], "version": None, "refused": {"a": 1}}
    odd |= {"files": "９", "bytes": True, "formats": {"a": [1]}, "key": 7, "finetune.base_model": 1}
    kinds = {event.type for event in ALLOWED.events()} | {"redaction.applied", "anchor.x.y"}
    events = [
        Event(type=kind, subject=subject, facts=odd)
        for kind in sorted(kinds)
        for subject in (None, digest("odd"))
    ]
    asked(ledger_of(events), query)


def test_retention_passes_on_the_day_it_is_reached_and_not_before(ledger_of: MakeLedger) -> None:
    ledger = ledger_of(ALLOWED.events())
    first = next(ledger.entries()).ts_ns
    for days, outcome in ((183, PARTIAL), (184, PASS)):
        request = ReportRequest(as_of_ns=first + days * DAY_NS)
        assert asked(ledger, "ledger.retention", request).answer.outcome is outcome


@pytest.mark.parametrize("vkeys", [(), ("log.example/audit+00000000+AQ==",)], ids=["none", "other"])
def test_a_checkpoint_by_a_key_that_was_not_given_counts_for_nothing(
    ledger_of: MakeLedger, vkeys: tuple[str, ...]
) -> None:
    request = ReportRequest(vkeys=vkeys, as_of_ns=NOW)
    record = asked(ledger_of(ALLOWED.events()), "ledger.head_anchored", request)
    assert record.answer.outcome is ABSENT
    assert record.answer.rows[0]["signed"] == "no"


def test_a_checkpoint_by_the_given_key_is_seen(ledger_of: MakeLedger) -> None:
    record = asked(ledger_of(ALLOWED.events()), "ledger.head_anchored")
    assert [(row["size"], row["signed"]) for row in record.answer.rows] == [(7, "yes")]
    assert LOG.vkey in REQUEST.vkeys


def test_a_release_packaged_before_the_period_counts_when_it_is_decided_in_it(
    ledger_of: MakeLedger,
) -> None:
    ledger = ledger_of(ALLOWED.events())
    decided = next(iter(ledger.entries(type="gate.decided")))
    request = ReportRequest(from_ns=decided.ts_ns, as_of_ns=NOW)
    record = asked(ledger, "model.lineage", request)
    assert record.answer.outcome is PASS
    assert record.answer.rows[0]["subject"] == ALLOWED.subject


def test_an_old_release_does_not_count_in_a_later_period(ledger_of: MakeLedger) -> None:
    ledger = ledger_of([*ALLOWED.events(), Event(type="a.b")])
    last = list(ledger.entries())[-1]
    record = asked(ledger, "model.lineage", ReportRequest(from_ns=last.ts_ns, as_of_ns=NOW))
    assert record.answer.outcome is ABSENT


def test_many_rows_are_digested_and_the_first_hundred_printed(ledger_of: MakeLedger) -> None:
    events = [
        event
        for n in range(120)
        for event in FakeRelease(f"1.0.{n}").events()
        if event.type == "gate.decided"
    ]
    record = asked(ledger_of(events), "gate.decisions")
    assert record.answer.row_count == 120
    assert len(record.answer.rows) == 100
    assert len(record.lines) == 122


def test_a_response_without_an_end_is_named(ledger_of: MakeLedger) -> None:
    answer = asked(ledger_of([BEGUN, DECIDED]), "ledger.coverage").answer
    assert [row["receipt"] for row in answer.rows] == ["01A"]
    assert "1 without an end" in answer.observed.en
    assert "无结束记录 1 次" in answer.observed.zh


def test_an_anchor_is_named_with_who_gave_it(ledger_of: MakeLedger) -> None:
    answer = asked(ledger_of([*ALLOWED.events(), ANCHORED]), "ledger.head_anchored").answer
    assert answer.rows[-1]["by"] == "tsa.internal"
    assert "1 anchor outside the database recorded, over 4 entries" in answer.observed.en
