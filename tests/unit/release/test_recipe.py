"""RELEASE.toml: every mistake is named with its place."""

from pathlib import Path

import pytest

from audit.core.errors import ConfigError, InputMissing
from audit.release._recipe import read_recipe

GOOD = """\
[release]
model_id = "acme/support"
version = "1.0.0"
[model]
path = "model"
[dataset]
paths = ["data"]
[training]
files = ["trainer_state.json"]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "RELEASE.toml"
    path.write_bytes(text.encode("latin-1"))
    return path


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    recipe = read_recipe(write(tmp_path, GOOD + '[policy]\nfile = "p.yaml"\n'))
    assert recipe.model == tmp_path / "model"
    assert recipe.dataset == (tmp_path / "data",)
    assert recipe.policy == tmp_path / "p.yaml"
    assert recipe.evaluation is None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('version = "1.0.0"', "version =", r"line 3"),
        ('version = "1.0.0"', "version = 1.0", r"release.version: input should be a valid string"),
        ('version = "1.0.0"', "", r"release.version: field required"),
        ('version = "1.0.0"', 'version = "1"\nversoin = "2"', r"versoin: extra inputs"),
        ("acme/support", "../support", r"release.model_id"),
        ('paths = ["data"]', "paths = []", r"dataset.paths"),
        ('paths = ["data"]', 'paths = "data"', r"dataset.paths"),
        ("[training]", "[trianing]", r"training: field required|trianing"),
        ("acme", "\xff", r"not UTF-8"),
        ("[model]", "[release]", r"line 4|Cannot declare"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read_recipe(write(tmp_path, GOOD.replace(old, new, 1)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"RELEASE\.toml"):
        read_recipe(tmp_path / "RELEASE.toml")
