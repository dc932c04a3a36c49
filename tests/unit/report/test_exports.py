"""Exports for other tools: CSV lines per item, and OSCAL documents whose references resolve."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from audit.documents import ItemResult, QueryOutcome, Report
from audit.ledger import Ledger
from audit.report import FORMATS
from tests.fakes.releases import FACTS, FakeRelease, edit
from tests.unit.report.conftest import MakeLedger, both

TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")


def lines(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(FORMATS["csv"](report, "en").decode(), newline="")))


def test_every_item_is_one_line_and_none_is_called_compliant(released: Ledger) -> None:
    for report in both(released):
        found = lines(report)
        assert [line["ref_id"] for line in found] == [item.id for item in report.items]
        assert {line["compliance_result"] for line in found} == {"not_assessed"}
        assert len({line["urn"] for line in found}) == len(found)
        assert all(report.digest in line["observations"] for line in found)


def test_progress_says_how_far_a_person_still_has_to_go(released: Ledger) -> None:
    gdpr, _ = both(released)
    progress = {line["ref_id"]: line["requirement_progress"] for line in lines(gdpr)}
    results = {item.id: item.result for item in gdpr.items}
    assert progress["5.2"] == "in_progress"
    assert results["5.2"] is ItemResult.EVIDENCE_PARTIAL
    assert progress["16"] == "to_do"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_cell_starts_like_a_formula(ledger_of: MakeLedger, start: str) -> None:
    facts = {**FACTS, "finetune.base_model": start + "cmd()"}
    for report in both(ledger_of(FakeRelease(facts=facts).events())):
        for line in lines(report):
            assert not [value for value in line.values() if value.startswith(start)]


def values(node: Any, key: str) -> Iterator[Any]:
    """Give every value under `key` anywhere in a JSON document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, key)


def oscal(report: Report, form: str) -> dict[str, Any]:
    (document,) = json.loads(FORMATS[f"oscal-{form}"](report, "both")).values()
    return document  # type: ignore[no-any-return]


def test_what_results_point_at_is_in_the_catalog_or_beside_them(released: Ledger) -> None:
    for report in both(released):
        catalog, results = oscal(report, "catalog"), oscal(report, "results")
        ids = list(values(catalog, "id"))
        assert len(ids) == len(set(ids))
        assert all(TOKEN.fullmatch(one) for one in ids)
        assert set(values(results, "control-id")) <= set(ids)
        assert set(values(results, "target-id")) <= set(ids)
        uuids = list(values(results, "uuid"))
        assert len(uuids) == len(set(uuids))
        assert set(values(results, "observation-uuid")) <= set(uuids)
        assert set(values(results, "subject-uuid")) <= set(uuids)
        assert results["import-ap"]["href"].removeprefix("#") in uuids


def test_only_assessed_items_have_findings_and_only_asked_queries_observations(
    released: Ledger,
) -> None:
    for report in both(released):
        (result,) = oscal(report, "results")["results"]
        assessed = [i for i in report.items if i.result is not ItemResult.NOT_ASSESSED]
        assert len(result["findings"]) == len(assessed)
        asked = [a for a in report.answers if a.outcome is not QueryOutcome.NOT_RUN]
        assert [one["title"] for one in result["observations"]] == [one.query for one in asked]
        assert set(values(result, "record-digest")) == set()
        digests = {prop["value"] for prop in _props(result) if prop["name"] == "record-digest"}
        assert digests == {one.digest for one in asked}


def _props(node: Any) -> Iterator[dict[str, str]]:
    for props in values(node, "props"):
        yield from props


def test_partial_evidence_is_never_satisfied(released: Ledger) -> None:
    for report in both(released):
        results = {item.result for item in report.items}
        whole = {ItemResult.MET, ItemResult.EVIDENCE_PRESENT}
        states = set(values(oscal(report, "results"), "state")) - {"operational"}
        assert ("satisfied" in states) is bool(results & whole)
        assert "not-satisfied" in states


def test_a_contradiction_is_a_failed_finding(released: Ledger) -> None:
    edit(released.url, 5)
    _, mlps = both(released)
    (result,) = oscal(mlps, "results")["results"]
    failed = {
        finding["title"].partition(") ")[0] + ")"
        for finding in result["findings"]
        if finding["target"]["status"] == {"state": "not-satisfied", "reason": "fail"}
    }
    assert "8.1.4.3 c)" in failed


def test_an_empty_ledger_gives_results_without_findings(ledger_of: MakeLedger) -> None:
    _, mlps = both(ledger_of([]))
    (result,) = oscal(mlps, "results")["results"]
    assert "findings" not in result
    assert result["observations"]


def test_exports_are_the_same_for_the_same_report(released: Ledger) -> None:
    one, two = both(released)[0], both(released)[0]
    for form in FORMATS:
        assert FORMATS[form](one, "both") == FORMATS[form](two, "both")
