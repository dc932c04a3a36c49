"""`audit model inspect`: what it prints, and the exit code, which never depends on the format."""

import json
import sys
from pathlib import Path

import pytest

from audit.__main__ import main
from audit.documents import ModelInspection
from tests.crafted import gguf, pickles


class Shell:
    """Runs `audit` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: object) -> tuple[object, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["audit", "model", "inspect", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = self._capsys.readouterr()
        return caught.value.code, out, err


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


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


def test_a_sound_model_is_accepted_with_its_facts(shell: Shell, sound: Path) -> None:
    code, out, err = shell(sound)
    assert (code, err) == (0, "")
    assert out == (
        "accepted: 2 files\n"
        "  README.md: doc, text\n"
        "  model.gguf: weight, gguf, architecture llama, gguf version 3, parameters 64,"
        " quantization Q4_0, tensor types Q4_0:1, tensors 1\n"
    )


def test_what_is_refused_comes_first_with_its_reason(shell: Shell, bad: Path) -> None:
    code, out, err = shell(bad)
    assert (code, err) == (10, "")
    assert out.splitlines()[:2] == [
        "refused: 1 of 3 files",
        "  model.bin: pickle: a pickle that imports posix.system",
    ]
    assert len(out.splitlines()) == 4


def test_json_is_the_document_with_the_digests_of_every_file(shell: Shell, bad: Path) -> None:
    code, out, _ = shell(bad, "--format", "json")
    assert code == 10
    inspection = ModelInspection.model_validate_json(out)
    assert [file.path for file in inspection.refused] == ["model.bin"]
    assert all(file.digests.sha256.startswith("sha256:") for file in inspection.files)


def test_an_answer_that_goes_to_a_file_is_whole_and_stdout_is_empty(
    shell: Shell, bad: Path, tmp_path: Path
) -> None:
    target = tmp_path / "inspection.json"
    assert shell(bad, "--format", "json", "-o", target) == (10, "", "")
    assert json.loads(target.read_text())["format"] == "audit.model-inspection/v1"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_directory_that_is_missing_or_empty_is_exit_2(
    shell: Shell, tmp_path: Path, form: str
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("none", "empty"):
        code, out, err = shell(tmp_path / name, "--format", form)
        assert (code, out) == (2, "")
        assert name in err


def test_a_symbolic_link_is_exit_10_and_says_what_to_do(shell: Shell, sound: Path) -> None:
    (sound / "link.gguf").symlink_to("model.gguf")
    code, out, err = shell(sound)
    assert (code, out) == (10, "")
    assert "error[model-refused]: link.gguf: symlink" in err
    assert "hint: copy the files into the model directory: cp -rL" in err
