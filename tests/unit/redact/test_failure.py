"""Whatever fails, no text passes unmasked and no message shows it."""

import dataclasses
import re
from collections.abc import Iterable

import pytest

from audit.core.errors import ExtraMissing, RedactionFailed
from audit.redact import Deadline, Redactor, Settings, Span
from audit.redact.shapes import Shape

TEXT = "手机13812345678"


@dataclasses.dataclass
class Failing:
    """A recogniser whose model died."""

    error: Exception
    digests: tuple[str, ...] = ("sha256:" + "0" * 64,)

    def spans(self, text: str, deadline: Deadline) -> Iterable[Span]:
        raise self.error


class Slow:
    """A recogniser that spends the budget."""

    digests = ("sha256:" + "1" * 64,)

    def spans(self, text: str, deadline: Deadline) -> Iterable[Span]:
        while True:
            deadline.check()


ERRORS = [MemoryError(), RuntimeError(TEXT), FileNotFoundError("/model.onnx"), RecursionError()]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_failing_recogniser_masks_the_whole_text(error: Exception) -> None:
    result = Redactor(recognisers=[Failing(error)]).redact(TEXT)
    assert result.text == "***REDACTED***"
    assert result.coverage.refused == type(error).__name__


def test_failing_recogniser_refuses_where_the_policy_says_so() -> None:
    redactor = Redactor(Settings(on_failure="refuse"), recognisers=[Failing(RuntimeError(TEXT))])
    with pytest.raises(RedactionFailed) as caught:
        redactor.redact(TEXT)
    assert "138" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_failing_shape_masks_the_whole_text() -> None:
    def explode(match: re.Match[str]) -> Span:
        raise ZeroDivisionError

    shape = Shape("X", re.compile("手"), ("手",), "手", explode)
    result = Redactor(shapes=[shape]).redact(TEXT)
    assert result.text == "***REDACTED***"


def test_spent_budget_masks_the_whole_text() -> None:
    result = Redactor(Settings(budget=0.01), recognisers=[Slow()]).redact(TEXT)
    assert (result.text, result.coverage.refused) == ("***REDACTED***", "time budget spent")


def test_text_beyond_the_limit_is_masked() -> None:
    assert Redactor(Settings(most=5)).redact(TEXT).text == "***REDACTED***"


def test_spans_never_answers_nothing_when_it_failed() -> None:
    with pytest.raises(RedactionFailed):
        Redactor(recognisers=[Failing(RuntimeError())]).spans(TEXT)


def test_missing_engine_is_an_error_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "hyperscan", None)
    with pytest.raises(ExtraMissing) as caught:
        Redactor(Settings(engine="hyperscan"))
    assert "lastmile-audit[redact]" in str(caught.value.hint)


def test_without_hyperscan_the_same_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    expected = Redactor().spans(TEXT)
    for missing, engine in (("hyperscan", "re2"), ("re2", "re")):
        monkeypatch.setitem(sys.modules, missing, None)
        without = Redactor()
        assert without.engine == engine
        assert without.spans(TEXT) == expected != []
