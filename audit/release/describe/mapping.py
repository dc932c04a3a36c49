"""The one table: where each fact comes from, and where each carrier says it.

| fact | training file keys | model card | OCI annotation |
|---|---|---|---|
| finetune.base_model | base_model, base_model_name_or_path | base_model | ai.hf.finetune.base_model |
| finetune.learning_rate | learning_rate, log_history | finetune.learning_rate | ai.hf.… |
| finetune.num_train_epochs | num_train_epochs | finetune.num_train_epochs | ai.hf.… |
| finetune.lora_* | r, lora_alpha, lora_dropout | finetune.lora_* | ai.hf.finetune.lora_* |
| dataset.fingerprint | (computed) | dataset.fingerprint | ai.hf.dataset.fingerprint |
| eval.* | (evaluation file) | eval.* | ai.hf.eval.* |

The statement's predicate carries every fact under its name, with its source.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from audit.core.canonical import JsonValue
from audit.documents import Fact, ReleaseFacts

PREFIX = "ai.hf."
MODEL_ID, MODEL_VERSION = "model.id", "model.version"
FINGERPRINT = "dataset.fingerprint"
EVALUATION = "eval."


@dataclass(frozen=True, slots=True)
class Row:
    """One fact that training files give: its name, their keys for it, its place in the card."""

    name: str
    keys: tuple[str, ...]
    card: tuple[str, ...]
    required: bool = False


TRAINING: tuple[Row, ...] = (
    Row(
        "finetune.base_model",
        ("base_model", "base_model_name_or_path"),
        ("base_model",),
        required=True,
    ),
    Row("finetune.learning_rate", ("learning_rate",), ("finetune", "learning_rate"), required=True),
    Row(
        "finetune.num_train_epochs",
        ("num_train_epochs",),
        ("finetune", "num_train_epochs"),
        required=True,
    ),
    Row("finetune.lora_r", ("r",), ("finetune", "lora_r")),
    Row("finetune.lora_alpha", ("lora_alpha",), ("finetune", "lora_alpha")),
    Row("finetune.lora_dropout", ("lora_dropout",), ("finetune", "lora_dropout")),
)
_CARD = {row.name: row.card for row in TRAINING}
SECTIONS = {"dataset", "eval", "finetune"}
"""Front matter keys below which the facts stand; nothing else does."""
PLAIN_KEYS = {"dataset", "fingerprint", "eval"} | {key for row in TRAINING for key in row.card}
"""Front matter keys that no YAML reader takes for anything but text; others are quoted."""


def annotation_key(name: str) -> str:
    """Return the OCI annotation that carries the fact `name`."""
    return PREFIX + name


def card_place(name: str) -> tuple[str, ...]:
    """Return the place of the fact `name` in the model card's front matter."""
    if name in _CARD:
        return _CARD[name]
    first, _, rest = name.partition(".")
    return (first, rest)


def values(facts: ReleaseFacts) -> dict[str, str]:
    """Return every fact's value by its name, the dataset fingerprint among them."""
    return {FINGERPRINT: facts.dataset_fingerprint} | {one.name: one.value for one in facts.facts}


def annotations(facts: ReleaseFacts) -> dict[str, str]:
    """Return the manifest annotations `ai.hf.*` of a release; all values are text."""
    return {annotation_key(name): value for name, value in values(facts).items()}


def predicate(facts: ReleaseFacts) -> Mapping[str, JsonValue]:
    """Return the in-toto predicate that states the facts, each with its source."""
    return {
        "modelId": facts.model_id,
        "version": facts.version,
        "dataset": {"fingerprint": facts.dataset_fingerprint},
        "facts": {one.name: _sourced(one) for one in facts.facts},
        "sources": [
            {"name": source.path, "digest": {"sha256": source.digests.sha256.partition(":")[2]}}
            for source in facts.sources
        ],
    }


def _sourced(fact: Fact) -> Mapping[str, JsonValue]:
    return {
        "value": fact.value,
        "source": {"name": fact.source, "digest": {"sha256": fact.source_digest.partition(":")[2]}},
        "pointer": fact.pointer,
    }
