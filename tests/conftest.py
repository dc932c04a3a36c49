"""What every test gets: no network beyond loopback, no variables of ours from outside."""

import os
import sys

import pytest

from tests.commandline import Commandline

for name in [name for name in os.environ if name.startswith("AUDIT_")]:
    del os.environ[name]

_LOOPBACK = {"localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1", b"::1", None, ""}


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> None:
    """Any connection that leaves this machine fails the test that made it."""

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event == "socket.getaddrinfo" and args[0] not in _LOOPBACK:
            raise RuntimeError(f"a test asked for the address of {args[0]!r}")
        if event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in _LOOPBACK:
            raise RuntimeError(f"a test tried to reach {args[1]!r}")

    sys.addaudithook(hook)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commandline:
    """Run a command line in this process: `run("audit gate check ...") -> Ended`."""
    return Commandline(monkeypatch, capsys)
