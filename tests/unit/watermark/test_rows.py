"""Rows of whole-vocabulary logits, drawn by key: what every engine adapter rests on."""

import ast
import tomllib
from pathlib import Path

import numpy as np
import pytest

from audit.core.errors import ConfigError, InputMissing, UsageError
from audit.watermark import EngineKeys, derive_epoch, write_engine_key
from audit.watermark.engines._rows import Rows, choose
from audit.watermark.mark import MarkedSampler, follow, presence
from tests.unit.watermark.synthetic import VOCABULARY, streams
from tests.unit.watermark.world import ROOT, line

TAG = b"tag-48"
END = 7


def logits(rng: np.random.Generator) -> np.ndarray:
    found = rng.gumbel(0, 2.0, VOCABULARY)
    found[END] = -np.inf
    return found


def sampler(name: bytes = b"root") -> MarkedSampler:
    return MarkedSampler(streams(name), TAG, np.random.default_rng(1))


def test_rows_are_marked_each_by_its_own_key() -> None:
    rng = np.random.default_rng(0)
    rows = Rows([sampler(b"one"), sampler(b"two")], frozenset())
    last = [0, 0]
    for _ in range(120):
        last = [token or 0 for token in rows.choose(last, np.stack([logits(rng), logits(rng)]))]
    for mine, (name, other) in zip(
        rows.samplers, ((b"one", b"two"), (b"two", b"one")), strict=True
    ):
        tokens = np.array([choice.token for choice in mine.choices])
        assert presence(follow(tokens, streams(name))).log10_p < -6
        assert presence(follow(tokens, streams(other))).log10_p > -3


def test_masked_tokens_are_never_chosen_and_a_row_without_any_is_an_error() -> None:
    scores = np.full(50, -np.inf)
    scores[[3, 9]] = 0.0
    assert {choose(sampler(), scores, np.arange(50)) for _ in range(40)} <= {3, 9}
    with pytest.raises(UsageError, match="every logit is masked"):
        choose(sampler(), np.full(50, -np.inf), np.arange(50))


def test_a_row_that_ended_or_was_padded_is_left_alone() -> None:
    rows = Rows([sampler(), sampler()], frozenset({END}))
    ending = np.full(VOCABULARY, -np.inf)
    ending[END] = 0.0
    rng = np.random.default_rng(0)
    first = rows.choose([0, 0], np.stack([ending, logits(rng)]))
    assert first[0] == END
    second = rows.choose([END, first[1] or 0], np.stack([logits(rng), logits(rng)]))
    assert second[0] is None
    assert second[1] is not None
    padded = rows.choose([END, 4999 if second[1] != 4999 else 1], np.stack([logits(rng)] * 2))
    assert padded == [None, None]


def test_beams_are_refused() -> None:
    rows = Rows([sampler()], frozenset())
    with pytest.raises(UsageError, match="beams cannot be marked"):
        rows.choose([0, 0, 0, 0], np.zeros((4, 50)))


def test_a_sampler_that_resumes_keeps_contexts_used() -> None:
    rng = np.random.default_rng(0)
    one = sampler()
    for _ in range(60):
        choose(one, logits(rng), np.arange(VOCABULARY))
    tokens = [choice.token for choice in one.choices]
    other = sampler()
    other.resume(tokens[:40])
    other.resume(tokens)
    assert other._used == one._used
    assert list(other._recent) == list(one._recent)
    scores = logits(rng)
    assert choose(one, scores, np.arange(VOCABULARY)) == choose(
        other, scores, np.arange(VOCABULARY)
    )


def test_an_engine_key_gives_the_streams_of_its_epoch_to_its_owner_alone(tmp_path: Path) -> None:
    mine = line()
    keys = derive_epoch(ROOT, mine.model_digest, mine.epoch)
    path = write_engine_key(tmp_path, mine, keys)
    found = EngineKeys(tmp_path).streams(mine.key_id)
    assert (found.pilot, found.payload) == (keys.pilot, keys.payload)
    assert keys.tag.hex() not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others can read"):
        EngineKeys(tmp_path).streams(mine.key_id)
    path.chmod(0o600)
    path.rename(tmp_path / "0000000000000000.json")
    with pytest.raises(ConfigError, match="holds key"):
        EngineKeys(tmp_path).streams("0" * 16)
    with pytest.raises(InputMissing):
        EngineKeys(tmp_path).streams(mine.key_id)


def test_the_entry_point_that_vllm_loads_names_a_class_that_is_there() -> None:
    root = Path(__file__).parents[3]
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    (target,) = project["entry-points"]["vllm.logits_processors"].values()
    module, _, name = target.partition(":")
    tree = ast.parse((root / (module.replace(".", "/") + ".py")).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
