"""The gate as CI uses it: exit codes that never depend on the format, and no yes by accident."""

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from audit.documents import Verdict
from tests.commandline import Commandline, Ended
from tests.releasekit import PICKLE, lay_out


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline) -> Path:
    lay_out(tmp_path / "r")
    monkeypatch.chdir(tmp_path / "r")
    assert run("audit release init . --model-id acme/support").code == 0
    return tmp_path / "r"


def released(ended: Ended) -> str:
    return "out/layout@" + re.findall(r"sha256:[0-9a-f]{64}", ended.out)[0]


def check(artifact: str, more: str = "") -> str:
    return f"audit gate check {artifact} --policy policy.yaml {more}"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_signed_release_is_allowed(folder: Path, run: Commandline, form: str) -> None:
    artifact = released(run("audit release run RELEASE.toml"))
    ended = run(check(artifact, f"--format {form}"))
    assert ended.code == 0, ended
    assert "recorded as ledger entry" in ended.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_unsigned_release_is_denied(folder: Path, run: Commandline, form: str) -> None:
    made = run("audit release run RELEASE.toml --unsigned")
    assert made.code == 10
    ended = run(check(released(made), f"--format {form}"))
    assert ended.code == 10
    assert "unsigned-model" in ended.out


@pytest.mark.parametrize("form", ["text", "json"])
def test_one_flipped_bit_of_any_blob_is_a_denial(folder: Path, run: Commandline, form: str) -> None:
    artifact = released(run("audit release run RELEASE.toml"))
    manifest = artifact.rpartition(":")[2]
    named = json.loads((folder / "out/layout/blobs/sha256" / manifest).read_text())
    blobs = [
        manifest,
        *(d["digest"].partition(":")[2] for d in [named["config"], *named["layers"]]),
    ]
    for blob in blobs:
        path = folder / "out/layout/blobs/sha256" / blob
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        ended = run(check(artifact, f"--format {form}"))
        assert ended.code == 10, blob
        assert "digest-mismatch" in ended.out
        path.unlink()
        assert run(check(artifact, f"--format {form}")).code == 10
        path.write_bytes(before)
    assert run(check(artifact)).code == 0


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_pickle_is_denied_and_never_signed(folder: Path, run: Commandline, form: str) -> None:
    (folder / "model" / "optimizer.bin").write_bytes(PICKLE)
    made = run("audit release run RELEASE.toml")
    assert made.code == 10
    ended = run(check(released(made), f"--format {form}"))
    assert ended.code == 10
    assert "unsafe-format" in ended.out
    assert "optimizer.bin" in ended.out
    assert "unsigned-model" in ended.out


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("harm", ["gone", "junk", "folder", "empty"])
def test_a_ledger_that_cannot_be_read_is_no_answer(
    folder: Path, run: Commandline, form: str, harm: str
) -> None:
    artifact = released(run("audit release run RELEASE.toml"))
    ledger = folder / "out" / "ledger.db"
    for path in folder.glob("out/ledger.db*"):
        path.unlink()
    match harm:
        case "junk":
            ledger.write_bytes(b"not a database" * 100)
        case "folder":
            ledger.mkdir()
        case "empty":
            ledger.touch()
    ended = run(check(artifact, f"--ledger sqlite:///out/ledger.db --format {form}"))
    assert ended.code == 3, ended
    assert ended.out == ""
    assert "error[ledger-unavailable]" in ended.err


def test_an_edited_ledger_is_a_denial(folder: Path, run: Commandline) -> None:
    artifact = released(run("audit release run RELEASE.toml"))
    with sqlite3.connect(folder / "out" / "ledger.db") as database:
        database.execute("DROP TRIGGER entries_keep_update")
        database.execute("UPDATE entries SET ts_ns = ts_ns + 1 WHERE seq = 1")
    database.close()
    ended = run(check(artifact))
    assert ended.code == 10
    assert "deny[broken-ledger]: ledger entry 1 " in ended.out
    assert run("audit ledger verify --ledger sqlite:///out/ledger.db").code == 10


def test_another_ledger_that_verifies_does_not_count(folder: Path, run: Commandline) -> None:
    artifact = released(run("audit release run RELEASE.toml"))
    run("audit release init other --model-id acme/support")
    shutil.copytree(folder / "out", folder / "own")
    forged = "audit release run RELEASE.toml --out forged --ledger-key other/keys/ledger.key"
    assert run(forged).code == 3
    ended = run(check(artifact, "--ledger sqlite:///forged/ledger.db"))
    assert ended.code == 3
    assert "undecided[broken-ledger]" in ended.out


def test_a_good_signature_by_any_other_key_is_a_denial(folder: Path, run: Commandline) -> None:
    run("audit release init other --model-id acme/support")
    made = run("audit release run RELEASE.toml --key other/keys/release.key")
    assert made.code == 10
    assert "deny[unsigned-model]" in made.out
    assert "signed by a key that is not named here" in made.out


def test_an_attestation_by_the_right_key_is_not_a_signature(folder: Path, run: Commandline) -> None:
    artifact = released(run("audit release run RELEASE.toml"))
    blobs = folder / "out/layout/blobs/sha256"
    index = json.loads((folder / "out/layout/index.json").read_text())
    kept = []
    for entry in index["manifests"]:
        manifest = json.loads((blobs / entry["digest"].partition(":")[2]).read_text())
        kind = manifest.get("annotations", {}).get("dev.sigstore.bundle.predicateType", "")
        if "cosign" not in kind:
            kept.append(entry)
    assert len(kept) == len(index["manifests"]) - 1
    (folder / "out/layout/index.json").write_text(json.dumps(index | {"manifests": kept}))
    ended = run(check(artifact))
    assert ended.code == 10
    assert "deny[unsigned-model]" in ended.out


def test_the_verdict_is_in_the_ledger_under_the_digest_that_was_printed(
    folder: Path, run: Commandline
) -> None:
    artifact = released(run("audit release run RELEASE.toml"))
    ended = run(check(artifact, "--format json"))
    verdict = Verdict.read(ended.out.encode(), source="stdout")
    assert verdict.document_digest() in ended.err
    listed = run("audit ledger list --ledger sqlite:///out/ledger.db")
    assert verdict.document_digest() in listed.out


def test_a_policy_is_taken_from_the_option_only(folder: Path, run: Commandline) -> None:
    artifact = released(run("audit release run RELEASE.toml"))
    ended = run(f"audit gate check {artifact}")
    assert ended.code == 2
    assert "--policy" in ended.err


def test_no_variable_of_the_environment_names_a_policy(
    folder: Path, run: Commandline, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = released(run("audit release run RELEASE.toml"))
    for name in ("AUDIT_POLICY", "AUDIT_GATE_POLICY", "AUDIT_GATE_CHECK_POLICY"):
        monkeypatch.setenv(name, "policy.yaml")
    assert run(f"audit gate check {artifact}").code == 2


@pytest.mark.parametrize(
    "artifact",
    ["out/layout", "out/layout:1.0.0", "out/layout@sha256:abc", "nowhere@sha256:" + "a" * 64],
)
def test_what_names_no_artifact_is_a_usage_error(
    folder: Path, run: Commandline, artifact: str
) -> None:
    run("audit release run RELEASE.toml")
    ended = run(check(artifact))
    assert ended.code == 2
    assert ended.out == ""


def test_a_digest_that_is_not_there_is_a_denial(folder: Path, run: Commandline) -> None:
    run("audit release run RELEASE.toml")
    ended = run(check("out/layout@sha256:" + "a" * 64))
    assert ended.code == 10
    assert "manifest is missing" in ended.out


def test_explain_prints_the_section_of_the_rule(run: Commandline) -> None:
    ended = run("audit gate explain unsigned-model")
    assert ended.code == 0
    assert ended.out.startswith("## unsigned-model\n")
    assert "## digest-mismatch" not in ended.out
