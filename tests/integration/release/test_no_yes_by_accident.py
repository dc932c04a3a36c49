"""Where a gate runs, things are closed, full, replaced and planted; none of it is a yes."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from audit.documents import Outcome, Verdict
from audit.release import Options, init
from audit.release import run as release
from tests.commandline import Commandline
from tests.ocikit.registry import Registry
from tests.releasekit import lay_out
from tests.releasekit.forge import Forge

AUDIT = [sys.executable, "-m", "audit"]
NOBODY = "out/layout@sha256:" + "a" * 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = lay_out(tmp_path_factory.mktemp("accident") / "r")
    started = init(folder, model_id="acme/support", log_name="ledger.internal")
    release(started.recipe, Options(out=folder / "out"))
    return folder


@pytest.fixture(scope="module")
def artifact(folder: Path) -> str:
    data = (folder / "out" / "evidence" / "verdict.json").read_bytes()
    verdict = Verdict.read(data, source="verdict")
    assert verdict.outcome is Outcome.ALLOW
    return f"out/layout@{verdict.release.artifact}"


def shell(line: str, folder: Path, artifact: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which $GATE checks the artifact and $AUDIT is the command."""
    audit = f"{sys.executable} -P -m audit"
    gate = f"{audit} gate check {artifact} --policy policy.yaml"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=os.environ | {"GATE": gate, "AUDIT": audit} | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("$GATE >&-", 3, "stdout is closed"),
        ("$GATE >/dev/full", 3, "no space left on device"),
        ("$GATE --format json | true; exit ${PIPESTATUS[0]}", 3, "broken pipe"),
        ("$GATE 2>&-", 0, ""),
        ("$GATE <&- >/dev/null 2>&-", 0, ""),
    ],
)
def test_an_allow_that_nobody_could_read_is_no_allow(
    folder: Path, artifact: str, line: str, code: int, said: str
) -> None:
    done = shell(line, folder, artifact)
    assert done.returncode == code, done
    assert said in done.stderr
    assert "internal" not in done.stderr


def test_a_denial_stays_one_when_nobody_listens_to_the_talk(folder: Path) -> None:
    assert shell("$GATE 2>&-", folder, NOBODY).returncode == 10


def test_a_library_planted_in_the_working_directory_is_not_taken(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "yaml.py").write_text("raise SystemExit(0)\n")
    done = subprocess.run(
        [*AUDIT, "gate", "check", f"{folder}/{NOBODY}", "--policy", f"{folder}/policy.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 10, done


def test_a_library_that_ends_the_process_is_a_broken_installation(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "click.py").write_text("raise SystemExit(0)\n")
    done = shell("$GATE", folder, NOBODY, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1, done


def test_a_ledger_that_lies_about_is_not_taken_for_an_artifact_in_a_registry(
    folder: Path, artifact: str, run: Commandline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "ledger.db").write_bytes((folder / "out" / "ledger.db").read_bytes())
    with Registry().serving() as registry:
        place = f"{registry.host}/acme/support"
        assert run(f"audit oci copy {artifact} {place}:1.0.0").code == 0
        digest = re.findall(r"sha256:[0-9a-f]{64}", artifact)[0]
        ended = run(f"audit gate check {place}@{digest} --policy policy.yaml")
    assert ended.code == 2, ended
    assert "is in a registry" in ended.err


def test_a_blob_that_changes_between_two_looks_is_no_answer(
    folder: Path, artifact: str, run: Commandline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    forge = Forge(folder)
    blob = forge.layout.blob_path(forge.layer("model.gguf")["digest"])
    kept, looks = blob.read_bytes(), Counter[str]()

    def swap(event: str, args: tuple[object, ...]) -> None:
        if looks["over"] or event != "open" or not str(args[0]).endswith(blob.name):
            return
        looks["seen"] += 1
        if looks["seen"] == 2:  # it was hashed, and is now opened to be inspected
            blob.write_bytes(kept[:-1] + b"x")

    sys.addaudithook(swap)  # cannot be taken out again
    try:
        ended = run(f"audit gate check {artifact} --policy policy.yaml")
    finally:
        looks["over"] = 1
        blob.write_bytes(kept)
    assert ended.code == 3, ended
    assert "error[file-changed]" in ended.err
