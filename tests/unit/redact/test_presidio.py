"""Our recognisers in a stock analyzer, theirs in ours."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

presidio = pytest.importorskip(
    "presidio_analyzer", reason="presidio-analyzer is not installed (Python 3.14)"
)

from presidio_anonymizer.entities import OperatorConfig  # noqa: E402

from audit.core.errors import ConfigError  # noqa: E402
from audit.redact import Redactor, Settings, redact  # noqa: E402
from audit.redact.presidio import AuditRecognizer, Foreign, operators  # noqa: E402

TEXT = "手机13812345678, mail a.b@example.com, PESEL: 44051401359"
CORPUS = Path(__file__).parents[2] / "corpora"


@pytest.fixture(scope="module")
def analyzer() -> Any:
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    nlp = {"nlp_engine_name": "no_op", "models": [{"lang_code": "en", "model_name": "no_op"}]}
    return presidio.AnalyzerEngine(
        nlp_engine=NlpEngineProvider(nlp_configuration=nlp).create_engine(),
        registry=presidio.RecognizerRegistry(
            recognizers=[AuditRecognizer()], supported_languages=["en"]
        ),
        supported_languages=["en"],
    )


@pytest.mark.parametrize("name", ["zh_ids", "en_presidio_small", "pl_core"])
def test_a_stock_analyzer_finds_what_our_core_finds(analyzer: Any, name: str) -> None:
    for line in (CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines():
        text = json.loads(line)["text"]
        theirs = {(r.start, r.end, r.entity_type) for r in analyzer.analyze(text, language="en")}
        assert theirs == {(s, e, k) for s, e, k, _ in redact(text).spans}, text


class Codes(presidio.PatternRecognizer):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__("BADGE", patterns=[presidio.Pattern("badge", r"\bB-[0-9]{4}\b", 0.9)])


class Endless(presidio.EntityRecognizer):  # type: ignore[misc]
    def load(self) -> None: ...

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any) -> list[Any]:
        time.sleep(1.5)
        return []


def test_a_recogniser_of_presidio_works_in_ours() -> None:
    redactor = Redactor(recognisers=[Foreign([Codes()])])
    assert redactor.redact("badge B-1234 and 13812345678").text == "badge ***ID*** and ***PHONE***"


def test_a_recogniser_that_takes_too_long_fails_the_scan() -> None:
    slow = Foreign([Endless(supported_entities=["X"])], seconds=0.05)
    assert Redactor(recognisers=[slow]).redact(TEXT).text == "***REDACTED***"


def test_recognisers_come_from_presidios_yaml(tmp_path: Path) -> None:
    path = tmp_path / "recognisers.yaml"
    path.write_text(
        "recognizers:\n  - name: Ticket\n    supported_language: en\n    supported_entity: TICKET\n"
        "    patterns:\n      - {name: t, regex: 'T-[0-9]{5}', score: 0.8}\n",
        "utf-8",
    )
    redactor = Redactor(Settings(), [Foreign.from_yaml(path)])
    assert redactor.redact("see T-12345").text == "see ***ID***"


def test_operators_of_presidio_anonymizer_are_honoured() -> None:
    configs = {
        "PHONE_NUMBER": OperatorConfig(
            "mask", {"chars_to_mask": 7, "masking_char": "#", "from_end": True}
        ),
        "DEFAULT": OperatorConfig("replace", {"new_value": "[gone]"}),
    }
    out = Redactor(Settings(replacement=operators(configs))).redact(TEXT).text
    assert out == "手机1381#######, mail [gone], PESEL: [gone]"


def test_an_unknown_operator_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError):
        operators({"DEFAULT": OperatorConfig("rot13")})
