"""`evaluation-below-threshold`: the recorded metrics reach what the policy asks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from pydantic import Field, field_validator, model_validator

from audit.documents import EvaluationEvidence, Evidence, Finding, Outcome, Release
from audit.gate.rules._rule import Parameters, Rule, of_kind

PLAIN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)


class Threshold(Parameters):
    """The least or the greatest value a metric may have, or both."""

    min: Decimal | None = Field(default=None, allow_inf_nan=False)
    max: Decimal | None = Field(default=None, allow_inf_nan=False)

    @field_validator("min", "max", mode="before")
    @classmethod
    def _is_written_plainly(cls, value: object) -> object:
        # Decimal also reads `0_9` and the digits of other scripts.
        if isinstance(value, str) and not PLAIN.fullmatch(value):
            raise ValueError(f"{value!r} is not a decimal number")
        return value

    @model_validator(mode="after")
    def _asks_for_something(self) -> "Threshold":
        if self.min is None and self.max is None:
            raise ValueError("a threshold needs min or max")
        return self


class Thresholds(Parameters):
    """Thresholds by metric name, as in the `ai.hf.eval.*` annotations."""

    thresholds: Mapping[str, Threshold] = Field(
        default_factory=lambda: {"accuracy": Threshold(min=Decimal("0.9"))}, min_length=1
    )


def _check(
    release: Release, evidence: Sequence[Evidence], parameters: Thresholds
) -> Iterator[Finding]:
    metrics = {one.metric: one for one in of_kind(evidence, EvaluationEvidence)}
    for name, threshold in parameters.thresholds.items():
        if (metric := metrics.get(name)) is None:
            yield _finding(f"{release.artifact} carries no evaluation metric {name!r}")
        elif problem := _below(metric, threshold):
            yield _finding(problem)


def _below(metric: EvaluationEvidence, threshold: Threshold) -> str | None:
    """Return what is wrong with `metric`; anything that is not a plain number is wrong."""
    if metric.recorded_seq is None:
        return f"the ledger does not record {metric.metric} = {metric.value} for this artifact"
    if not PLAIN.fullmatch(metric.value):
        return f"{metric.metric} = {metric.value!r} is not a number"
    value = Decimal(metric.value)
    if threshold.min is not None and value < threshold.min:
        return f"{metric.metric} is {metric.value}, less than {threshold.min}"
    if threshold.max is not None and value > threshold.max:
        return f"{metric.metric} is {metric.value}, more than {threshold.max}"
    return None


def _finding(message: str) -> Finding:
    return Finding(
        rule=RULE.name,
        outcome=Outcome.DENY,
        message=message,
        hint="evaluate the model, name the results in RELEASE.toml, and release again",
    )


RULE = Rule(
    "evaluation-below-threshold", "recorded metrics reach the thresholds", _check, Thresholds
)
