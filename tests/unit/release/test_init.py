"""A release that was just started: its files are read by what they are for, its keys kept apart."""

from pathlib import Path

import pytest

from audit.core.errors import InputMissing, UsageError
from audit.gate import load_policy
from audit.release import Options, init, run
from audit.release.serve import read_config
from tests.releasekit import lay_out


def test_every_file_of_a_new_release_is_read_by_what_it_is_for(tmp_path: Path) -> None:
    started = init(lay_out(tmp_path / "r"), model_id="acme/support", log_name="ledger.internal")
    assert load_policy(started.policy.read_bytes(), source="p").document.spec.keys
    assert read_config(started.serve).receipt_key == "marks/receipt.key"
    assert run(started.recipe, Options(out=tmp_path / "out")).verdict.outcome == "allow"
    assert (tmp_path / "r" / "keys" / ".gitignore").read_text() == "*.key\n"
    for key in (tmp_path / "r" / "keys").glob("*.key"):
        assert key.stat().st_mode & 0o077 == 0


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "serve.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"serve\.yaml is there already"):
        init(tmp_path, model_id="acme/support", log_name="ledger.internal")
    assert [path.name for path in tmp_path.iterdir()] == ["serve.yaml"]


def test_everything_that_is_missing_is_named_at_once_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    started = init(tmp_path / "r", model_id="acme/support", log_name="ledger.internal")
    with pytest.raises(InputMissing) as caught:
        run(started.recipe, Options(out=tmp_path / "out"))
    for name in (
        "model",
        "dataset",
        "trainer_state.json",
        "eval_results.json",
        "requirements.lock",
    ):
        assert name in str(caught.value)
    assert not (tmp_path / "out").exists()
