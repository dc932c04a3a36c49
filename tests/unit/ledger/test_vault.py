"""Payloads beside the log: sealed, read against their entries, erased without a trace in the files."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from audit.core.errors import (
    ChainBroken,
    ConfigError,
    LedgerUnavailable,
    PayloadErased,
    PayloadMissing,
    UsageError,
    VerificationError,
)
from audit.documents import ErasureReceipt, Event
from audit.ledger import (
    Ledger,
    Sensitive,
    Vault,
    VaultKey,
    generate_vault_key,
    load_vault_key,
    open_ledger,
)
from audit.ledger.vault._vault import MAX_PAYLOAD
from tests.commandline import Commandline
from tests.fakes.databases import Database, PostgresDatabase, SqliteDatabase
from tests.fakes.ledgers import LOG, Ticks, event

ALICE, BOB = "alice@example.org", "顾客-7"
PAYLOAD = b'{"prompt": "my number is 13800138000"}'


@pytest.fixture
def key() -> VaultKey:
    return VaultKey(b"f" * 32, b"w" * 32)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        yield ledger


@pytest.fixture
def vault(ledger: Ledger, key: VaultKey) -> Vault:
    return ledger.vault(key)


def rows(database: Database, url: str, query: str) -> list[bytes]:
    with database.editor(url) as run:
        return [bytes(row[0]) for row in run(query)]


def secrets_of(database: Database, url: str) -> list[bytes]:
    """Return what an erasure must destroy, as it lies in the tables: wrapped keys and payloads."""
    wrapped = rows(database, url, "SELECT wrapped FROM subjects")
    return wrapped + rows(database, url, "SELECT sealed FROM payloads")


def files_of(database: Database, url: str, folder: str = "base") -> dict[str, bytes]:
    """Return every byte that the database keeps, by file; of PostgreSQL those in one folder."""
    if isinstance(database, SqliteDatabase):
        path = Path(url.removeprefix("sqlite:///"))
        return {found.name: found.read_bytes() for found in path.parent.glob(f"{path.name}*")}
    assert isinstance(database, PostgresDatabase)
    database.server.execute("CHECKPOINT")
    found: dict[str, bytes] = {}
    for one in (database.server.data / folder).rglob("*"):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # the server removes some
            found[str(one)] = one.read_bytes()
    return found


def found_in(files: dict[str, bytes], secrets: list[bytes]) -> list[bytes]:
    """Return the secrets that a file holds; a large one lies in parts, so its first bytes count."""
    return [one for one in secrets if any(one[:200] in data for data in files.values())]


def test_a_payload_is_read_back_as_its_entry_committed_to_it(ledger: Ledger, vault: Vault) -> None:
    entry = vault.append(event(1), payload=PAYLOAD, subject=ALICE)
    other = vault.append(event(2), payload=b"", subject=BOB)
    assert (vault.read(entry), vault.read(other)) == (PAYLOAD, b"")
    assert ledger.verify().size == 2
    assert vault.verify().model_dump(exclude={"format"}) == {
        "held": 2, "erased": 0, "unnamed": 0, "unfinished": 0,
    }  # fmt: skip


def test_a_leaf_holds_no_payload_no_identifier_and_nothing_that_can_be_guessed_at(
    ledger: Ledger, vault: Vault
) -> None:
    first = vault.append(event(1), payload=PAYLOAD, subject=ALICE)
    again = vault.append(event(1), payload=PAYLOAD, subject=ALICE)
    leaves = b"".join(ledger.leaves())
    for secret in (PAYLOAD, b"13800138000", ALICE.encode(), b"f" * 32, b"w" * 32):
        assert secret not in leaves
        assert secret.hex().encode() not in leaves
    facts = [entry.event.facts["payload"] for entry in (first, again)]
    assert facts[0]["commitment"] != facts[1]["commitment"]  # a salt of its own for each
    assert facts[0]["subject"] == facts[1]["subject"]


def test_the_files_hold_neither_payload_nor_identifier(
    database: Database, vault: Vault, url: str
) -> None:
    vault.append(event(1), payload=PAYLOAD, subject=ALICE)
    for data in files_of(database, url).values():
        assert PAYLOAD not in data
        assert ALICE.encode() not in data


def test_the_same_event_handed_in_twice_under_one_key_is_one_entry(
    ledger: Ledger, vault: Vault
) -> None:
    first = vault.append(event(1), payload=PAYLOAD, subject=ALICE, key="k")
    assert vault.append(event(1), payload=PAYLOAD, subject=ALICE, key="k") == first
    with pytest.raises(UsageError, match="names another event"):
        vault.append(event(1), payload=PAYLOAD + b" ", subject=ALICE, key="k")
    assert ledger.size() == 1
    assert vault.read(first) == PAYLOAD


def test_payloads_go_with_events_that_are_appended_otherwise(ledger: Ledger, vault: Vault) -> None:
    items = [Sensitive(event(n), b"%d" % n, f"subject {n % 3}") for n in range(20)]
    with ledger.appender() as appender:
        waiting = [appender.submit(one) for one in vault.hold(items)]
        entries = [one.result() for one in waiting]
    assert [vault.read(entry) for entry in entries] == [one.payload for one in items]
    assert vault.append_many([]) == []


def test_what_cannot_be_held_is_refused_before_anything_is_written(
    ledger: Ledger, vault: Vault
) -> None:
    taken = Event(type="a.b", facts={"payload": 1})
    refused = [
        Sensitive(taken, b"", ALICE),
        Sensitive(event(1), b"x" * (MAX_PAYLOAD + 1), ALICE),
        Sensitive(event(1), b"", ""),
        Sensitive(event(1), b"", "x" * 1001),
        Sensitive(event(1), b"", "\udcff"),
        Sensitive(event(1), b"", ALICE, key="not printable\n"),
    ]
    for one in refused:
        with pytest.raises(UsageError):
            vault.append_many([Sensitive(event(0), b"good", BOB), one])
    assert ledger.size() == 0
    assert vault.verify().unnamed == 0
    plain = ledger.append(event(1))
    with pytest.raises(UsageError, match="has no payload"):
        vault.read(plain)


@pytest.mark.parametrize("column", ["payloads.sealed", "subjects.wrapped"])
def test_any_changed_bit_of_a_sealed_payload_or_a_wrapped_key_is_found(
    database: Database, ledger: Ledger, vault: Vault, url: str, column: str
) -> None:
    entry = vault.append(event(1), payload=b"0123456789", subject=ALICE)
    table, name = column.split(".")
    (before,) = rows(database, url, f"SELECT {name} FROM {table}")
    for at in range(0, len(before), 5):
        spoiled = before[:at] + bytes([before[at] ^ 4]) + before[at + 1 :]
        with database.editor(url) as run:
            run(f"UPDATE {table} SET {name} = {database.literal(spoiled)}")
        with pytest.raises(VerificationError):
            vault.read(entry)
        with pytest.raises(VerificationError):
            vault.verify()


def test_payloads_that_were_exchanged_for_one_another_are_found(
    database: Database, ledger: Ledger, vault: Vault, url: str
) -> None:
    entries = vault.append_many([Sensitive(event(n), b"%d" % n, ALICE) for n in range(2)])
    sealed = rows(database, url, "SELECT sealed FROM payloads ORDER BY commitment")
    with database.editor(url) as run:
        for wrong in sealed:
            run(
                f"UPDATE payloads SET sealed = {database.literal(wrong)} WHERE commitment = "
                f"(SELECT {'min' if wrong == sealed[1] else 'max'}(commitment) FROM payloads)"
                if database.name == "sqlite"
                else f"UPDATE payloads SET sealed = {database.literal(wrong)} WHERE commitment = "
                "(SELECT commitment FROM payloads ORDER BY commitment "
                f"{'ASC' if wrong == sealed[1] else 'DESC'} LIMIT 1)"
            )
    for entry in entries:
        with pytest.raises(VerificationError, match="not what its entry committed to"):
            vault.read(entry)


def test_a_payload_that_was_dropped_in_silence_is_missing_and_not_erased(
    database: Database, ledger: Ledger, vault: Vault, url: str
) -> None:
    entry = vault.append(event(1), payload=PAYLOAD, subject=ALICE)
    with database.editor(url) as run:
        run("DELETE FROM payloads")
    with pytest.raises(PayloadMissing, match="ledger entry 0 is gone"):
        vault.read(entry)
    with pytest.raises(PayloadMissing):
        vault.verify()


def test_a_payload_without_an_entry_is_counted_and_erased_with_its_subject(vault: Vault) -> None:
    vault.hold([Sensitive(event(1), PAYLOAD, ALICE)])  # its writer was stopped here
    assert vault.verify().unnamed == 1
    assert vault.erase(ALICE).payloads == 1
    assert vault.verify().unnamed == 0


def test_erasure_leaves_the_log_whole_and_the_others_payloads_readable(
    ledger: Ledger, vault: Vault
) -> None:
    gone = vault.append(event(1), payload=PAYLOAD, subject=ALICE)
    kept = vault.append(event(2), payload=b"kept", subject=BOB)
    ledger.checkpoint(LOG)
    receipt = vault.erase(ALICE)
    assert (receipt.outcome, receipt.payloads, receipt.entry) == ("erased", 1, "2")
    ledger.checkpoint(LOG)
    found = ledger.verify(vkeys=(LOG.vkey,))
    assert (found.size, found.covered) == (3, 3)
    assert vault.read(kept) == b"kept"
    with pytest.raises(PayloadErased, match="was erased, as entry 2 records"):
        vault.read(gone)
    assert vault.verify().model_dump(exclude={"format"}) == {
        "held": 1, "erased": 1, "unnamed": 0, "unfinished": 0,
    }  # fmt: skip
    entry = next(ledger.entries(type="ledger.erased"))
    assert entry.event.facts == {"payloads": 1, "subject": receipt.subject_ref}
    assert receipt.subject_ref == gone.event.facts["payload"]["subject"]


def test_a_subject_that_was_erased_comes_back_as_another(vault: Vault) -> None:
    before = vault.append(event(1), payload=PAYLOAD, subject=ALICE, key="k")
    vault.erase(ALICE)
    after = vault.append(event(1), payload=PAYLOAD, subject=ALICE)
    first, second = (entry.event.facts["payload"] for entry in (before, after))
    assert first["subject"] != second["subject"]
    assert vault.read(after) == PAYLOAD
    with pytest.raises(PayloadErased):
        vault.read(before)
    with pytest.raises(UsageError, match="names another event"):  # its salt is gone, too
        vault.append(event(1), payload=PAYLOAD, subject=ALICE, key="k")


def test_erasing_twice_records_once_and_says_that_nothing_is_held(
    ledger: Ledger, vault: Vault
) -> None:
    vault.append(event(1), payload=PAYLOAD, subject=ALICE)
    assert vault.erase(ALICE).outcome == "erased"
    again = vault.erase(ALICE)
    assert again.outcome == "nothing-held"
    assert again.subject_ref is None
    assert vault.erase("never known").model_dump() == again.model_dump()
    assert ledger.size() == 2


def test_no_file_of_the_database_holds_keys_salts_or_payloads_after_an_erasure(
    database: Database, ledger: Ledger, vault: Vault, url: str
) -> None:
    large = os.urandom(20_000)
    for number in range(0, 60, 2):
        items = [
            Sensitive(event(n), b"%d" % n * 40, f"subject {n % 10}") for n in (number, number + 1)
        ]
        vault.append_many(items)
    vault.append(event(0), payload=PAYLOAD, subject=ALICE)
    vault.append(event(1), payload=large, subject=ALICE)
    all_before = secrets_of(database, url)
    for number in (0, 4, 9):
        vault.erase(f"subject {number}")
    vault.erase(ALICE)
    kept = secrets_of(database, url)
    gone = [one for one in all_before if one not in kept]
    assert (len(gone), len(kept)) == (4 + 20, 7 + 42)
    files = files_of(database, url)
    assert found_in(files, gone) == []
    assert found_in(files, kept) == kept  # or the search would find nothing anywhere


def test_before_an_erasure_is_scrubbed_its_bytes_are_still_in_the_files(
    database: Database, ledger: Ledger, vault: Vault, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the scrubbing is for, and that an erasure that was interrupted is finished."""
    vault.append(event(0), payload=PAYLOAD, subject=ALICE)
    kept = vault.append(event(1), payload=b"kept", subject=BOB)
    before = secrets_of(database, url)

    def stopped(self: object, *, deep: bool = True) -> None:
        raise LedgerUnavailable("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(type(ledger._store), "scrub", stopped)
        with pytest.raises(LedgerUnavailable, match="the power went"):
            vault.erase(ALICE)
    lost = [one for one in before if one not in secrets_of(database, url)]
    assert len(lost) == 2
    assert found_in(files_of(database, url), lost)
    assert vault.verify().unfinished == 1
    receipt = vault.erase(ALICE)
    assert (receipt.outcome, receipt.payloads, receipt.entry) == ("erased", 1, "2")
    assert not found_in(files_of(database, url), lost)
    assert ledger.size() == 3
    assert vault.verify().unfinished == 0
    assert vault.read(kept) == b"kept"


def test_an_interrupted_erasure_is_finished_by_that_of_anybody(
    database: Database, ledger: Ledger, vault: Vault, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.append(event(0), payload=PAYLOAD, subject=ALICE)
    secrets = secrets_of(database, url)
    with monkeypatch.context() as patch:
        patch.setattr(type(ledger._store), "scrub", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            vault.erase(ALICE)
    assert vault.erase(BOB).outcome == "nothing-held"
    assert vault.verify().unfinished == 0
    assert not found_in(files_of(database, url), secrets)


def test_an_erasure_that_cannot_be_recorded_erases_nothing(
    database: Database, ledger: Ledger, vault: Vault, url: str
) -> None:
    entry = vault.append(event(0), payload=PAYLOAD, subject=ALICE)
    with database.editor(url) as run:
        run("UPDATE head SET last_ns = last_ns + 1")
    with pytest.raises(ChainBroken):
        vault.erase(ALICE)
    assert vault.read(entry) == PAYLOAD


def test_a_reader_that_stays_keeps_an_erasure_from_being_finished_and_it_says_so(
    databases: dict[str, Database], key: VaultKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit.ledger.store import _sqlite

    monkeypatch.setattr(_sqlite, "BUSY_SECONDS", 0.05)
    url = databases["sqlite"].new()
    with open_ledger(url, create=True) as ledger:
        vault = ledger.vault(key)
        vault.append(event(0), payload=PAYLOAD, subject=ALICE)
        reader = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entries").fetchone()
        with pytest.raises(LedgerUnavailable, match=r"cannot scrub|locked") as caught:
            vault.erase(ALICE)
        assert caught.value.hint
        reader.execute("COMMIT")
        reader.close()
        assert vault.erase(ALICE).entry == "1"


def test_writers_and_erasures_at_once_leave_nothing_of_the_erased(
    url: str, ledger: Ledger, key: VaultKey
) -> None:
    failures: list[Exception] = []

    def write(name: str) -> None:
        try:
            with open_ledger(url) as mine:
                for number in range(15):
                    mine.vault(key).append(event(number), payload=PAYLOAD, subject=name)
        except Exception as exc:  # noqa: BLE001 - whatever it was, the test fails with it
            failures.append(exc)

    writers = [threading.Thread(target=write, args=(name,)) for name in (ALICE, ALICE, BOB)]
    for writer in writers:
        writer.start()
    vault = ledger.vault(key)
    receipts = [vault.erase(ALICE) for _ in range(4)]
    for writer in writers:
        writer.join()
    receipts.append(vault.erase(ALICE))
    assert not failures
    found = vault.verify()
    assert (found.held, found.unnamed) == (15, 0)
    assert sum(receipt.payloads for receipt in receipts) == found.erased == 30
    ledger.verify()


def test_another_vault_key_is_refused_instead_of_finding_nobody(
    ledger: Ledger, vault: Vault, tmp_path: Path
) -> None:
    generate_vault_key(tmp_path / "other")
    other = load_vault_key(tmp_path / "other")
    assert ledger.vault(other).erase(ALICE).outcome == "nothing-held"  # nothing was ever held
    entry = vault.append(event(1), payload=PAYLOAD, subject=ALICE)
    for attempt in (
        lambda: ledger.vault(other).erase(ALICE),
        lambda: ledger.vault(other).read(entry),
        lambda: ledger.vault(other).verify(),
        lambda: ledger.vault(other).append(event(1), payload=b"", subject=ALICE),
    ):
        with pytest.raises(ConfigError, match="another vault key"):
            attempt()


def test_a_vault_key_is_made_once_for_its_owner_alone_and_read_strictly(tmp_path: Path) -> None:
    path = tmp_path / "key"
    generate_vault_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "f" * 8 not in repr(load_vault_key(path))
    with pytest.raises(UsageError, match="never overwritten"):
        generate_vault_key(path)
    whole = path.read_bytes()
    for spoiled in (b"", whole[:-3], whole + b"x", whole.replace(b"v1", b"v2"), b"\xff" * 100):
        path.write_bytes(spoiled)
        with pytest.raises(ConfigError, match="not a vault's key"):
            load_vault_key(path)


def test_an_old_copy_of_the_database_and_the_key_read_what_was_erased_since(
    databases: dict[str, Database], key: VaultKey
) -> None:
    """What erasure cannot reach, and why the key must not lie in the same backup."""
    database = databases["sqlite"]
    url = database.new()
    with open_ledger(url, create=True) as ledger:
        entry = ledger.vault(key).append(event(1), payload=PAYLOAD, subject=ALICE)
    backup = database.copy(url)
    with open_ledger(url) as ledger:
        ledger.vault(key).erase(ALICE)
    with open_ledger(backup) as old:
        assert old.vault(key).read(entry) == PAYLOAD
        with pytest.raises(ConfigError):
            old.vault(VaultKey(b"f" * 32, b"x" * 32)).read(entry)


def test_the_write_ahead_log_of_postgresql_still_holds_what_was_erased(
    databases: dict[str, Database], key: VaultKey
) -> None:
    """Sealed and wrapped, as it was written: only the vault's key would open it."""
    database = databases["postgresql"]
    assert isinstance(database, PostgresDatabase)
    url = database.new()
    with open_ledger(url) as ledger:
        vault = ledger.vault(key)
        vault.append(event(1), payload=PAYLOAD, subject=ALICE)
        secrets = secrets_of(database, url)
        vault.erase(ALICE)
        assert not found_in(files_of(database, url), secrets)
        log = files_of(database, url, "pg_wal")
        assert found_in(log, secrets) == secrets
        assert not found_in(log, [PAYLOAD])


def test_only_the_owner_of_the_tables_erases(databases: dict[str, Database], key: VaultKey) -> None:
    from audit.ledger.store._postgres import PostgresStore
    from audit.ledger.store._roles import grant

    database = databases["postgresql"]
    assert isinstance(database, PostgresDatabase)
    url = database.new()
    with open_ledger(url) as ledger:
        assert isinstance(ledger._store, PostgresStore)
        for kind in ("writer", "sequencer", "reader"):
            database.server.execute(f"CREATE ROLE vault_{kind} LOGIN")
            grant(ledger._store, f"vault_{kind}", kind)
        try:
            with open_ledger(url.replace("owner@", "vault_sequencer@")) as other:
                entry = other.vault(key).append(event(1), payload=PAYLOAD, subject=ALICE)
                with pytest.raises(LedgerUnavailable, match="only the owner"):
                    other.vault(key).erase(ALICE)
            with open_ledger(url.replace("owner@", "vault_writer@")) as other:
                (held,) = other.vault(key).hold([Sensitive(event(1), PAYLOAD, ALICE)])
                other.submit(held, signer=LOG)
            assert ledger.vault(key).read(entry) == PAYLOAD
            for kind, statement in (
                ("reader", "SELECT * FROM payloads"),
                ("reader", "SELECT * FROM subjects"),
                ("writer", "DELETE FROM payloads"),
                ("writer", "UPDATE subjects SET wrapped = ''"),
                ("sequencer", "DELETE FROM subjects"),
                ("sequencer", "TRUNCATE payloads"),
            ):
                with (
                    psycopg.connect(url.replace("owner@", f"vault_{kind}@")) as connection,
                    pytest.raises(psycopg.errors.InsufficientPrivilege),
                ):
                    connection.execute(statement)
        finally:
            for kind in ("writer", "sequencer", "reader"):
                database.server.execute(f"DROP OWNED BY vault_{kind}; DROP ROLE vault_{kind}")


def test_entries_of_one_subject_share_a_name_that_leads_nowhere_after_erasure(
    database: Database, ledger: Ledger, vault: Vault, url: str
) -> None:
    """Linked to each other for good, and to nobody: pseudonymous, not anonymous."""
    first = vault.append(event(1), payload=b"1", subject=ALICE)
    second = vault.append(event(2), payload=b"2", subject=ALICE)
    receipt = vault.erase(ALICE)
    names = {entry.event.facts["payload"]["subject"] for entry in (first, second)}
    assert names == {receipt.subject_ref}
    with database.editor(url) as run:
        assert run("SELECT * FROM subjects") == []
        assert run("SELECT * FROM erasures") == []


def test_the_commands_write_read_check_and_erase(
    database: Database, url: str, tmp_path: Path, run: Commandline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("payload").write_bytes(PAYLOAD)
    Path("event.json").write_text('{"type": "a.b"}')
    assert run("audit ledger vault key --out vault.key").code == 0
    run(f"audit ledger append --create --ledger {url}")
    monkeypatch.setenv("AUDIT_VAULT_KEY", "vault.key")
    at = f"--ledger {url}"
    put = run(f"audit ledger vault append {at} --subject {ALICE} --event event.json payload")
    assert put.code == 0, put
    assert ALICE not in put.out
    assert run(f"audit ledger vault read 0 {at} --out back").code == 0
    assert Path("back").read_bytes() == PAYLOAD
    assert run(f"audit ledger vault read 7 {at} --out no").code == 2
    assert '"held": 1' in run(f"audit ledger vault verify {at}").out
    erased = run(f"audit ledger erase {at} --subject {ALICE} -o receipt.json")
    assert erased.code == 0, erased
    assert "1 payloads erased, recorded as ledger entry 1" in erased.err
    receipt = ErasureReceipt.read(Path("receipt.json").read_bytes(), source="receipt.json")
    assert receipt.database == database.name
    assert ALICE not in Path("receipt.json").read_text()
    again = run(f"audit ledger erase {at} --subject {ALICE}")
    assert again.code == 0
    assert ErasureReceipt.read(again.out.encode(), source="-").outcome == "nothing-held"
    rotated = run(f"audit ledger vault rotate {at} --out new.key")
    assert (rotated.code, rotated.out) == (
        0,
        "wrote new.key; 0 subjects' keys are wrapped under it\n",
    )
    assert run(f"audit ledger vault verify {at}").code == 2
    assert run(f"audit ledger vault rotate {at} --out other.key").code == 2
    assert not Path("other.key").exists()
    monkeypatch.setenv("AUDIT_VAULT_KEY", "new.key")
    read = run(f"audit ledger vault read 0 {at} --out no")
    assert read.code == 3
    assert "error[payload-erased]" in read.err
    assert not Path("no").exists()
    assert run(f"audit ledger verify {at}").code == 0


def test_the_vault_key_of_a_sqlite_ledger_lies_beside_it_unless_named(
    tmp_path: Path, run: Commandline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("audit ledger append --create --ledger a.db")
    missing = run("audit ledger erase --ledger a.db --subject x")
    assert (missing.code, missing.out) == (2, "")
    assert "a.db.vault-key" in missing.err
    run("audit ledger vault key --out a.db.vault-key")
    assert run("audit ledger erase --ledger a.db --subject x").code == 0
    unnamed = run("audit ledger erase --ledger postgresql://u@127.0.0.1:1/x --subject x")
    assert unnamed.code == 2
    assert "--vault-key" in unnamed.err


def test_what_is_written_into_a_leaf_stays_there_after_an_erasure(
    ledger: Ledger, vault: Vault
) -> None:
    careless = Event(type="a.b", facts={"note": ALICE})
    entry = vault.append(careless, payload=PAYLOAD, subject=ALICE)
    vault.erase(ALICE)
    assert next(ledger.entries()) == entry
    assert ALICE.encode() in entry.leaf()


def test_after_a_rotation_only_the_new_key_reads_and_what_the_old_one_wrapped_is_gone(
    database: Database, ledger: Ledger, vault: Vault, url: str, key: VaultKey
) -> None:
    entries = vault.append_many([Sensitive(event(n), b"%d" % n, f"subject {n}") for n in range(12)])
    before = rows(database, url, "SELECT wrapped FROM subjects")
    new = key.successor(os.urandom)
    assert vault.rotate(new) == 12
    assert not found_in(files_of(database, url), before)
    for reader in (vault, ledger.vault(new)):
        assert [reader.read(entry) for entry in entries] == [b"%d" % n for n in range(12)]
        assert reader.verify().held == 12
    with pytest.raises(ConfigError, match="another vault key"):
        ledger.vault(key).read(entries[0])
    assert ledger.vault(new).erase("subject 3").payloads == 1  # found as before
    assert (
        ledger.vault(new)
        .append(event(1), payload=b"", subject="subject 4")
        .event.facts["payload"]["subject"]
        == entries[4].event.facts["payload"]["subject"]
    )


def test_without_the_old_key_a_backup_from_before_a_rotation_cannot_be_read(
    databases: dict[str, Database], key: VaultKey
) -> None:
    database = databases["sqlite"]
    url = database.new()
    with open_ledger(url, create=True) as ledger:
        entry = ledger.vault(key).append(event(1), payload=PAYLOAD, subject=ALICE)
    backup, new = database.copy(url), key.successor(os.urandom)
    with open_ledger(url) as ledger:
        vault = ledger.vault(key)
        vault.rotate(new)
        vault.erase(ALICE)
    with open_ledger(backup) as old, pytest.raises(ConfigError):
        old.vault(new).read(entry)
    with database.editor(backup) as run:  # around the check of the key as well
        run(f"UPDATE vault SET key_check = {database.literal(new.check())}")
    with open_ledger(backup) as old, pytest.raises(VerificationError, match="was edited"):
        old.vault(new).read(entry)


def test_a_rotation_with_another_key_or_an_edited_row_changes_nothing(
    database: Database, ledger: Ledger, vault: Vault, url: str, key: VaultKey
) -> None:
    entry = vault.append(event(1), payload=PAYLOAD, subject=ALICE)
    vault.append(event(2), payload=PAYLOAD, subject=BOB)
    other = VaultKey(b"f" * 32, b"o" * 32)
    with pytest.raises(ConfigError):
        ledger.vault(other).rotate(other.successor(os.urandom))
    ref = entry.event.facts["payload"]["subject"]
    with database.editor(url) as run:
        run(f"UPDATE subjects SET wrapped = {database.literal(b'x' * 60)} WHERE ref != '{ref}'")
    with pytest.raises(VerificationError, match="was edited"):
        vault.rotate(key.successor(os.urandom))
    assert ledger.vault(key).read(entry) == PAYLOAD


def test_a_process_killed_between_an_erasure_and_its_scrubbing_loses_nothing(
    database: Database, ledger: Ledger, vault: Vault, url: str
) -> None:
    entry = vault.append(event(0), payload=PAYLOAD, subject=ALICE)
    secrets = secrets_of(database, url)
    program = (
        "import os, signal, sys\n"
        "from audit.ledger import VaultKey, open_ledger\n"
        "with open_ledger(sys.argv[1]) as ledger:\n"
        "    kind = type(ledger._store)\n"
        "    kind.scrub = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    ledger.vault(VaultKey(b'f' * 32, b'w' * 32)).erase(sys.argv[2])\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, url, ALICE], check=False)
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(PayloadErased):
        vault.read(entry)
    assert vault.verify().unfinished == 1
    assert vault.erase(ALICE).entry == "1"
    assert not found_in(files_of(database, url), secrets)
    assert ledger.verify().size == 2


def test_an_erasure_beside_a_sequencer_service_takes_its_turn(
    databases: dict[str, Database], key: VaultKey
) -> None:
    from audit.ledger import serve_sequencer

    url, stop = databases["postgresql"].new(), threading.Event()
    service = threading.Thread(
        target=serve_sequencer, args=(url,), kwargs={"should_stop": stop.is_set}
    )
    service.start()
    try:
        with open_ledger(url) as ledger:
            vault = ledger.vault(key)
            vault.append(event(0), payload=PAYLOAD, subject=ALICE)
            assert vault.erase(ALICE).entry == "1"
            assert ledger.append(event(1)).number == 2
            assert ledger.verify().size == 3
    finally:
        stop.set()
        service.join()
