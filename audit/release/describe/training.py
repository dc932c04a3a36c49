"""Facts about the training, from the files a trainer leaves behind.

* Hugging Face `trainer_state.json`: `num_train_epochs`, and the learning rate
  as the highest of `log_history`, since the file does not name the one configured
* PEFT `adapter_config.json`: the base model and the LoRA shape
* any flat JSON object with the keys of the mapping table
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from audit.core.errors import ConfigError
from audit.documents import Fact
from audit.release.describe._source import JsonSource, as_number, as_text, read_source
from audit.release.describe.mapping import TRAINING


def read_training(paths: Sequence[Path]) -> list[Fact]:
    """Return what the files say about the training, one fact per row of the table.

    Raises:
        InputMissing: a file is not there or not readable.
        ConfigError: not strict JSON, two files that disagree, or a required fact in none.
    """
    found: dict[str, Fact] = {}
    for path in paths:
        for fact in _facts(read_source(path)):
            before = found.setdefault(fact.name, fact)
            if before.value != fact.value:
                raise ConfigError(
                    f"{path}: {fact.pointer} says {fact.name} is {fact.value}, "
                    f"but {before.source} says {before.value}",
                    hint="name only the files of the run that made this model",
                )
    for row in TRAINING:
        if row.required and row.name not in found:
            raise ConfigError(
                f"no training file gives {row.name} (looked for {', '.join(row.keys)} "
                f"in {', '.join(path.name for path in paths)})",
                hint="add a JSON file with that key to training.files in RELEASE.toml",
            )
    return [found[row.name] for row in TRAINING if row.name in found]


def _facts(source: JsonSource) -> Iterator[Fact]:
    for row in TRAINING:
        for key in row.keys:
            if source.value.get(key) is not None:
                where = f"{source.path}: {key}"
                yield source.fact(row.name, as_text(source.value[key], where=where), f"/{key}")
    if "learning_rate" not in source.value and isinstance(source.value.get("log_history"), list):
        yield from _highest_rate(source)


def _highest_rate(source: JsonSource) -> Iterator[Fact]:
    rates = [
        as_number(step["learning_rate"], where=f"{source.path}: log_history.{at}.learning_rate")
        for at, step in enumerate(source.value["log_history"])
        if isinstance(step, dict) and "learning_rate" in step
    ]
    if rates:
        highest = max(rates, key=Decimal)
        yield source.fact(
            "finetune.learning_rate", highest, "highest of /log_history/*/learning_rate"
        )
