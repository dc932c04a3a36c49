"""Every command in the README runs, in order, on a small release; the page stays short."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commandline import Commandline
from tests.releasekit import lay_out

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MAX_LINES = 130


@dataclass(frozen=True)
class Shown:
    """A command of the README, what is piped into it, and the answer that its comment promises."""

    line: str
    given: str
    promised: str


def commands() -> list[Shown]:
    """The `audit` lines of the README's shell blocks, without what follows `&&`."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    shown = r"^(?:echo '(.*)' \| )?(audit .*?)(?:\s*&&.*|\s+# (.*))?$"
    found = (re.match(shown, line) for block in blocks for line in block.splitlines())
    return [Shown(one[2], one[1] or "", one[3] or "") for one in found if one]


def test_the_readme_is_short() -> None:
    assert README.count("\n") <= MAX_LINES


def test_the_readme_names_the_two_commands_that_do_all_the_set_up() -> None:
    assert "make demo" in README
    assert "make test" in README
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert {"demo", "test"} <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def test_every_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_out(tmp_path / "release")
    (tmp_path / "app.jsonl").write_text('{"message": "call 13812345678"}\n', "utf-8")
    digest = ""
    assert len(commands()) >= 7
    for shown in commands():
        line = shown.line
        stdin = io.TextIOWrapper(io.BytesIO(f"{shown.given}\n".encode()), "utf-8")
        monkeypatch.setattr("sys.stdin", stdin)
        ended = run(line.replace("sha256:...", digest))
        assert ended.code == 0, f"{line}\n{ended.out}{ended.err}"
        if shown.given:
            assert shown.promised
            assert ended.out.strip() == shown.promised
        if line.startswith("audit release run"):
            digest = re.findall(r"sha256:[0-9a-f]{64}", ended.out)[0]


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
