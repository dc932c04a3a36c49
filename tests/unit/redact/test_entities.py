"""Every entity of the table, as it is written in real texts, and texts that hold none."""

import json
from pathlib import Path

import pytest

from audit.redact import Redactor, Settings, redact

VECTORS = Path(__file__).parents[2] / "vectors" / "redact"
FOUND = json.loads((VECTORS / "entities.found.json").read_text("utf-8"))
CLEAN = json.loads((VECTORS / "prose.clean.json").read_text("utf-8"))
ENGINES = ("re", "re2", "hyperscan")


@pytest.fixture(scope="module", params=ENGINES)
def redactor(request: pytest.FixtureRequest) -> Redactor:
    return Redactor(Settings(engine=request.param))


@pytest.mark.parametrize(("text", "value", "kind"), FOUND, ids=[row[0] for row in FOUND])
def test_value_is_found_whole_and_named(text: str, value: str, kind: str) -> None:
    start = text.index(value)
    (span,) = redact(text).spans
    assert (text[span.start : span.end], span.type) == (value, kind)
    assert (span.start, span.end) == (start, start + len(value))


@pytest.mark.parametrize("text", CLEAN)
def test_text_without_personal_data_comes_back_as_it_is(text: str) -> None:
    assert redact(text).text == text


def test_every_engine_gives_the_same_spans(redactor: Redactor) -> None:
    reference = Redactor(Settings(engine="re"))
    for text in [*(row[0] for row in FOUND), *CLEAN, "\n".join(row[0] for row in FOUND)]:
        assert redactor.spans(text) == reference.spans(text), text


def test_placeholders_keep_the_field() -> None:
    text = "身份证110101199003074610，手机13812345678"
    assert redact(text).text == "身份证***ID***，手机***PHONE***"


def test_report_holds_counts_and_no_text() -> None:
    report = redact("mail zhang.san@example.com").report()
    assert report.counts == {"EMAIL_ADDRESS": 1}
    assert "zhang" not in report.model_dump_json()
