"""The main job: same inputs, same bytes; bad input named; interruptions harmless."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.documents import DatasetManifest, ModelInspection, ReleaseFacts, Statement
from audit.ledger import open_ledger
from audit.release import Options
from audit.release import run as run_release
from tests.commandline import Commandline
from tests.releasekit import lay_out, tiny_gguf


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline) -> Path:
    lay_out(tmp_path / "r")
    monkeypatch.chdir(tmp_path / "r")
    assert run("audit release init . --model-id acme/support").code == 0
    return tmp_path / "r"


def digest_of(text: str) -> str:
    return re.findall(r"sha256:[0-9a-f]{64}", text)[0]


def test_every_step_is_recorded_with_what_it_read_and_made(folder: Path, run: Commandline) -> None:
    assert run("audit release run RELEASE.toml").code == 0
    with open_ledger("out/ledger.db") as ledger:
        entries = list(ledger.entries())
    assert [entry.event.type for entry in entries] == [
        "dataset.fingerprinted",
        "model.inspected",
        "environment.locked",
        "release.described",
        "release.packaged",
        "release.signed",
        "release.signed",
        "gate.decided",
        "report.rendered",
    ]
    made = {one.digest for entry in entries[:4] for one in entry.event.outputs}
    packaged = entries[4]
    assert packaged.event.inputs
    assert {one.digest for one in packaged.event.inputs} <= made
    for entry in entries[4:]:
        assert entry.event.subject == packaged.event.subject


def test_what_is_kept_is_what_the_ledger_names(folder: Path, run: Commandline) -> None:
    run("audit release run RELEASE.toml")
    evidence = folder / "out" / "evidence"
    with open_ledger("out/ledger.db") as ledger:
        named = {one.name: one.digest for entry in ledger.entries() for one in entry.event.outputs}
    kinds = {
        "dataset-manifest": DatasetManifest,
        "model-inspection": ModelInspection,
        "release-facts": ReleaseFacts,
    }
    for name, kind in kinds.items():
        data = (evidence / f"{name}.json").read_bytes()
        assert kind.read(data, source=name).document_digest() == named[f"{name}.json"]
    statement = Statement.read((evidence / "statement.json").read_bytes(), source="s")
    assert statement.predicate["facts"]["eval.accuracy"]["value"] == "0.93"


def test_the_same_inputs_give_the_same_layout_byte_for_byte(folder: Path, run: Commandline) -> None:
    first = run("audit release run RELEASE.toml --out a")
    second = run("audit release run RELEASE.toml --out b")
    assert (first.code, second.code) == (0, 0)
    one = {p.relative_to("a"): p.read_bytes() for p in Path("a/layout").rglob("*") if p.is_file()}
    two = {p.relative_to("b"): p.read_bytes() for p in Path("b/layout").rglob("*") if p.is_file()}
    assert one == two


def test_running_again_adds_no_second_signature(folder: Path, run: Commandline) -> None:
    run("audit release run RELEASE.toml")
    before = Path("out/layout/index.json").read_bytes()
    assert run("audit release run RELEASE.toml").code == 0
    assert Path("out/layout/index.json").read_bytes() == before


def test_a_creation_time_comes_from_source_date_epoch_only(
    folder: Path, run: Commandline, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = digest_of(run("audit release run RELEASE.toml --out a").out)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    dated = digest_of(run("audit release run RELEASE.toml --out b").out)
    blob = Path("b/layout/blobs/sha256") / dated.partition(":")[2]
    manifest = json.loads(blob.read_text())
    assert plain != dated
    assert manifest["annotations"]["org.opencontainers.image.created"] == "2023-11-14T22:13:20Z"


def test_the_packaged_card_carries_the_facts(folder: Path, run: Commandline) -> None:
    (folder / "model" / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Ours\n")
    digest = digest_of(run("audit release run RELEASE.toml").out)
    blobs = Path("out/layout/blobs/sha256")
    manifest = json.loads((blobs / digest.partition(":")[2]).read_text())
    layers = {
        layer["annotations"]["org.cncf.model.filepath"]: layer for layer in manifest["layers"]
    }
    card = (blobs / layers["README.md"]["digest"].partition(":")[2]).read_text()
    assert card.startswith("---\nlicense: apache-2.0\ndataset:\n  fingerprint: ")
    assert card.endswith("---\n# Ours\n")
    assert set(layers) == {"README.md", "model.gguf"}
    assert manifest["annotations"]["ai.hf.eval.accuracy"] == "0.93"
    assert manifest["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"


def test_a_low_metric_is_denied(folder: Path, run: Commandline) -> None:
    (folder / "training" / "eval_results.json").write_text('{"accuracy": 0.5}')
    ended = run("audit release run RELEASE.toml")
    assert ended.code == 10
    assert "deny[evaluation-below-threshold]: accuracy is 0.5, less than 0.9" in ended.out


HARM: list[tuple[str, Callable[[Path], object], int, str]] = [
    ("no dataset", lambda f: shutil.rmtree(f / "dataset"), 2, "dataset"),
    ("empty dataset", lambda f: [p.unlink() for p in (f / "dataset").iterdir()], 2, "no files in"),
    ("no model", lambda f: shutil.rmtree(f / "model"), 2, "model"),
    ("empty model", lambda f: (f / "model" / "model.gguf").unlink(), 2, "model"),
    ("no results", lambda f: (f / "training" / "eval_results.json").unlink(), 2, "eval_results"),
    ("no policy", lambda f: (f / "policy.yaml").unlink(), 2, "policy.yaml"),
    ("no key", lambda f: (f / "keys" / "release.key").unlink(), 2, "release.key"),
    ("bad key", lambda f: (f / "keys" / "release.key").write_text("x"), 2, "release.key"),
    ("bad ledger key", lambda f: (f / "keys" / "ledger.key").write_text("x"), 2, "ledger.key"),
    ("bad toml", lambda f: (f / "RELEASE.toml").write_text("a = \n"), 2, "line 1"),
    ("bad yaml", lambda f: (f / "policy.yaml").write_text("a: [\n"), 2, "policy.yaml:2:1"),
    (
        "nan",
        lambda f: (f / "training" / "eval_results.json").write_text('{"accuracy": NaN}'),
        2,
        "NaN is not a JSON number",
    ),
    (
        "link out",
        lambda f: (f / "dataset" / "x").symlink_to("/etc/hostname"),
        2,
        "leaves the dataset",
    ),
    ("ledger is junk", lambda f: _junk(f / "out" / "ledger.db"), 3, "ledger-unavailable"),
    ("out is a file", lambda f: (f / "out").write_text("x"), 2, "'out' is a file"),
    ("layout is a file", lambda f: _junk(f / "out" / "layout"), 3, "storage-failed"),
]


def _junk(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 100)


@pytest.mark.parametrize(("harm", "code", "said"), [h[1:] for h in HARM], ids=[h[0] for h in HARM])
def test_bad_input_is_named_and_nothing_is_lost(
    folder: Path, run: Commandline, harm: Callable[[Path], object], code: int, said: str
) -> None:
    harm(folder)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    ended = run("audit release run RELEASE.toml")
    assert ended.code == code, ended
    assert ended.out == ""
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert {path: path.read_bytes() for path in before} == before
    assert not list(folder.rglob("*.part"))


def test_a_folder_that_is_started_already_is_left_alone(folder: Path, run: Commandline) -> None:
    before = (folder / "keys" / "release.key").read_bytes()
    assert run("audit release init . --model-id acme/support").code == 2
    assert (folder / "keys" / "release.key").read_bytes() == before
    assert (folder / "keys" / "release.key").stat().st_mode & 0o077 == 0


class Stop(BaseException):
    """As an interrupt, at a chosen byte."""


class StopAt:
    """Progress that is interrupted at the n-th thing it is told."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def start(self, label: str, total: int) -> None:
        self.advance(0)

    def advance(self, count: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise Stop


def test_an_interruption_anywhere_leaves_whole_files_and_a_rerun_is_allowed(
    folder: Path, run: Commandline
) -> None:
    interrupted = 0
    for calls in range(200):
        try:
            run_release(Path("RELEASE.toml"), Options(out=Path("out")), progress=StopAt(calls))
        except Stop:
            interrupted += 1
            assert not list(folder.rglob("*.part"))
            continue
        break
    assert interrupted > 5
    assert run("audit ledger verify --ledger sqlite:///out/ledger.db").code == 0
    assert run("audit release run RELEASE.toml").code == 0


@pytest.mark.slow
def test_a_killed_run_leaves_a_ledger_that_verifies(folder: Path, run: Commandline) -> None:
    (folder / "model" / "second.gguf").write_bytes(tiny_gguf(1))
    for milliseconds in (350, 500, 650, 800):
        process = subprocess.Popen(
            [sys.executable, "-m", "audit", "release", "run", "RELEASE.toml"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert run("audit release run RELEASE.toml").code == 0
    assert run("audit ledger verify --ledger sqlite:///out/ledger.db").code == 0


def test_a_results_file_is_taken_at_its_word(folder: Path, run: Commandline) -> None:
    (folder / "training" / "eval_results.json").write_text('{"accuracy": 1.0}')
    assert run("audit release run RELEASE.toml").code == 0


def test_a_verdict_is_under_no_checkpoint_until_the_next_one(
    folder: Path, run: Commandline
) -> None:
    digest = digest_of(run("audit release run RELEASE.toml").out)
    assert run(f"audit gate check out/layout@{digest} --policy policy.yaml").code == 0
    with open_ledger("out/ledger.db") as ledger:
        before = ledger.verify()
    assert before.last_checkpoint is not None
    assert before.size == before.last_checkpoint.size + 1
    url = "sqlite:///out/ledger.db"
    assert run(f"audit ledger checkpoint --ledger {url} --key keys/ledger.key").code == 0
    with open_ledger("out/ledger.db") as ledger:
        after = ledger.verify()
    assert after.last_checkpoint is not None
    assert after.size == after.last_checkpoint.size
