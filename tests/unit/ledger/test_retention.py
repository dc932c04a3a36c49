"""Expiry: only what the policy lets go, below a signed index, recorded, and still provable."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from typing_extensions import override

from audit.core.errors import (
    ChainBroken,
    CheckpointStale,
    ConfigError,
    EntryExpired,
    EvidenceError,
    LedgerUnavailable,
    UsageError,
    VerificationError,
)
from audit.core.progress import SILENT
from audit.documents import (
    Event,
    ExpiryReceipt,
    LedgerEntry,
    Release,
    RetentionPlan,
    leaf_hash,
)
from audit.gate import RULES, load_policy
from audit.ledger import (
    LastSigned,
    Ledger,
    LoadedRetention,
    PackRequest,
    Question,
    Sensitive,
    TileFolder,
    TlogProof,
    VaultKey,
    export_pack,
    export_tiles,
    load_retention,
    open_ledger,
    read_checkpoint,
    read_tiled,
)
from audit.ledger._merkle import tree_root, verify_consistency
from audit.ledger._minimum import MinimumIndex, read_minimum, sign_minimum
from audit.ledger.store._transaction import Transaction
from audit.release.evidence.record import check_record
from tests.commandline import Commandline
from tests.fakes.databases import Database, PostgresDatabase, SqliteDatabase
from tests.fakes.ledgers import LOG, SUBJECT, Ticks, event
from tests.fakes.notes import SeededSigner

JANUARY, AUGUST = 1_767_225_600_000_000_000, 1_785_542_400_000_000_000  # 2026-01-01, 2026-08-01
DAY = 86_400 * 10**9
KEY = VaultKey(b"f" * 32, b"w" * 32)
POLICY = """\
apiVersion: audit.retention/v1
kind: RetentionPolicy
metadata: {id: network-logs, version: "2"}
spec: {keep_months: 6}
"""


@pytest.fixture
def policy() -> LoadedRetention:
    return load_retention(POLICY.encode(), source="p")


@pytest.fixture
def aged(url: str) -> str:
    """600 entries of January and 100 of August, with payloads in four, and four checkpoints."""
    _narrow(url)
    clock = Ticks(JANUARY)
    with open_ledger(url, create=True, clock=clock) as ledger:
        vault = ledger.vault(KEY)
        vault.append_many([Sensitive(event(n), b"old %d" % n, f"s{n}") for n in range(2)])
        ledger.append(event(2), key="old")
        for size in (100, 300, 600):
            ledger.append_many([event(n) for n in range(ledger.size(), size)])
            if size != 600:
                ledger.checkpoint(LOG)
        clock.now = AUGUST
        vault.append_many([Sensitive(event(n), b"new %d" % n, f"s{n - 600}") for n in (600, 601)])
        ledger.append(event(2), key="new")
        ledger.append_many([event(n) for n in range(603, 700)])
        ledger.checkpoint(LOG)
    return url


@contextmanager
def opened(url: str, now: int = AUGUST + DAY) -> Iterator[Ledger]:
    with open_ledger(url, clock=Ticks(now)) as ledger:
        yield ledger


def expire(
    url: str, policy: LoadedRetention, below: int | None = None, now: int = AUGUST + DAY
) -> ExpiryReceipt:
    with opened(url, now) as ledger:
        receipt = ledger.expirer(policy, LOG).run(below=below, progress=SILENT)
        if receipt.expired:
            ledger.checkpoint(LOG)
        return receipt


def kept(url: str) -> list[LedgerEntry]:
    with opened(url) as ledger:
        return list(ledger.entries())


def test_what_the_policy_does_not_keep_expires_by_whole_partitions(
    aged: str, policy: LoadedRetention
) -> None:
    with opened(aged) as ledger:
        leaves, plan = list(ledger.leaves()), ledger.plan_expiry(policy)
    assert (plan.kept_from, plan.covered, plan.partition, plan.below) == (600, 700, 256, 512)
    receipt = expire(aged, policy)
    assert (receipt.minimum, receipt.expired, receipt.entry) == (512, 512, "700")
    with opened(aged) as ledger:
        assert list(ledger.leaves())[:188] == leaves[512:]
        assert (ledger.minimum(), ledger.size()) == (512, 701)
        found = ledger.verify(vkeys=(LOG.vkey,))
    assert found.covered == 701
    assert found.expired is not None
    assert (found.expired.below, found.expired.entry) == (512, "700")
    assert (found.expired.policy_id, found.expired.policy_version) == ("network-logs", "2")


def test_the_entry_and_the_signed_note_say_what_expired_and_why(
    aged: str, policy: LoadedRetention
) -> None:
    with opened(aged) as ledger:
        leaves = list(ledger.leaves())
    receipt = expire(aged, policy)
    entry = kept(aged)[-1]
    assert (entry.event.type, entry.seq) == ("ledger.expired", receipt.entry)
    facts = entry.event.facts
    assert facts["policy"] == policy.ref.digest == receipt.policy.digest
    assert (facts["minimum"], facts["previous_minimum"], facts["keep_months"]) == ("512", "0", 6)
    assert receipt.note is not None
    note = read_minimum(receipt.note.encode(), vkeys=(LOG.vkey,))
    assert note.root == tree_root(leaf_hash(leaf) for leaf in leaves[:512])
    assert note.facts().items() <= facts.items()


def test_checkpoints_from_before_are_still_checked_against_the_kept_hashes(
    aged: str, policy: LoadedRetention
) -> None:
    with opened(aged) as ledger:
        old = ledger.checkpoints()
    expire(aged, policy)
    with opened(aged) as ledger:
        ledger.verify(vkeys=(LOG.vkey,), outside=old)
        forged = old[0].model_copy(update={"root": "00" * 32})
        with pytest.raises(ChainBroken, match="not what the checkpoint kept outside"):
            ledger.verify(outside=[forged])


def test_nothing_expires_twice_and_the_next_time_it_goes_on(
    aged: str, policy: LoadedRetention
) -> None:
    expire(aged, policy, below=256)
    assert kept(aged)[0].number == 256
    assert expire(aged, policy).expired == 256
    again = expire(aged, policy)
    assert (again.expired, again.minimum, again.entry, again.note) == (0, 512, None, None)
    with opened(aged) as ledger:
        assert ledger.verify(vkeys=(LOG.vkey,)).size == 702
        ledger.append(event(3))
        assert ledger.verify().size == 703


@pytest.mark.parametrize("below", [768, 600, 300, 512 + 64, 10**9])
def test_what_the_policy_keeps_or_no_partition_ends_at_is_refused(
    aged: str, policy: LoadedRetention, below: int
) -> None:
    with pytest.raises(UsageError, match=r"the policy network-logs keeps|no partition"):
        expire(aged, policy, below=below)
    assert len(kept(aged)) == 700


def test_on_the_last_day_it_is_kept_nothing_expires(aged: str, policy: LoadedRetention) -> None:
    """Recorded on 1 January, kept until 1 July: the last entry's time counts, too."""
    with opened(aged) as ledger:
        for now, expected in ((JANUARY + 181 * DAY - 1, 0), (JANUARY + 181 * DAY + DAY, 600)):
            ledger._clock = Ticks(now - 1000)
            assert ledger.plan_expiry(policy).kept_from == expected


def test_a_clock_that_runs_ahead_expires_nothing(aged: str, policy: LoadedRetention) -> None:
    with opened(aged, AUGUST + 3650 * DAY) as ledger:
        assert ledger.plan_expiry(policy).kept_from == 600


def test_only_what_a_checkpoint_by_the_logs_key_covers_expires(
    aged: str, policy: LoadedRetention
) -> None:
    other = SeededSigner(LOG.name, "next year")
    with opened(aged) as ledger:
        expirer = ledger.expirer(policy, other)
        assert expirer.run(below=None, progress=SILENT).expired == 0
        with pytest.raises(UsageError, match="a checkpoint covers 0"):
            expirer.run(below=256, progress=SILENT)
        trusting = ledger.expirer(policy, other, trusted=(LOG.vkey,))
        assert trusting.run(below=256, progress=SILENT).expired == 256
        ledger.checkpoint(other)
        ledger.verify(vkeys=(other.vkey,))
        with pytest.raises(ChainBroken, match="no key that is trusted here says so"):
            ledger.verify(vkeys=(LOG.vkey,))


def test_a_ledger_that_does_not_verify_expires_nothing(
    database: Database, aged: str, policy: LoadedRetention
) -> None:
    with database.editor(aged) as edit:
        edit("UPDATE entries SET ts_ns = ts_ns + 1 WHERE seq = 650")
    with pytest.raises(ChainBroken, match="entry 650"):
        expire(aged, policy)
    with opened(aged) as ledger:
        assert len(list(ledger.leaves())) == 700


def test_the_last_entry_always_stays(url: str, policy: LoadedRetention) -> None:
    _narrow(url)
    clock = Ticks(JANUARY)
    with open_ledger(url, create=True, clock=clock) as ledger:
        ledger.append_many([event(n) for n in range(512)])
        ledger.checkpoint(LOG)
    with opened(url) as ledger:
        assert ledger.plan_expiry(policy).below == 0  # the last entry is its own clock
        ledger.append(event(512))
        assert ledger.plan_expiry(policy).below == 512


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (
            "UPDATE stubs SET hashes = {flipped} WHERE tile = 0",
            "entry 0 or a later one before 512 is not what expired",
        ),
        ("DELETE FROM stubs WHERE tile = 0", "the hash that has to be kept of it is gone"),
        ("DELETE FROM stubs WHERE tile = 1", "entry 256 expired, and the hash"),
        ("UPDATE stubs SET tile = 7 WHERE tile = 0", "the hash that has to be kept"),
        ("DELETE FROM expiries", "the hash that has to be kept|is missing"),
        ("UPDATE expiries SET minimum = 256", "whose columns were edited"),
        ("UPDATE expiries SET number = 3", "whose columns were edited"),
        ("UPDATE expiries SET vkey = 'x'", "which is bad"),
        ("UPDATE expiries SET note = {forged}", "does not record|not what expired|no key"),
        ("DELETE FROM entries WHERE seq = 512", "entry 512 is missing"),
        ("DELETE FROM entries WHERE seq < 600", "entry 512 is missing"),
    ],
)
def test_an_expiry_that_was_edited_is_found(
    database: Database, aged: str, policy: LoadedRetention, edit: str, problem: str
) -> None:
    expire(aged, policy)
    with database.editor(aged) as run:
        (hashes,) = run("SELECT hashes FROM stubs WHERE tile = 0")[0]
        flipped = bytes([hashes[0] ^ 1]) + bytes(hashes)[1:]
        note = sign_minimum(MinimumIndex(LOG.name, 512, b"r" * 32, 600, ("p", "1", "d")), LOG)
        values = {"flipped": database.literal(flipped), "forged": database.literal(note)}
        run(edit.format(**values))
    with opened(aged) as ledger, pytest.raises(ChainBroken, match=problem):
        ledger.verify(vkeys=(LOG.vkey,))


def test_entries_cut_off_at_the_front_are_missing_without_the_logs_word(
    database: Database, aged: str
) -> None:
    """Somebody with the database, but without the log's key, lets January vanish."""
    with opened(aged) as ledger:
        hashes = list(ledger.leaves())[:256]
    thief = SeededSigner(LOG.name, "thief")
    leafs = [leaf_hash(leaf) for leaf in hashes]
    note = sign_minimum(
        MinimumIndex(LOG.name, 256, tree_root(leafs), 699, ("p", "1", "sha256:" + "0" * 64)), thief
    )
    with database.editor(aged) as run:
        run("DELETE FROM entries WHERE seq < 256")
    with opened(aged) as ledger, pytest.raises(ChainBroken, match="entry 0 is missing"):
        ledger.verify()
    with database.editor(aged) as run:
        run(f"INSERT INTO stubs VALUES (0, {database.literal(b''.join(leafs))})")
        run(
            f"INSERT INTO expiries VALUES (0, 256, {database.literal(thief.vkey)}, "
            f"{database.literal(note)})"
        )
    with opened(aged) as ledger:
        with pytest.raises(ChainBroken, match="no key that is trusted here says so"):
            ledger.verify(vkeys=(LOG.vkey,))
        with pytest.raises(ChainBroken, match="does not record that entries below 256 expired"):
            ledger.verify()


def test_an_entry_put_back_below_the_minimum_is_out_of_place(
    database: Database, aged: str, policy: LoadedRetention
) -> None:
    expire(aged, policy)
    if isinstance(database, PostgresDatabase):
        with psycopg.connect(aged) as connection:
            connection.execute("SELECT ledger_partition(0)")
    with database.editor(aged) as run:
        run("INSERT INTO entries SELECT 5, ts_ns, type, subject, leaf, leaf_hash FROM entries "
            "WHERE seq = 600")  # fmt: skip
    with opened(aged) as ledger, pytest.raises(ChainBroken):
        ledger.verify()


def test_payloads_expire_with_their_entries_and_others_stay(
    database: Database, aged: str, policy: LoadedRetention
) -> None:
    with opened(aged) as ledger:
        old = next(ledger.entries())
        new = next(ledger.entries(start=600))
        with database.editor(aged) as run:
            sealed = [bytes(row[0]) for row in run("SELECT sealed FROM payloads")]
    expire(aged, policy)
    with opened(aged) as ledger:
        vault = ledger.vault(KEY)
        assert vault.verify().held == 2
        assert vault.read(new) == b"new 600"
        with pytest.raises(EntryExpired, match="expired with it"):
            vault.read(old)
    with database.editor(aged) as run:
        left = [bytes(row[0]) for row in run("SELECT sealed FROM payloads")]
    gone = [one for one in sealed if one not in left]
    assert len(gone) == 2
    if isinstance(database, SqliteDatabase):
        path = Path(aged.removeprefix("sqlite:///"))
        data = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
        assert not [one for one in gone if one in data]
        assert all(one in data for one in left)


def test_a_key_of_an_expired_entry_may_name_a_new_event(aged: str, policy: LoadedRetention) -> None:
    with opened(aged) as ledger, pytest.raises(UsageError):
        ledger.append(event(9), key="old")
    expire(aged, policy)
    with opened(aged) as ledger:
        assert ledger.append(event(9), key="old").number == 701
        with pytest.raises(UsageError, match="names another event"):
            ledger.append(event(9), key="new")
        ledger.verify()


def test_guards_still_refuse_to_delete_what_is_kept(
    database: Database, aged: str, policy: LoadedRetention
) -> None:
    expire(aged, policy)
    statements = [
        "DELETE FROM entries WHERE seq = 512",
        "DELETE FROM keys WHERE seq >= 512",
        "UPDATE stubs SET tile = 9",
        "DELETE FROM stubs",
        "DELETE FROM expiries",
        "UPDATE expiries SET minimum = 9999",
    ]
    if isinstance(database, PostgresDatabase):
        statements += ["TRUNCATE stubs", "TRUNCATE expiries", "TRUNCATE entries_p10"]
    for statement in statements:
        with pytest.raises(Exception, match="append-only"):
            _as_owner(database, aged, statement)


def _as_owner(database: Database, url: str, statement: str) -> None:
    """Run a statement with the guards on."""
    if isinstance(database, PostgresDatabase):
        with psycopg.connect(url) as connection:
            connection.execute(statement)  # type: ignore[call-overload]
        return
    import sqlite3

    raw = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        raw.execute(statement)
    finally:
        raw.close()


def test_partitions_are_dropped_whole_and_the_others_keep_their_guards(
    databases: dict[str, Database], policy: LoadedRetention
) -> None:
    database = databases["postgresql"]
    assert isinstance(database, PostgresDatabase)
    url = database.new()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE service SET partition_size = 64")
    with open_ledger(url, clock=Ticks(JANUARY)) as ledger:
        ledger.append_many([event(n) for n in range(300)])
    with open_ledger(url, clock=Ticks(AUGUST)) as ledger:
        ledger.append(event(300))
        ledger.checkpoint(LOG)
    assert expire(url, policy).expired == 256
    query = (
        "SELECT c.relname, array_agg(DISTINCT tgname::text ORDER BY tgname::text) FROM pg_inherits "
        "JOIN pg_class c ON c.oid = inhrelid LEFT JOIN pg_trigger t ON tgrelid = c.oid "
        "WHERE inhparent = 'entries'::regclass GROUP BY 1"
    )
    with psycopg.connect(url) as connection:
        found = connection.execute(query).fetchall()
    assert found == [("entries_p4", ["keep_rows", "keep_truncate"])]


def test_partitions_of_another_ledger_in_the_search_path_stay(
    databases: dict[str, Database], policy: LoadedRetention
) -> None:
    database = databases["postgresql"]
    assert isinstance(database, PostgresDatabase)
    other, url = database.new(), database.new()
    both = url + "%2C" + other.rsplit("%3D", maxsplit=1)[-1]
    for one in (other, url):
        _narrow(one)
        clock = Ticks(JANUARY)
        with open_ledger(one, clock=clock) as ledger:
            ledger.append_many([event(n) for n in range(600)])
            clock.now = AUGUST
            ledger.append(event(600))
            ledger.checkpoint(LOG)
    assert expire(both, policy, below=256).expired == 256
    assert expire(both, policy).expired == 256
    with opened(other) as ledger:
        assert ledger.verify(vkeys=(LOG.vkey,)).expired is None
        assert len(list(ledger.leaves())) == 601
    with opened(url) as ledger:
        assert ledger.verify(vkeys=(LOG.vkey,)).size == 603


def test_a_checkpoint_whose_last_entry_expired_is_not_fresh(
    aged: str, policy: LoadedRetention
) -> None:
    expire(aged, policy)
    with opened(aged) as ledger:
        ledger.check_fresh(700, max_age_ns=7 * DAY)
        for size in (512, 300):
            with pytest.raises(CheckpointStale):
                ledger.check_fresh(size, max_age_ns=7 * DAY)


def test_only_the_owner_of_the_tables_lets_entries_expire(
    databases: dict[str, Database], policy: LoadedRetention
) -> None:
    from audit.ledger.store._postgres import PostgresStore
    from audit.ledger.store._roles import grant

    database = databases["postgresql"]
    assert isinstance(database, PostgresDatabase)
    url = database.new()
    database.server.execute("CREATE ROLE keeper LOGIN")
    try:
        with open_ledger(url) as ledger:
            assert isinstance(ledger._store, PostgresStore)
            ledger.append(event(0))
            grant(ledger._store, "keeper", "sequencer")
        with open_ledger(url.replace("owner@", "keeper@")) as ledger:
            assert ledger.plan_expiry(policy).below == 0
            with pytest.raises(LedgerUnavailable, match="only the owner"):
                ledger.expirer(policy, LOG).run(below=None, progress=SILENT)
    finally:
        database.server.execute("DROP OWNED BY keeper; DROP ROLE keeper")


def test_an_expiry_that_is_interrupted_leaves_everything(
    aged: str, policy: LoadedRetention, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(self: Transaction, *_: object) -> None:
        raise RuntimeError("the power went")

    with opened(aged) as ledger:
        with monkeypatch.context() as patch:
            for kind in Transaction.__subclasses__():
                patch.setattr(kind, "drop_below", stopped)
            with pytest.raises(RuntimeError, match="the power went"):
                ledger.expirer(policy, LOG).run(below=None, progress=SILENT)
        assert (ledger.size(), ledger.minimum(), len(list(ledger.leaves()))) == (700, 0, 700)
        ledger.verify(vkeys=(LOG.vkey,))
    assert expire(aged, policy).expired == 512


def test_tiles_lose_the_bundles_and_keep_every_proof(
    aged: str, policy: LoadedRetention, tmp_path: Path
) -> None:
    store = TileFolder(tmp_path / "tiles")
    with opened(aged) as ledger:
        leaves = list(ledger.leaves())
        before, _ = export_tiles(ledger, store)
        expire(aged, policy)
        after, _ = export_tiles(ledger, store)
        fresh = TileFolder(tmp_path / "fresh")
        export_tiles(ledger, fresh)
    for one in (store, fresh):
        checkpoint, tree = read_tiled(one, vkeys=(LOG.vkey,))
        assert checkpoint == after
        for number in (0, 255, 256, 511, 512, 699):
            proof = TlogProof(number, tuple(tree.inclusion(number)), checkpoint.note.encode())
            proof.check(leaves[number])  # whoever kept the leaf can still have it proved
        verify_consistency(
            old_size=before.size,
            size=after.size,
            old_root=bytes.fromhex(before.root),
            root=bytes.fromhex(after.root),
            path=tree.consistency(before.size),
        )
        assert tree.leaf(512) == leaves[512]
        with pytest.raises(EvidenceError, match="is missing"):
            tree.leaf(511)
    names = {path.relative_to(tmp_path / "tiles/tile/entries") for path in
             (tmp_path / "tiles/tile/entries").rglob("*") if path.is_file()}  # fmt: skip
    assert {str(name).split(".")[0] for name in names} == {"002"}
    assert (tmp_path / "fresh/minimum-index").read_bytes() == (
        tmp_path / "tiles/minimum-index"
    ).read_bytes()


def test_only_bundles_that_expired_since_are_removed_and_those_below_stay_gone(
    aged: str, policy: LoadedRetention, tmp_path: Path
) -> None:
    removed: list[str] = []

    class Watched(TileFolder):
        @override
        def remove(self, name: str) -> None:
            removed.append(name)
            super().remove(name)

    store = Watched(tmp_path / "tiles")
    for below in (None, 256, 512):
        if below is not None:
            expire(aged, policy, below=below)
        with opened(aged) as ledger:
            export_tiles(ledger, store)
    assert removed == [f"tile/entries/{name}" for name in ("000", "000.p", "001", "001.p")]
    _, tree = read_tiled(store, vkeys=(LOG.vkey,))
    for number in (0, 511):
        with pytest.raises(EvidenceError, match="is missing"):
            tree.leaf(number)


def test_a_pack_of_a_period_that_is_kept_verifies_and_one_that_expired_is_no_empty_pack(
    aged: str, policy: LoadedRetention
) -> None:
    expire(aged, policy)
    trust = f"log {LOG.vkey}\nquorum none\n".encode()
    with opened(aged) as ledger:
        kept_period = Question(from_ns=AUGUST, whole=True)
        pack = export_pack(ledger, PackRequest(kept_period, trust))
        assert pack.manifest.selected == 101
        for reaches in (Question(), Question(from_ns=JANUARY), Question(from_ns=JANUARY - DAY)):
            with pytest.raises(EntryExpired, match="entries below 512 expired"):
                export_pack(ledger, PackRequest(reaches, trust))


def test_tiles_of_a_checkpoint_whose_entries_all_expired_are_refused(
    aged: str, policy: LoadedRetention, tmp_path: Path
) -> None:
    expire(aged, policy)
    with opened(aged) as ledger:
        early = min(ledger.checkpoints(), key=lambda one: one.size)
        assert early.size < 512
        with pytest.raises(EntryExpired, match="all under the checkpoint as well"):
            export_tiles(ledger, TileFolder(tmp_path), checkpoint=early)


def test_what_nobody_outside_saw_is_still_said_when_its_first_entries_expired(
    aged: str, policy: LoadedRetention
) -> None:
    expire(aged, policy)
    with opened(aged) as ledger:
        first = next(ledger.entries())
        found = ledger.verify(vkeys=(LOG.vkey,))
    assert (found.anchored, found.unanchored_since_ns) == (0, first.ts_ns)


def test_a_promise_from_before_the_minimum_is_not_called_broken(
    aged: str, policy: LoadedRetention
) -> None:
    with opened(aged, JANUARY - 10 * DAY) as ledger:
        from audit.ledger._leaf import encode_event
        from audit.ledger._promise import make_promise

        promise = make_promise(
            encode_event(event(77)), key="never", due_ns=JANUARY - DAY, signer=LOG
        )
    expire(aged, policy)
    with opened(aged) as ledger, pytest.raises(EntryExpired, match="below 512 expired"):
        ledger.find_promised(promise)


def test_a_key_that_remembers_an_older_tree_signs_after_an_expiry(
    aged: str, policy: LoadedRetention, tmp_path: Path
) -> None:
    memory = LastSigned(tmp_path / "last")
    with opened(aged) as ledger:
        ledger.checkpoint(LOG, last_signed=memory)
    expire(aged, policy)
    with opened(aged) as ledger:
        ledger.append(event(1))
        assert ledger.checkpoint(LOG, last_signed=memory).size == 702


def test_a_release_whose_packaging_expired_is_denied(url: str, policy: LoadedRetention) -> None:
    gate = load_policy(GATE.format(vkey=LOG.vkey).encode(), source="gate")
    clock = Ticks(JANUARY)
    with open_ledger(url, create=True, clock=clock) as ledger:
        _narrow(url)
        packaged = Event(type="release.packaged", subject=SUBJECT, model_id="acme/a")
        ledger.append_many([packaged, *(event(n) for n in range(1, 450) if n % 3)])
        clock.now = AUGUST
        ledger.append_many([event(1) for _ in range(100)])
        ledger.checkpoint(LOG)

        def outcomes() -> list[str]:
            evidence = check_record(ledger, SUBJECT, policy=gate, progress=SILENT).evidence
            release = Release(model_id="acme/a", version="1", artifact=SUBJECT)
            return [one.message for one in RULES["broken-ledger"].check(release, [evidence], None)]

        assert outcomes() == []
        assert ledger.expirer(policy, LOG).run(below=None, progress=SILENT).expired
        ledger.checkpoint(LOG)
        assert outcomes() == [f"the ledger has no entry that packaged {SUBJECT}"]


GATE = """\
apiVersion: audit.policy/v1
kind: Policy
metadata: {{id: gate, version: "1"}}
spec:
  keys: [{{id: k, pem: PEM}}]
  ledger: {{vkeys: ["{vkey}"]}}
"""


def _narrow(url: str) -> None:
    """Give a PostgreSQL ledger partitions of 64 entries; a SQLite one has 256 as it is."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE service SET partition_size = 64")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("keep_months: 6", "keep_months: 5"), "greater than or equal to 6"),
        (("keep_months: 6", "keep_months: 0"), "greater than or equal to 6"),
        (("keep_months: 6", "keep_months: 6.5"), "integer"),
        (("keep_months: 6", "keep_days: 180"), "p:4"),
        (("keep_months: 6", "keep_months: 6, keep_months: 7"), "p:4"),
        (("kind: RetentionPolicy", "kind: Policy"), "p:2"),
        (("audit.retention/v1", "audit.retention/v2"), "p:1"),
        (('version: "2"', "versions: x"), "p:3"),
    ],
)
def test_a_policy_that_keeps_too_little_or_is_none_is_refused_with_its_line(
    change: tuple[str, str], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        load_retention(POLICY.replace(*change).encode(), source="p")


def test_no_byte_of_the_note_can_be_changed(aged: str, policy: LoadedRetention) -> None:
    note = (expire(aged, policy).note or "").encode()
    for at in range(0, len(note), 3):
        with pytest.raises(VerificationError):
            read_minimum(note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :], vkeys=(LOG.vkey,))
    with pytest.raises(VerificationError):
        read_checkpoint(note, vkeys=(LOG.vkey,))


def key_file(path: Path) -> Path:
    """Write LOG's key as `audit ledger key generate` writes keys."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key: Ed25519PrivateKey = LOG._key
    name, key_id, _ = LOG.vkey.split("+", 2)
    secret = base64.b64encode(b"\x01" + key.private_bytes_raw()).decode()
    path.write_text(f"PRIVATE+KEY+{name}+{key_id}+{secret}\n")
    return path


def test_the_commands_show_expire_verify_list_and_prove(
    aged: str, tmp_path: Path, run: Commandline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    key_file(tmp_path / "log.key")
    Path("retention.yaml").write_text(POLICY)
    at = f"--ledger {aged}"
    assert run(f"audit ledger tiles {at} --tiles tiles").code == 0
    shown = run(f"audit ledger retention show {at} --policy retention.yaml")
    assert shown.code == 0, shown
    assert RetentionPlan.read(shown.out.encode(), source="-").below == 512
    assert "entries 0 to 511 can expire" in shown.err
    apply = f"audit ledger retention apply {at} --policy retention.yaml --key log.key"
    assert run(f"{apply} --below 768").code == 2
    done = run(apply)
    assert done.code == 0, done
    assert ExpiryReceipt.read(done.out.encode(), source="-").expired == 512
    assert "512 entries expired, recorded as ledger entry 700" in done.err
    assert "nothing expired" in run(apply).err
    verified = run(f"audit ledger verify {at} --vkey {LOG.vkey}")
    assert verified.code == 0, verified
    assert "entries below 512 expired under policy network-logs 2, as entry 700" in verified.out
    as_json = json.loads(run(f"audit ledger verify {at} --format json").out)
    assert as_json["expired"]["below"] == 512
    listed = run(f"audit ledger list {at}")
    assert "entries below 512 expired" in listed.err
    assert json.loads(listed.out.split("\n")[0])["seq"] == "512"
    assert "expired" not in run(f"audit ledger list {at} --start 600").err
    assert run(f"audit ledger tiles {at} --tiles tiles").code == 0
    _proofs(run)


def _proofs(run: Callable[[str], object]) -> None:
    def ended(line: str) -> tuple[int, str]:
        got = run(line)
        return got.code, got.err  # type: ignore[attr-defined]

    code, err = ended("audit ledger prove 5 --tiles tiles --leaf leaf -o 5.tlog-proof")
    assert code == 3
    assert "error[entry-expired]: entry 5 expired, as all below 512" in err
    code, err = ended("audit ledger prove 5 --tiles tiles -o 5.tlog-proof")
    assert code == 0
    assert "entry 5 expired" in err
    assert ended("audit ledger prove 600 --tiles tiles --leaf leaf -o 600.tlog-proof")[0] == 0
    Path("policy").write_text(f"log {LOG.vkey}\nquorum none\n")
    assert ended("audit ledger verify-proof 600.tlog-proof leaf --log-policy policy")[0] == 0
