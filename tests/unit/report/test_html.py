"""The page: self-contained, no script, whole in each language, the same for the same report."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from typing_extensions import override

from audit.core.resources import shelf
from audit.documents import Event, ItemResult, Method, QueryOutcome, Report
from audit.ledger import Ledger
from audit.report import FORMATS, Language
from audit.report._language import words
from audit.report.formats.html import CODED, MARKS
from tests.fakes.releases import ALLOWED, DENIED
from tests.unit.report.conftest import MakeLedger, both

HAN = re.compile(r"[\u4e00-\u9fff]")
TEMPLATES = Path(str(shelf("reports")))


class Reader(HTMLParser):
    """Collects what a browser would see of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


@pytest.mark.parametrize("language", ["en", "zh", "both"])
def test_the_page_runs_nothing_and_fetches_nothing(released: Ledger, language: Language) -> None:
    for report in both(released):
        page = FORMATS["html"](report, language).decode()
        seen = Reader(page)
        assert not seen.open
        assert not {"script", "img", "link", "iframe", "object", "form", "base"} & set(seen.tags)
        assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "src"]
        assert all(value.startswith("#") for name, value in seen.attributes if name == "href")
        assert "url(" not in page
        assert "@import" not in page


@pytest.mark.parametrize("language", ["en", "zh", "both"])
def test_every_link_leads_to_a_place_and_every_place_is_one(
    released: Ledger, language: Language
) -> None:
    for report in both(released):
        seen = Reader(FORMATS["html"](report, language).decode())
        places = [value for name, value in seen.attributes if name == "id"]
        assert len(places) == len(set(places))
        assert {v.removeprefix("#") for n, v in seen.attributes if n == "href"} <= set(places)


def test_the_english_page_holds_no_chinese(released: Ledger) -> None:
    for report in both(released):
        text = "".join(Reader(FORMATS["html"](report, "en").decode()).text)
        assert not HAN.findall(text)


def test_the_chinese_page_says_every_sentence_in_chinese(released: Ledger) -> None:
    for report in both(released):
        text = "".join(Reader(FORMATS["html"](report, "zh").decode()).text)
        for sentence in sentences(report):
            assert sentence not in text, sentence


def sentences(report: Report) -> set[str]:
    """Return the English sentences that have a Chinese form."""
    texts = [*words().values(), *report.never_claimed, report.framework.claim]
    texts += [answer.observed for answer in report.answers]
    texts += [answer.computes for answer in report.answers]
    texts += [item.reason for item in report.items]
    texts += [line.numbering for line in report.crosswalk]
    texts += [line.text for line in report.crosswalk]
    return {text.en for text in texts if text.en != text.zh and len(text.en) > 25}


def test_every_language_is_marked_as_what_it_is(released: Ledger) -> None:
    _, mlps = both(released)
    for language, tag in (("en", "en"), ("zh", "zh-CN"), ("both", "zh-CN")):
        page = FORMATS["html"](mlps, language).decode()  # type: ignore[arg-type]
        assert f'<html lang="{tag}">' in page
    assert '<span lang="en">' in page
    assert '<span lang="zh-CN">' in page


COMPOSED = {"title", "part", "result", "outcome", "share", "method", "col", "val"}
"""First parts of words whose key is put together from a value."""


def test_every_word_is_used_and_every_value_has_a_word_and_a_mark() -> None:
    files = [*TEMPLATES.glob("*.j2"), *(TEMPLATES.parent / "audit/report").rglob("*.py")]
    source = "".join(path.read_text("utf-8") for path in files)
    for key in words():
        used = f'"{key}"' in source or f"'{key}'" in source
        assert used or key.partition(".")[0] in COMPOSED, key
    for result in ItemResult:
        assert f"result.{result}" in words()
    for outcome in QueryOutcome:
        assert f"outcome.{outcome}" in words()
    for method in get_args(Method):
        assert f"method.{method}" in words()
    assert set(MARKS) == {*ItemResult, *QueryOutcome}


def test_every_code_in_a_row_is_spelled_out(ledger_of: MakeLedger) -> None:
    served = [
        Event(type="serve.started", subject=ALLOWED.subject, facts={"sealed": True}),
        Event(type="response.served", subject=ALLOWED.subject, facts={"coverage": "marked"}),
    ]
    _, mlps = both(ledger_of([*DENIED.events(), *ALLOWED.events(), *served]))
    codes = {
        (key, row[key])
        for answer in mlps.answers
        for row in answer.rows
        for key in row
        if key in CODED and key != "algorithm"
    }
    assert len({key for key, _ in codes}) == len(CODED) - 1
    assert {f"val.{value}" for _, value in codes} <= set(words())


def test_every_column_of_every_row_has_a_heading(released: Ledger) -> None:
    _, mlps = both(released)
    columns = {key for answer in mlps.answers for row in answer.rows for key in row}
    assert columns
    assert {f"col.{name}" for name in columns} <= set(words())
