"""The exit codes are a promise: docs/exit-codes.md lists them, CI scripts depend on them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commandline import Commandline


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("audit --help", 0),
        ("audit --version", 0),
        ("audit", 2),
        ("audit gat", 2),
        ("audit gate check", 2),
        ("audit gate check x@y --policy nowhere.yaml", 2),
        ("audit gate explain no-such-rule", 2),
        ("audit fingerprint dataset /nowhere", 2),
        ("audit release run /nowhere.toml", 2),
        ("audit release run", 2),
        ("audit ledger verify --ledger sqlite:////nowhere/ledger.db", 3),
    ],
)
def test_exit_code(run: Commandline, line: str, code: int) -> None:
    ended = run(line)
    assert ended.code == code, ended
    assert code == 0 or ended.out == "" or line == "audit"


def test_a_slip_of_the_finger_gets_a_suggestion(run: Commandline) -> None:
    assert "Did you mean 'gate'?" in run("audit gat").err


def python(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | env,
    )


def test_a_bug_is_exit_1_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import audit.fingerprint as f\n"
        "def broken(*a, **k): raise KeyError('planted')\n"
        "f.fingerprint_dataset = broken\n"
    )
    done = python("-m", "audit", "fingerprint", "dataset", ".", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "error[internal]: KeyError" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_installation_is_exit_1(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ImportError('planted')\n")
    done = python("-m", "audit", "--help", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "installation is broken" in done.stderr


HEAVY = (
    "pydantic",
    "sqlalchemy",
    "presidio_analyzer",
    "sigstore",
    "oras",
    "jinja2",
    "cryptography",
)


def test_help_imports_nothing_heavy() -> None:
    done = python("-X", "importtime", "-m", "audit", "--help")
    assert done.returncode == 0
    for heavy in (*HEAVY, "numpy", "yaml", "rich"):
        assert not re.search(rf"\| +{heavy}(\.|$)", done.stderr, re.MULTILINE), heavy
