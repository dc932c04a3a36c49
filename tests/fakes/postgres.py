"""A real PostgreSQL server on loopback, made for the tests and gone after them."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

OPTIONS: Mapping[str, str] = {"listen_addresses": "127.0.0.1", "max_connections": "100"}
FAST: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}
"""For tests that are not about what a crash leaves."""


def program(name: str) -> str:
    """Return the path of a PostgreSQL program; Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version)
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        raise RuntimeError(f"{name} not found: apt-get install postgresql (see .ci/apt.txt)")
    return path


def _version(path: Path) -> float:
    return float(path.parts[-3])


class PostgresServer:
    """One cluster in a folder of its own."""

    def __init__(self, options: Mapping[str, str] = FAST) -> None:
        # PostgreSQL refuses to run as root, so root lends it the user Debian made for it.
        self._user = "postgres" if os.geteuid() == 0 and _exists("postgres") else None
        if os.geteuid() == 0 and self._user is None:
            self._user = "nobody"
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-pg-"))
        self.data = self.folder / "data"
        if self._user:
            shutil.chown(self.folder, self._user)
        self.port = _free_port()
        self._run(
            "initdb",
            "-D",
            self.data,
            "-A",
            "trust",
            "-U",
            "owner",
            "-N",
            "--locale=C",
            "-E",
            "UTF8",
        )
        lines = {**OPTIONS, "unix_socket_directories": str(self.folder), **options}
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in lines.items())

    def start(self) -> None:
        """Start, and return when it answers."""
        log = self.folder / "log"
        self._run(
            "pg_ctl", "-D", self.data, "-l", log, "-o", f"-p {self.port}", "-w", "-s", "start"
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop; `immediate` is a crash of the server."""
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "-s", "stop")

    def kill(self) -> None:
        """Kill the server and all its children, as a crash of the machine would."""
        pid = int((self.data / "postmaster.pid").read_text().split("\n")[0])
        os.kill(pid, signal.SIGKILL)
        while True:  # the children notice, but shared memory must be let go first
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                break
            time.sleep(0.02)
        time.sleep(0.3)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres", user: str = "owner") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run statements outside any transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def _run(self, name: str, *arguments: object) -> None:
        done = subprocess.run(
            [program(name), *map(str, arguments)],
            user=self._user,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdout=subprocess.DEVNULL,  # a pipe would stay open as long as the server runs
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            log = self.folder / "log"
            raise RuntimeError(f"{name} failed: {log.read_text() if log.exists() else ''}")


@contextmanager
def running(options: Mapping[str, str] = FAST) -> Iterator[PostgresServer]:
    server = PostgresServer(options)
    try:
        server.start()
        yield server
    finally:
        with suppress(RuntimeError):  # it may be down already: some tests do that
            server.stop("immediate")
        server.remove()


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
