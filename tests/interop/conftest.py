"""Collected only when `make interop` asks: the programs take minutes to build."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.sign.conftest import run
from tests.interop.matrix import Matrix
from tests.interop.services import real_services
from tests.ocikit.processes import CACHE, REGISTRIES, program
from tests.sigstack.server import Server

__all__ = ["run"]

if os.environ.get("INTEROP") != "1":
    collect_ignore_glob = ["test_*.py"]

MATRIX = Matrix()
Cell = Callable[[str, str], None]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Put how a test ended into the cells that it says it is about."""
    if report.when == "call" or report.outcome != "passed":
        for name, value in report.user_properties:
            if name == "cell":
                row, column = str(value).split("|")
                MATRIX.add(row, column, report.outcome)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the matrix."""
    if MATRIX.cells:
        terminalreporter.section("interop")
        for line in MATRIX.lines():
            terminalreporter.write_line(line)


@pytest.fixture
def cell(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Cell:
    """Give a call by which a test says what it shows; through a registry, on which one."""
    place = f" ({request.getfixturevalue('kind')})" if "kind" in request.fixturenames else ""

    def call(row: str, column: str) -> None:
        record_property("cell", f"{row}|{column}{place}")

    return call


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server().serving() as server:
        yield server


@pytest.fixture(scope="session")
def stack(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the stack's trusted root and configurations."""
    folder = tmp_path_factory.mktemp("stack")
    server.write_config(folder)
    return folder


@pytest.fixture(scope="session")
def real(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder of configurations with the real Rekor v2 and timestamp authority."""
    with real_services(tmp_path_factory.mktemp("real"), server) as folder:
        yield folder


@pytest.fixture(scope="session", params=sorted(REGISTRIES))
def kind(request: pytest.FixtureRequest) -> str:
    """Return which registry it is."""
    return str(request.param)


@pytest.fixture(scope="session")
def host(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with REGISTRIES[kind](tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture(scope="session")
def cosign_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a key pair that cosign made; its password is `pw`."""
    folder = tmp_path_factory.mktemp("cosign")
    cosign(folder, "generate-key-pair")
    (folder / "pw").write_text("pw")
    return folder


def cosign(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run cosign; it is asked for nothing and told nothing of this machine."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "COSIGN_PASSWORD": "pw"}
    return subprocess.run(
        [program("cosign"), *args],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def node(script: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a script with the packages that `make interop` installed."""
    home = CACHE / "js"
    if not (home / "node_modules/sigstore").is_dir():
        pytest.skip("sigstore-js is not installed (make interop installs it)")
    text = (Path(__file__).parent / script).read_text()
    (home / script).write_text(text)
    return subprocess.run(
        [str(home / "node_modules/node/bin/node"), script, *args],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
