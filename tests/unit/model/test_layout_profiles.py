"""Layout profiles: each thing that is not named as asked has its reason, and nothing is loaded."""

import json
from pathlib import Path

import pytest

from audit.core.errors import ConfigError
from audit.core.resources import shelf
from audit.model import LoadedProfile, check_layout, load_profile, renamed

GOOD = {
    "llm.lora_a.weight": [8, 64],
    "llm.lora_b.weight": [64, 8],
    "embed_tokens.weight": [100, 64],
}
CONFIG = {"dify_checkpoint_version": "0.9.0+", "tokenizer_config": {"vocab": {}}}


def profile(name: str = "article-0.9") -> LoadedProfile:
    data = shelf("policies").joinpath("layouts", f"{name}.yaml").read_bytes()
    return load_profile(data, source=name)


def write(folder: Path, tensors: dict[str, list[int]], config: object = CONFIG) -> Path:
    header, at = {}, 0
    for name, shape in tensors.items():
        size = 2
        for one in shape:
            size *= one
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    data = len(text).to_bytes(8, "little") + text + bytes(at)
    (folder / "model.safetensors").write_bytes(data)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def reasons(folder: Path) -> list[str]:
    return [one.reason for one in check_layout(folder, profile()).problems]


def test_the_articles_own_example_is_as_its_profile_asks(tmp_path: Path) -> None:
    report = check_layout(write(tmp_path, GOOD), profile())
    assert (report.problems, report.keys) == ((), 3)


def test_the_older_layout_gives_each_problem_by_name(tmp_path: Path) -> None:
    old = {"base_model.model.llm.lora_a.weight": [8, 64], "model.embed_tokens.weight": [100, 64]}
    (tmp_path / "vocab.json").write_text("{}")
    found = reasons(write(tmp_path, old, {}))
    assert sorted(set(found)) == [
        "config-missing",
        "file-forbidden",
        "key-forbidden",
        "key-namespace",
        "pair-missing",
    ]
    assert found.count("key-forbidden") == 2
    assert found.count("config-missing") == 2


@pytest.mark.parametrize(
    ("version", "fits"),
    [("0.9.0+", True), ("0.10.1", True), ("1.0.0", True), ("0.8.3", False), ("0.9", False)],
)
def test_the_version_is_the_articles_literal_or_at_least_0_9(
    tmp_path: Path, version: str, fits: bool
) -> None:
    config = CONFIG | {"dify_checkpoint_version": version}
    assert reasons(write(tmp_path, GOOD, config)) == ([] if fits else ["config-value"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"llm.lora_b.weight": [64, 16]}, "rank-mismatch"),
        ({"llm.lora_b.weight": [64]}, "rank-mismatch"),
        ({"model.embed.weight": [4, 4]}, "key-forbidden"),
        ({"x.lora_A.weight": [4, 4]}, "key-namespace"),
    ],
)
def test_one_tensor_that_is_not_as_asked_is_named(
    tmp_path: Path, change: dict[str, list[int]], reason: str
) -> None:
    assert reasons(write(tmp_path, GOOD | change)) == [reason]


def test_two_tensors_that_a_loader_would_call_the_same_are_a_collision(tmp_path: Path) -> None:
    asked = profile()
    assert renamed("llm.a.weight", asked.document) == "model.a.weight"
    assert renamed("embed.weight", asked.document) == "embed.weight"
    text = "format: audit.layout/v1\nid: x\nkeys: {rename: [{pattern: 'llm[.]', to: ''}]}\n"
    found = check_layout(
        write(tmp_path, {"llm.a": [1], "a": [1]}), load_profile(text.encode(), source="p")
    )
    assert [one.reason for one in found.problems] == ["rename-collision"]


def test_a_file_that_is_no_sound_one_is_a_problem_and_not_an_empty_model(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 40)
    assert reasons(tmp_path) == ["file-refused"]


@pytest.mark.parametrize(
    "text",
    [
        "format: audit.layout/v2\nid: x\n",
        "format: audit.layout/v1\nid: x\nkey: {}\n",
        "format: audit.layout/v1\nid: x\nkeys: {forbid: ['(']}\n",
        "- a\n",
    ],
)
def test_what_is_no_profile_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        load_profile(text.encode(), source="p.yaml")
