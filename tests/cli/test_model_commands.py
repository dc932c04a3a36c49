"""`audit model inspect`: what it prints, and the exit code, which never depends on the format."""

import json
from pathlib import Path

import pytest

from audit.documents import ModelInspection
from tests.cli.conftest import Shell
from tests.commandline import Commandline
from tests.crafted import gguf, pickles


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    folder = tmp_path / "sound"
    folder.mkdir()
    (folder / "model.gguf").write_bytes(gguf.GOOD["quantised"])
    (folder / "README.md").write_text("# Hello\n")
    return folder


@pytest.fixture
def bad(sound: Path) -> Path:
    (sound / "model.bin").write_bytes(pickles.EVIL)
    return sound


def test_a_sound_model_is_accepted_with_its_facts(run: Commandline, sound: Path) -> None:
    ended = run(f"audit model inspect {sound}")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "accepted: 2 files\n"
        "  README.md: doc, text\n"
        "  model.gguf: weight, gguf, architecture llama, gguf version 3, parameters 64,"
        " quantization Q4_0, tensor types Q4_0:1, tensors 1\n"
    )


def test_what_is_refused_comes_first_with_its_reason(run: Commandline, bad: Path) -> None:
    ended = run(f"audit model inspect {bad}")
    assert (ended.code, ended.err) == (10, "")
    assert ended.out.splitlines()[:2] == [
        "refused: 1 of 3 files",
        "  model.bin: pickle: a pickle that imports posix.system",
    ]
    assert len(ended.out.splitlines()) == 4


def test_json_is_the_document_with_the_digests_of_every_file(run: Commandline, bad: Path) -> None:
    ended = run(f"audit model inspect {bad} --format json")
    assert ended.code == 10
    inspection = ModelInspection.model_validate_json(ended.out)
    assert [file.path for file in inspection.refused] == ["model.bin"]
    assert all(file.digests.sha256.startswith("sha256:") for file in inspection.files)


def test_an_answer_that_goes_to_a_file_is_whole_and_stdout_is_empty(
    run: Commandline, bad: Path, tmp_path: Path
) -> None:
    target = tmp_path / "inspection.json"
    ended = run(f"audit model inspect {bad} --format json -o {target}")
    assert (ended.code, ended.out, ended.err) == (10, "", "")
    assert json.loads(target.read_text())["format"] == "audit.model-inspection/v1"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_directory_that_is_missing_or_empty_is_exit_2(
    run: Commandline, tmp_path: Path, form: str
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("none", "empty"):
        ended = run(f"audit model inspect {tmp_path / name} --format {form}")
        assert (ended.code, ended.out) == (2, "")
        assert name in ended.err


def test_a_symbolic_link_is_exit_10_and_says_what_to_do(run: Commandline, sound: Path) -> None:
    (sound / "link.gguf").symlink_to("model.gguf")
    ended = run(f"audit model inspect {sound}")
    assert (ended.code, ended.out) == (10, "")
    assert "error[model-refused]: link.gguf: symlink" in ended.err
    assert "hint: copy the files into the model directory: cp -rL" in ended.err


def test_a_layout_that_is_not_as_asked_is_exit_10_and_profiles_are_compared(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "vocab.json").write_text("{}")
    asked = ("model", "layout", str(tmp_path), "--profile")
    for form in ("text", "json"):
        code, out, _ = shell(*asked, "bundled:article-0.9", "--format", form)
        assert code == 10
        assert "file-forbidden" in out
    assert shell(*asked, "bundled:nothing")[0] == 2
    code, out, _ = shell("model", "profile-diff", "bundled:article-0.8", "bundled:article-0.9")
    assert code == 0
    assert "- files require: vocab\\.json" in out
    assert "+ files forbid: vocab\\.json" in out
