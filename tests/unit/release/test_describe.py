"""Facts: read as they were written, each with its source; every carrier says the same."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from audit.core import strict_yaml
from audit.core.errors import ConfigError
from audit.documents import Fact, FileDigests, ReleaseFacts, SourceFile
from audit.release.describe import (
    annotations,
    model_card,
    predicate,
    read_evaluation,
    read_training,
)

FLAT = '{"base_model": "org/base", "learning_rate": 2e-05, "num_train_epochs": 3}'


def write(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def named(facts: list[Fact]) -> dict[str, str]:
    return {fact.name: fact.value for fact in facts}


def test_a_flat_file_gives_its_numbers_as_they_were_written(tmp_path: Path) -> None:
    facts = read_training([path := write(tmp_path, "t.json", FLAT)])
    assert named(facts) == {
        "finetune.base_model": "org/base",
        "finetune.learning_rate": "2e-05",
        "finetune.num_train_epochs": "3",
    }
    digest = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    assert {fact.source_digest for fact in facts} == {digest}


def test_a_trainer_state_gives_the_highest_learning_rate(tmp_path: Path) -> None:
    history = [{"learning_rate": 1e-6, "step": 1}, {"learning_rate": 5e-5}, {"eval_loss": 1.0}]
    state = json.dumps({"num_train_epochs": 2, "log_history": history})
    adapter = '{"base_model_name_or_path": "org/base", "r": 16, "lora_alpha": 32}'
    facts = read_training(
        [write(tmp_path, "trainer_state.json", state), write(tmp_path, "adapter.json", adapter)]
    )
    assert named(facts) == {
        "finetune.base_model": "org/base",
        "finetune.learning_rate": "5e-05",
        "finetune.num_train_epochs": "2",
        "finetune.lora_r": "16",
        "finetune.lora_alpha": "32",
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"base_model": "x"}', r"no training file gives finetune.learning_rate"),
        (FLAT.replace("2e-05", "NaN"), r"t.json:1: NaN is not a JSON number"),
        (FLAT.replace("2e-05", "[]"), r"learning_rate: expected a number, found a list"),
        (FLAT.replace("org/base", "a\\u0000b"), r"printable"),
        (FLAT.replace("3}", '3, "learning_rate": 1}'), r"duplicate key 'learning_rate'"),
        ("[]", r"expected a JSON object"),
        ("{", r"t.json:1:2"),
    ],
)
def test_a_bad_training_file_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read_training([write(tmp_path, "t.json", text)])


def test_two_files_that_disagree_are_refused(tmp_path: Path) -> None:
    other = FLAT.replace("2e-05", "3e-05")
    with pytest.raises(ConfigError, match=r"says finetune.learning_rate is 3e-05, but a.json"):
        read_training([write(tmp_path, "a.json", FLAT), write(tmp_path, "b.json", other)])


def test_flat_results_lose_the_trainers_prefix_and_its_timings(tmp_path: Path) -> None:
    text = '{"eval_accuracy": 0.930, "eval_loss": 1e-1, "epoch": 3.0, "eval_runtime": 9.1}'
    facts = read_evaluation(write(tmp_path, "e.json", text))
    assert named(facts) == {"eval.accuracy": "0.930", "eval.loss": "1e-1"}


def test_harness_results_are_named_by_task_and_metric(tmp_path: Path) -> None:
    results = {
        "results": {
            "arc_easy": {"alias": "arc", "acc,none": 0.5, "acc_stderr,none": 0.01},
            "gsm8k": {"exact_match,strict-match": 0.25, "exact_match_stderr,strict-match": "N/A"},
        },
        "versions": {"arc_easy": 1.0},
    }
    facts = read_evaluation(write(tmp_path, "e.json", json.dumps(results)))
    assert named(facts) == {
        "eval.arc_easy.acc": "0.5",
        "eval.gsm8k.exact_match.strict-match": "0.25",
    }
    assert facts[0].pointer == "/results/arc_easy/acc,none"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{}", "holds no evaluation metric"),
        ('{"accuracy": NaN}', "NaN is not a JSON number"),
        ('{"accuracy": -Infinity}', "Infinity is not a JSON number"),
        ('{"accuracy": "0.9"}', "expected a number, found text"),
        ('{"accuracy": true}', "expected a number, found a boolean"),
        ('{"accuracy": 0.9, "accuracy": 1.0}', "duplicate key 'accuracy'"),
        ('{"accuracy": 0.9, "eval_accuracy": 1.0}', "two values for eval.accuracy"),
        ('{"acc uracy": 0.9}', "is not a metric's name"),
        ('{"results": {"t": 1}}', r"results.t: expected an object"),
        ('{"results": {"t": {}}}', "holds no evaluation metric"),
    ],
)
def test_a_bad_results_file_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read_evaluation(write(tmp_path, "e.json", text))


@pytest.fixture
def facts(tmp_path: Path) -> ReleaseFacts:
    training = read_training([write(tmp_path, "t.json", FLAT)])
    metrics = read_evaluation(write(tmp_path, "e.json", '{"accuracy": 0.93, "no": 1}'))
    digests = FileDigests(size=1, blake3="blake3:" + "b" * 64, sha256="sha256:" + "a" * 64)
    return ReleaseFacts(
        model_id="acme/support",
        version="1.0.0",
        dataset_fingerprint="blake3:" + "c" * 64,
        facts=(*training, *metrics),
        sources=(SourceFile(path="t.json", digests=digests),),
    )


def test_every_carrier_says_the_same(facts: ReleaseFacts) -> None:
    notes = annotations(facts)
    stated = predicate(facts)["facts"]
    assert isinstance(stated, dict)
    card = model_card(facts, None).decode().split("---\n")[1]
    as_text = strict_yaml.loads(card.encode(), source="card").value
    for front in (yaml.safe_load(card), as_text):
        assert front["base_model"] == "org/base"
        assert front["finetune"] == {"learning_rate": "2e-05", "num_train_epochs": "3"}
        assert front["eval"] == {"accuracy": "0.93", "no": "1"}
        assert front["dataset"] == {"fingerprint": facts.dataset_fingerprint}
    assert notes == {"ai.hf.dataset.fingerprint": facts.dataset_fingerprint} | {
        f"ai.hf.{name}": one["value"] for name, one in stated.items()
    }


def test_the_authors_card_keeps_every_line(facts: ReleaseFacts) -> None:
    written = b"---\nlicense: apache-2.0\nbase_model: org/base\n---\n# Mine\n\ntext --- text\n"
    card = model_card(facts, written).decode()
    assert card.startswith("---\nlicense: apache-2.0\nbase_model: org/base\ndataset:\n")
    assert card.endswith("---\n# Mine\n\ntext --- text\n")
    assert card.count("base_model") == 1


def test_an_empty_front_matter_is_filled(facts: ReleaseFacts) -> None:
    card = model_card(facts, b"---\n---\n# Mine\n").decode()
    assert card.startswith("---\ndataset:\n")
    assert card.endswith("---\n# Mine\n")


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (b"---\nbase_model: other/base\n---\n", "says something else"),
        (b"---\neval: {accuracy: '0.99'}\n---\n", "says something else"),
        (b"---\na: 1\na: 2\n---\n", "duplicate key"),
        (b"---\na: [\n---\n", "front matter"),
        (b"---\nnever closed\n", "never closed"),
        (b"---\n- a\n---\n", "not a mapping"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_card_that_says_two_things_is_refused(
    facts: ReleaseFacts, written: bytes, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        model_card(facts, written)
