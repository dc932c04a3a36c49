"""Evaluation metrics, from a results file.

* flat JSON: `{"accuracy": 0.93, ...}`; the trainer's `eval_` prefix is left off
* lm-evaluation-harness: `results.TASK."METRIC,FILTER"` -> `eval.TASK.METRIC`, with
  the filter's name behind it when it is not `none`
"""

import re
from collections.abc import Iterator
from pathlib import Path

from audit.core.errors import ConfigError
from audit.documents import Fact
from audit.release.describe._source import JsonSource, as_number, read_source
from audit.release.describe.mapping import EVALUATION

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}")
_NOT_METRICS = {"epoch", "runtime", "samples", "samples_per_second", "steps_per_second"}
"""What a trainer writes among its metrics that says nothing about the model."""


def read_evaluation(path: Path) -> list[Fact]:
    """Return every metric of a results file, in order of its name.

    Raises:
        InputMissing: the file is not there or not readable.
        ConfigError: not strict JSON, no metric, NaN, or a value that is not a number.
    """
    source = read_source(path)
    facts = list(_harness(source) if "results" in source.value else _flat(source))
    if not facts:
        raise ConfigError(f"{path}: holds no evaluation metric")
    names = [fact.name for fact in facts]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"{path}: two values for {min(twice)}")
    return sorted(facts, key=lambda fact: fact.name)


def _flat(source: JsonSource) -> Iterator[Fact]:
    for key, value in source.value.items():
        name = key.removeprefix("eval_")
        if name not in _NOT_METRICS:
            yield _metric(source, name, value, (key,))


def _harness(source: JsonSource) -> Iterator[Fact]:
    results = source.value["results"]
    if not isinstance(results, dict):
        raise ConfigError(f"{source.path}: results: expected an object of tasks")
    for task, metrics in results.items():
        if not isinstance(metrics, dict):
            raise ConfigError(f"{source.path}: results.{task}: expected an object of metrics")
        for key, value in metrics.items():
            metric, comma, chosen = key.partition(",")
            if not comma or metric.endswith("_stderr"):
                continue  # the task's alias, its sample count, an error bar
            name = f"{task}.{metric}" + (f".{chosen}" if chosen != "none" else "")
            yield _metric(source, name, value, ("results", task, key))


def _metric(source: JsonSource, name: str, value: object, path: tuple[str, ...]) -> Fact:
    where = f"{source.path}: {'.'.join(path)}"
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: {name!r} is not a metric's name")
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    return source.fact(EVALUATION + name, as_number(value, where=where), pointer)
