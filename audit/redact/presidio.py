"""Our recognisers inside a presidio AnalyzerEngine, and presidio's inside our Redactor.

Entity names are presidio's where it has one. Needs the extra `presidio`.

* `AuditRecognizer`: everything our core finds, as one presidio recogniser
* `Foreign`: presidio recognisers, or a YAML file of them, as a recogniser of ours,
  run last and within a budget; one that takes too long fails the scan
* `operators`: presidio-anonymizer operators as a replacement
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from pathlib import Path
from typing import Any

from typing_extensions import override

from audit.core.errors import ConfigError, ExtraMissing
from audit.redact._redactor import Redactor, default
from audit.redact._replace import Replacement
from audit.redact._scan import BudgetSpent, Deadline
from audit.redact._types import Span
from audit.redact.kinds import RULES
from audit.redact.shapes import SHAPES

try:
    from presidio_analyzer import EntityRecognizer, LocalRecognizer, RecognizerResult
except ImportError as exc:
    raise ExtraMissing("presidio-analyzer", extra="presidio") from exc

_BY_OTHERS = frozenset(
    "PHONE_NUMBER IP_ADDRESS KR_RRN SE_PERSONNUMMER FI_PERSONAL_IDENTITY_CODE UK_POSTCODE PERSON LOCATION ADDRESS".split()
)
"""What rows of the tables give beside the type they are named for, and what models give."""
ENTITIES = sorted({rule.type for rule in RULES} | {shape.type for shape in SHAPES} | _BY_OTHERS)
"""Every entity type that our core can give."""


class AuditRecognizer(LocalRecognizer):
    """Everything our core finds, as one recogniser of a stock analyzer."""

    def __init__(self, redactor: Redactor | None = None, language: str = "en") -> None:
        self._redactor = redactor or default()
        super().__init__(
            supported_entities=ENTITIES, supported_language=language, name="AuditRecognizer"
        )

    @override
    def load(self) -> None:
        """Nothing is left to load."""

    @override
    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: object = None
    ) -> list[RecognizerResult]:
        """Return what our core finds of the wanted entities.

        Raises:
            RedactionFailed: the text could not be scanned whole.
        """
        wanted = set(entities)
        return [
            RecognizerResult(entity_type=kind, start=start, end=end, score=score)
            for start, end, kind, score in self._redactor.spans(text)
            if kind in wanted
        ]


class Foreign:
    """Presidio recognisers as a recogniser of ours."""

    def __init__(self, recognisers: Sequence[EntityRecognizer], seconds: float = 2.0) -> None:
        self._recognisers = tuple(recognisers)
        self._seconds = seconds
        entities = [sorted(r.supported_entities) for r in recognisers]
        names = f"{[type(r).__qualname__ for r in recognisers]} {entities}"
        self.digests: tuple[str, ...] = ("sha256:" + hashlib.sha256(names.encode()).hexdigest(),)

    @classmethod
    def from_yaml(cls, path: Path, language: str = "en", seconds: float = 2.0) -> "Foreign":
        """Return the recognisers in a presidio YAML file.

        Raises:
            ConfigError: presidio does not take the file.
        """
        from presidio_analyzer import RecognizerRegistry

        registry = RecognizerRegistry(supported_languages=[language])
        try:
            registry.add_recognizers_from_yaml(str(path))
        except (TypeError, ValueError, OSError) as exc:
            raise ConfigError(f"{path}: presidio does not take it: {type(exc).__name__}") from exc
        return cls(list(registry.recognizers), seconds)

    def spans(self, text: str, deadline: Deadline) -> Iterable[Span]:
        """Return what the recognisers find; they run in a thread, which is left behind when late.

        Raises:
            BudgetSpent: they took longer than their budget.
        """
        deadline.check()
        pool = ThreadPoolExecutor(1)
        try:
            return pool.submit(self._run, text).result(self._seconds)
        except Late as exc:
            raise BudgetSpent from exc
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, text: str) -> list[Span]:
        nothing: Any = None  # they get no linguistic analysis
        return [
            Span(result.start, result.end, result.entity_type, result.score)
            for recogniser in self._recognisers
            for result in recogniser.analyze(text, recogniser.supported_entities, nothing) or ()
        ]


def operators(configs: Mapping[str, Any]) -> Replacement:
    """Return a replacement that applies presidio-anonymizer operators, by entity type.

    `configs` is what `AnonymizerEngine.anonymize` takes; `DEFAULT` is for every other type.

    Raises:
        ExtraMissing: presidio-anonymizer is not installed.
        ConfigError: an operator is not known or its parameters are wrong.
    """
    try:
        from presidio_anonymizer.operators import OperatorsFactory, OperatorType
    except ImportError as exc:
        raise ExtraMissing("presidio-anonymizer", extra="presidio") from exc
    factory: Any = OperatorsFactory()  # type: ignore[no-untyped-call]
    made = {}
    for kind, config in configs.items():
        try:
            operator = factory.create_operator_class(config.operator_name, OperatorType.Anonymize)
            operator.validate({**config.params, "entity_type": kind})
        except Exception as exc:
            raise ConfigError(
                f"operator of {kind}: presidio does not take it: {type(exc).__name__}"
            ) from exc
        made[kind] = (operator, config.params)

    def replace(span: Span, value: str) -> str:
        found = made.get(span.type) or made.get("DEFAULT")
        if found is None:
            return f"<{span.type}>"
        operator, params = found
        return str(operator.operate(text=value, params={**params, "entity_type": span.type}))

    return replace
