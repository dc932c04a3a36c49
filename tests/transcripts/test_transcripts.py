"""Run every *.console file here: `$` a command, plain lines stdout, `!` stderr, `?` exit code (else 0).

`...` matches anything on one line. Each file runs in a folder with the files
of a small release; lines that start with `%` are shell-free edits of it:
`% NAME = TEXT` writes a file, `% NAME -` removes one.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.commandline import Commandline
from tests.releasekit import lay_out

HERE = Path(__file__).parent


@dataclass
class Step:
    command: str
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int = 0


def parse(text: str) -> list[Step]:
    steps: list[Step] = []
    for line in text.splitlines():
        if line.startswith(("$ ", "% ")):
            steps.append(Step(line))
        elif line.startswith("! "):
            steps[-1].err.append(line[2:])
        elif line.startswith("? "):
            steps[-1].code = int(line[2:])
        elif line and not line.startswith("#"):
            steps[-1].out.append(line)
    return steps


def pattern(lines: list[str]) -> re.Pattern[str]:
    return re.compile(
        "".join(re.escape(line).replace(re.escape("..."), ".*") + "\n" for line in lines)
    )


def edit(folder: Path, line: str) -> None:
    name, rest = line.split(" ", 1)
    if rest == "-":
        (folder / name).unlink()
    else:
        (folder / name).write_text(rest.removeprefix("= ") + "\n", "utf-8")


@pytest.mark.parametrize("path", sorted(HERE.glob("*.console")), ids=lambda path: path.stem)
def test_transcript(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline
) -> None:
    monkeypatch.chdir(lay_out(tmp_path / "release"))
    for step in parse(path.read_text("utf-8")):
        if step.command.startswith("% "):
            edit(Path(), step.command[2:])
            continue
        ended = run(step.command[2:])
        shown = f"{step.command}\n{ended.out}{ended.err}"
        assert ended.code == step.code, shown
        assert pattern(step.out).fullmatch(ended.out), shown
        assert pattern(step.err).fullmatch(ended.err), shown
