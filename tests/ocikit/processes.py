"""Real registries as processes on loopback; a test that needs one that is not there is skipped."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lastmile-audit/interop"


def program(name: str) -> str:
    """Return the path of a program, from PATH or from what `make interop` built."""
    found = shutil.which(name) or shutil.which(name, path=str(CACHE / "bin"))
    if found is None:
        pytest.skip(f"{name} is not installed (make interop installs it)")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, *, log: Path) -> Iterator[str]:
    """Run a server until the block ends; give its host and port when it answers."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            for _ in range(200):
                with socket.socket() as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, log.read_text(errors="replace")
                time.sleep(0.05)
            else:
                raise AssertionError(f"{command[0]} does not answer: {log.read_text()}")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def docker_registry(folder: Path) -> Iterator[str]:
    """Debian's docker-registry 2.8: no referrers API."""
    port = free_port()
    config = folder / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        f"http: {{addr: 127.0.0.1:{port}}}\n"
    )
    command = [program("docker-registry"), "serve", str(config)]
    with running(command, port, log=folder / "registry.log") as host:
        yield host


@contextmanager
def crane_registry(folder: Path) -> Iterator[str]:
    """go-containerregistry's registry: with the referrers API."""
    port = free_port()
    command = [program("crane"), "registry", "serve", "--address", f"127.0.0.1:{port}"]
    with running(command, port, log=folder / "crane.log") as host:
        yield host


REGISTRIES = {"docker-registry": docker_registry, "crane": crane_registry}
