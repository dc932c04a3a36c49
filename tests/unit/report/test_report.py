"""What reports say about ledgers that are empty, good, and broken."""

from pathlib import Path

import pytest

from audit.core.errors import PersonalDataLeft
from audit.documents import POSITIVE, ItemResult, QueryOutcome, Report
from audit.ledger import Ledger
from audit.report import FORMATS, ReportRequest, make_reports, read_instant, write_reports
from tests.fakes.releases import ALLOWED, FACTS, MODEL, FakeRelease, edit
from tests.unit.report.conftest import NOW, REQUEST, MakeLedger, both


def result(report: Report, item: str) -> ItemResult:
    return next(one.result for one in report.items if one.id == item)


def outcome(report: Report, query: str) -> QueryOutcome:
    return next(one.outcome for one in report.answers if one.query == query)


def test_from_an_empty_ledger_nothing_is_met_or_shown(ledger_of: MakeLedger) -> None:
    gdpr, mlps = both(ledger_of([]))
    assert {item.result for item in (*gdpr.items, *mlps.items)} == {ItemResult.NOT_ASSESSED}
    page = FORMATS["html"](mlps, "zh").decode()
    assert "未评估" in page
    assert not any(one.outcome is QueryOutcome.PASS for one in mlps.answers)


def test_a_release_on_record_gives_partial_evidence_and_no_contradiction(released: Ledger) -> None:
    gdpr, mlps = both(released)
    assert result(mlps, "8.1.4.3 c)") is ItemResult.PARTLY_MET
    assert result(mlps, "8.1.9.4 f)") is ItemResult.PARTLY_MET
    assert result(gdpr, "5.2") is ItemResult.EVIDENCE_PARTIAL
    assert not {ItemResult.NOT_MET, ItemResult.CONTRADICTED} & {
        item.result for item in (*gdpr.items, *mlps.items)
    }


def test_what_only_people_or_the_platform_can_show_stays_not_assessed(released: Ledger) -> None:
    gdpr, mlps = both(released)
    for item in (*gdpr.items, *mlps.items):
        if item.share in {"platform", "attestation", "context"}:
            assert item.result is ItemResult.NOT_ASSESSED, item.id


def test_every_positive_result_has_a_method_a_step_and_an_observed_value(released: Ledger) -> None:
    for report in both(released):
        answers = {answer.query: answer for answer in report.answers}
        for item in report.items:
            if item.result in POSITIVE:
                shown = [answers[name] for name in item.evidence]
                assert item.methods
                assert any(
                    one.outcome in {QueryOutcome.PASS, QueryOutcome.PARTIAL} for one in shown
                ), item.id
                assert all(one.observed.zh and one.passes.zh for one in shown)


def test_queries_without_a_module_are_not_run_and_never_count(released: Ledger) -> None:
    _, mlps = both(released)
    assert outcome(mlps, "redaction.eval") is QueryOutcome.NOT_RUN
    assert sum(one.outcome is QueryOutcome.NOT_RUN for one in mlps.answers) == 27
    assert result(mlps, "8.1.4.11 a)") is ItemResult.NOT_ASSESSED


@pytest.mark.parametrize("seq", [3, 9])
def test_an_edited_entry_is_named_and_the_items_about_integrity_are_contradicted(
    released: Ledger, seq: int
) -> None:
    edit(released.url, seq)
    gdpr, mlps = both(released)
    assert result(mlps, "8.1.4.3 c)") is ItemResult.NOT_MET
    assert result(gdpr, "5.1.f") is ItemResult.CONTRADICTED
    for report, id_ in ((mlps, "8.1.4.3 c)"), (gdpr, "5.1.f")):
        (item,) = (one for one in report.items if one.id == id_)
        assert f"entry {seq}" in item.reason.en
        assert f"条目 {seq}" in item.reason.zh
        assert f"ledger entry {seq}" in FORMATS["html"](report, "zh").decode()


def test_nothing_from_a_broken_ledger_counts_as_whole(released: Ledger) -> None:
    edit(released.url, 9)
    for report in both(released):
        whole = {ItemResult.MET, ItemResult.EVIDENCE_PRESENT}
        assert not whole & {item.result for item in report.items}
        assert all(
            (row.get("seq") or 0) < 9
            for one in report.answers
            for row in one.rows
            if one.query != "ledger.chain_intact"
        )


def test_the_same_inputs_give_the_same_bytes(released: Ledger, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_reports(released, tmp_path / folder, request=REQUEST)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["gdpr.html", "gdpr.json", "mlps.html", "mlps.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize(
    ("period", "cited", "not_cited"),
    [
        (("2025-06-01", "2025-12-01"), "第二十一条：", "第二十三条"),
        (("2026-02-01", "2026-12-01"), "第二十三条", "第二十一条："),
    ],
)
def test_the_article_on_keeping_logs_is_the_one_of_the_period(
    released: Ledger, period: tuple[str, str], cited: str, not_cited: str
) -> None:
    start, end = map(read_instant, period)
    _, mlps = both(released, ReportRequest(from_ns=start, to_ns=end, as_of_ns=NOW))
    laws = " ".join(law.zh for law in mlps.law)
    assert cited in laws
    assert not_cited not in laws
    refs = {line.ref.zh for line in mlps.crosswalk if line.framework == "cn-laws"}
    assert ("网络安全法 第二十一条" in refs) is (cited == "第二十一条：")


def test_a_period_over_the_change_of_law_cites_both_articles(released: Ledger) -> None:
    request = ReportRequest(
        from_ns=read_instant("2025-06-01"), to_ns=read_instant("2026-06-01"), as_of_ns=NOW
    )
    _, mlps = both(released, request)
    assert len(mlps.law) == 2


@pytest.mark.parametrize(
    "planted",
    [
        "zhang.wei@example.com",
        "11010519491231002X",
        "13812345678",
        "+86 138-1234-5678",
        "4111 1111 1111 1111",
        "DE89370400440532013000",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_a_report_with_planted_personal_data_is_refused_without_repeating_it(
    ledger_of: MakeLedger, tmp_path: Path, planted: str
) -> None:
    release = FakeRelease(facts={**FACTS, "eval.note": planted})
    ledger = ledger_of(release.events())
    with pytest.raises(
        PersonalDataLeft, match=r"eval.metrics: metrics of ledger entry 3"
    ) as caught:
        write_reports(ledger, tmp_path / "out", request=REQUEST)
    assert planted not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_name_passes_the_net(ledger_of: MakeLedger) -> None:
    release = FakeRelease(facts={**FACTS, "eval.note": "Zhang Wei, 12 Long Street"})
    _, mlps = both(ledger_of(release.events()))
    assert "Zhang Wei" in FORMATS["html"](mlps, "en").decode()


def test_numbers_that_only_look_like_identifiers_are_printed(ledger_of: MakeLedger) -> None:
    facts = {**FACTS, "eval.loss": "0.13812345678", "eval.steps": "110105194912310021"}
    _, mlps = both(ledger_of(FakeRelease(facts=facts).events()))
    assert outcome(mlps, "eval.metrics") is QueryOutcome.PASS  # and 13812345678 bytes of data


def test_markup_in_facts_is_text_in_the_page(ledger_of: MakeLedger) -> None:
    attack = '"><script>alert(1)</script><img src=x onerror=y>'
    release = FakeRelease(facts={**FACTS, "eval.<b>": attack, "finetune.base_model": attack})
    for report in both(ledger_of(release.events())):
        page = FORMATS["html"](report, "both").decode()
        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page


def test_invisible_and_long_texts_are_written_out_or_named_by_digest(ledger_of: MakeLedger) -> None:
    facts = {**FACTS, "finetune.base_model": "a\u202eb\u0000c", "eval.blob": "x" * 1000}
    _, mlps = both(ledger_of(FakeRelease(facts=facts).events()))
    (lineage,) = (one for one in mlps.answers if one.query == "model.lineage")
    assert lineage.rows[0]["base_model"] == "a\\u{202e}b\\u{0}c"
    (metrics,) = (one for one in mlps.answers if one.query == "eval.metrics")
    assert not any("xxx" in one for one in metrics.rows[0]["metrics"])
    assert any("(1007 bytes)" in one for one in metrics.rows[0]["metrics"])


def test_a_report_about_one_model_leaves_the_others_out(ledger_of: MakeLedger) -> None:
    other = FakeRelease("9.9.9", model_id="acme/other")
    ledger = ledger_of([*ALLOWED.events(), *other.events()])
    (report,) = make_reports(ledger, ["mlps"], request=ReportRequest(model_id=MODEL, as_of_ns=NOW))
    text = FORMATS["json"](report, "both").decode()
    assert "acme/other" not in text
    assert other.subject not in text
