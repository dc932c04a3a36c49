"""Opening: what cannot be used as a ledger is refused, with the reason and without a trace."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from audit.core.errors import ChainBroken, LedgerUnavailable, UsageError
from audit.ledger import open_ledger
from audit.ledger.store import _sqlite
from audit.ledger.store._mount import network_file_system
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG, event

VECTORS = Path(__file__).parents[2] / "vectors" / "ledger"


@pytest.fixture
def copy(databases: dict[str, Database]) -> Path:
    """A SQLite ledger that a test may spoil."""
    return Path(databases["sqlite"].made().removeprefix("sqlite:///"))


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "sqlite:///",
        "sqlite://",
        "mysql://u:secret@host/db",
        "mysql://host/db?password=secret",
        "ledger.txt",
    ],
)
def test_what_is_no_url_of_a_ledger_is_refused_without_its_password(bad: str) -> None:
    with pytest.raises(UsageError, match="is not the URL of a ledger") as caught:
        open_ledger(bad)
    assert "secret" not in str(caught.value)


def test_a_missing_file_is_not_created_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    for read_only in (False, True):
        with pytest.raises(LedgerUnavailable, match="no such file"):
            open_ledger(str(path), read_only=read_only)
    assert not path.exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match=r"none/a\.db: unable to open"):
        open_ledger(str(tmp_path / "none" / "a.db"), create=True)


@pytest.mark.parametrize("create", [False, True])
def test_a_path_that_sqlite_would_cut_short_is_refused(copy: Path, create: bool) -> None:
    with pytest.raises(UsageError, match="is not the path of a ledger"):
        open_ledger(f"sqlite:///{copy}\0.db", create=create)


@pytest.mark.parametrize(
    "bad", ["postgresql://h:port/x", "postgresql://u:secret@[::1/x", "postgresql://u:secret@h:x/"]
)
def test_a_malformed_url_of_postgresql_is_refused_without_its_password(bad: str) -> None:
    with pytest.raises(UsageError, match="is not one of PostgreSQL") as caught:
        open_ledger(bad)
    assert "secret" not in str(caught.value)


def test_a_password_among_the_parameters_of_a_url_is_not_shown() -> None:
    bad = "postgresql://u:secret@127.0.0.1:1/x?password=secret&sslpassword=secret&sslmode=disable"
    with pytest.raises(LedgerUnavailable, match="sslmode=disable") as caught:
        open_ledger(bad)
    assert "secret" not in str(caught.value)


MOUNTS = """22 1 {local} / / rw - ext4 /dev/vda rw
40 22 {device} / /srv/shared rw,relatime shared:9 - {kind} server:/export rw
"""


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "ext4", "tmpfs"])
def test_a_network_file_system_is_recognised_by_its_device(tmp_path: Path, kind: str) -> None:
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        MOUNTS.format(local="0:0", device=f"{os.major(device)}:{os.minor(device)}", kind=kind)
    )
    wanted = None if kind in {"ext4", "tmpfs"} else kind
    assert network_file_system(tmp_path / "new.db", mounts=mounts) == wanted
    assert network_file_system(tmp_path / "new.db", mounts=tmp_path / "none") is None


def test_a_ledger_on_a_network_file_system_is_read_and_not_written(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sqlite, "network_file_system", lambda _path: "nfs4")
    with pytest.raises(LedgerUnavailable, match="nfs4 shares no memory"):
        open_ledger(str(copy))
    with open_ledger(str(copy), read_only=True) as ledger:
        assert ledger.verify().size == 20


@pytest.mark.parametrize("mode", ["DELETE", "TRUNCATE", "PERSIST"])
def test_a_ledger_whose_wal_was_turned_off_flushes_its_folder_too(copy: Path, mode: str) -> None:
    raw = sqlite3.connect(copy)
    assert raw.execute(f"PRAGMA journal_mode = {mode}").fetchone() == (mode.lower(),)
    raw.close()
    with open_ledger(str(copy)) as ledger:
        with ledger._store.writing() as writing:
            found = writing.all("PRAGMA synchronous")  # type: ignore[attr-defined]
        assert found == [(3,)]  # EXTRA: the journal's end is durable as well
        ledger.append(event(20))
        assert ledger.verify().size == 21


def test_more_threads_than_connections_wait_or_are_told(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(str(copy)) as ledger:
        pool = ledger._store._engine.pool  # type: ignore[attr-defined]
        monkeypatch.setattr(pool, "_timeout", 0.05)
        held = [ledger._store.reading() for _ in range(15)]
        for one in held:
            one.__enter__()
        with pytest.raises(LedgerUnavailable, match="QueuePool limit"):
            ledger.append(event(20))
        for one in held:
            one.__exit__(None, None, None)
        assert ledger.append(event(20)).number == 20


def test_a_path_with_marks_of_a_uri_is_one_path(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=memory#50%.db"
    with open_ledger(str(path), create=True) as ledger:
        ledger.append(event(0))
    assert path.is_file()


@pytest.mark.parametrize("create", [False, True])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"not a database, but longer than the header of one" * 9)
    with pytest.raises(LedgerUnavailable, match="not a database"):
        open_ledger(str(path), create=create)
    assert path.read_bytes().startswith(b"not a database")


@pytest.mark.parametrize("create", [False, True])
def test_another_programs_database_is_refused_and_kept(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "a.db"
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    with pytest.raises(LedgerUnavailable, match="is not an audit ledger"):
        open_ledger(str(path), create=create)


def test_an_empty_file_is_no_ledger_until_one_is_created_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    with pytest.raises(LedgerUnavailable, match="is not an audit ledger"):
        open_ledger(str(path))
    with open_ledger(str(path), create=True) as ledger:
        ledger.append(event(0))


def test_a_newer_schema_is_refused(copy: Path) -> None:
    raw = sqlite3.connect(copy)
    raw.execute("PRAGMA user_version = 9")
    raw.close()
    with pytest.raises(LedgerUnavailable, match="schema version 9") as caught:
        open_ledger(str(copy))
    assert "version of audit that wrote it" in str(caught.value.hint)


def test_a_ledger_of_the_first_schema_is_brought_up_to_date_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.executescript((VECTORS / "schemas" / "version-1.sql").read_text("utf-8"))
    raw.close()
    with pytest.raises(LedgerUnavailable, match="schema version 1") as caught:
        open_ledger(str(path))
    assert "--create" in str(caught.value.hint)
    with open_ledger(str(path), create=True) as ledger:
        assert ledger.verify(vkeys=(LOG.vkey,)).covered == 19
        ledger.append(event(20))
    with open_ledger(str(path)) as ledger:
        assert ledger.verify().size == 21


def test_a_locked_ledger_can_be_read_but_not_written(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sqlite, "BUSY_SECONDS", 0.05)
    raw = sqlite3.connect(copy, isolation_level=None)
    raw.execute("BEGIN IMMEDIATE")
    with open_ledger(str(copy)) as ledger:
        assert ledger.verify().size == 20
        with pytest.raises(LedgerUnavailable, match="locked") as caught:
            ledger.append(event(20))
        assert "another process" in str(caught.value.hint)
    raw.close()


def test_a_ledger_opened_to_read_is_not_written(copy: Path) -> None:
    with open_ledger(str(copy), read_only=True) as ledger:
        assert ledger.verify().size == 20
        with pytest.raises(LedgerUnavailable, match="readonly"):
            ledger.append(event(20))
        with pytest.raises(LedgerUnavailable, match="readonly"):
            ledger.checkpoint(LOG)


def test_a_database_damaged_in_the_middle_is_unavailable_and_not_intact(copy: Path) -> None:
    data = bytearray(copy.read_bytes())
    data[4096 * 5 : 4096 * 8] = b"\xa5" * 4096 * 3
    copy.write_bytes(data)
    with open_ledger(str(copy)) as ledger, pytest.raises((LedgerUnavailable, ChainBroken)):
        ledger.verify()


def test_two_processes_create_and_write_one_ledger_without_losing_an_entry(url: str) -> None:
    program = (
        "from audit.ledger import open_ledger; from tests.fakes.ledgers import event; import sys\n"
        "with open_ledger(sys.argv[1], create=True) as ledger:\n"
        "    for number in range(25): ledger.append(event(number))\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, url], env=os.environ) for _ in range(2)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    with open_ledger(url) as ledger:
        assert ledger.verify().size == 50
