"""Run `audit` in this process, as its entry point does."""

import shlex
import sys
from dataclasses import dataclass

import pytest

from audit.__main__ import main


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Commandline:
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, line: str) -> Ended:
        """Run one command line and return how it ended."""
        self.capsys.readouterr()
        self.monkeypatch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as ended:
            main()
        got = self.capsys.readouterr()
        return Ended(int(ended.value.code or 0), got.out, got.err)
