"""fsck goes on after the first thing that is wrong, says what was done, and where."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import ChainBroken
from audit.documents import Damage, LedgerCheck, leaf_hash
from audit.ledger import (
    Brought,
    LastSigned,
    LoadedRetention,
    Outside,
    TileFolder,
    anchor_checkpoint,
    check_ledger,
    export_tiles,
    open_ledger,
    parse_policy,
)
from audit.ledger._merkle import Frontier
from audit.ledger.fsck import _together
from audit.ledger.fsck._range import read_range
from audit.ledger.fsck._run import Run, extended
from tests.fakes.anchors import Anchors
from tests.fakes.databases import MADE_SIZE as SIZE
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG, Ticks, event
from tests.fakes.notes import SeededSigner
from tests.unit.ledger.test_retention import aged, expire, policy

__all__ = ["aged", "policy"]  # fixtures

KEYS = Brought(vkeys=(LOG.vkey,))
Found = Callable[..., list[tuple[str, int | None, int | None]]]


def places(found: LedgerCheck) -> list[tuple[str, int | None, int | None]]:
    return [(one.kind.value, one.seq, one.until) for one in found.damage]


@pytest.fixture
def ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the small ledgers of these tests in ranges of 8."""
    monkeypatch.setattr(_together, "_SMALLEST", 8)
    monkeypatch.setattr(_together, "WIDTH", 8)
    monkeypatch.setattr(_together, "_PER_PROCESS", 100)


@pytest.fixture
def after(database: Database, monkeypatch: pytest.MonkeyPatch) -> Found:
    """Apply statements to the made ledger and return what fsck finds, in one range and several."""

    def check(
        *statements: str, brought: Brought = KEYS
    ) -> list[tuple[str, int | None, int | None]]:
        url = database.made()
        with database.editor(url) as edit:
            for statement in statements:
                edit(statement)
        whole = check_ledger(url, brought)
        with monkeypatch.context() as patch:
            for name, value in (("_SMALLEST", 8), ("WIDTH", 8), ("_PER_PROCESS", 100)):
                patch.setattr(_together, name, value)
            assert check_ledger(url, brought) == whole
        return places(whole)

    return check


def test_an_intact_ledger_has_no_damage_and_the_root_that_verify_computes(
    made: str, ranges: None
) -> None:
    found = check_ledger(made, KEYS)
    with open_ledger(made) as ledger:
        assert found.root == ledger.verify().root
    assert (places(found), found.size, found.checkpoints) == ([], SIZE, 3)


def test_ranges_in_processes_of_their_own_find_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_together, "_SMALLEST", 8)
    monkeypatch.setattr(_together, "WIDTH", 8)
    url = database.made()
    assert places(check_ledger(url, KEYS, processes=2)) == []
    with database.editor(url) as edit:
        edit("UPDATE entries SET type = 'x.y' WHERE seq IN (3, 9, 15)")
    one, two = (check_ledger(url, KEYS, processes=count) for count in (1, 2))
    assert one == two
    assert [seq for _, seq, _ in places(two)] == [3, 9, 15]


def test_verify_in_ranges_finds_what_verify_finds(
    database: Database, ranges: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_together, "_together", lambda asked, _: [*map(read_range, asked)])
    anchors, url = Anchors(1_790_000_060), database.made()
    with open_ledger(url, clock=Ticks(1_790_000_061 * 10**9)) as ledger:
        anchor_checkpoint(ledger, anchors.makers)
        outside = Outside(verifier=anchors.trust, within_ns=10**18, now_ns=1_790_000_100 * 10**9)
        given: dict[str, Any] = {"vkeys": (LOG.vkey,), "anchors": outside}
        assert ledger.verify(**given, processes=2) == ledger.verify(**given)
    for edit in (
        "UPDATE entries SET type = 'x.y' WHERE seq = 9",
        "DELETE FROM entries WHERE seq = 8",
        "DELETE FROM entries WHERE seq > 15",
        "UPDATE head SET last_ns = last_ns + 1",
        "DELETE FROM checkpoints WHERE number = 1",
    ):
        spoiled = database.made()
        with database.editor(spoiled) as run:
            run(edit)
        said = []
        for processes in (1, 2):
            with open_ledger(spoiled) as ledger, pytest.raises(ChainBroken) as caught:
                ledger.verify(processes=processes)
            said.append((caught.value.seq, str(caught.value)))
        assert said[0] == said[1], edit


def test_verify_in_ranges_reads_what_is_left_of_expired_entries(
    aged: str, policy: LoadedRetention, ranges: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_together, "_together", lambda asked, _: [*map(read_range, asked)])
    expire(aged, policy)
    with open_ledger(aged) as ledger:
        assert ledger.verify(processes=2) == ledger.verify()


def test_every_edited_column_of_every_entry_is_found_alone(
    after: Found, database: Database
) -> None:
    other = database.literal(bytes(32))
    edits = ("type = 'x.y'", "subject = 'x'", "ts_ns = ts_ns + 1", f"leaf_hash = {other}")
    for seq, edit in zip((0, 7, 8, 19), edits, strict=True):  # test_tamper.py edits every cell
        found = after(f"UPDATE entries SET {edit} WHERE seq = {seq}")
        assert found == [("edited-entry", seq, seq)], edit


def leaves(database: Database, url: str) -> list[bytes]:
    with database.editor(url) as edit:
        return [bytes(row[0]) for row in edit("SELECT leaf FROM entries ORDER BY seq")]


@pytest.mark.parametrize("seq", [0, 7, 8, 19])
def test_an_entry_edited_with_its_hash_is_found_alone_and_the_roots_of_the_others_hold(
    after: Found, database: Database, made: str, seq: int
) -> None:
    leaf = leaves(database, made)[seq]
    for new in (leaf.replace(b'"n":', b'"m":'),):
        values = f"leaf = {database.literal(new)}, leaf_hash = {database.literal(leaf_hash(new))}"
        found = after(f"UPDATE entries SET {values} WHERE seq = {seq}")
        assert found == [("edited-entry", seq, seq)]


def test_several_edits_are_all_found(after: Found) -> None:
    edits = [f"UPDATE entries SET type = 'x.y' WHERE seq = {seq}" for seq in (0, 4, 5, 19)]
    wanted = [("edited-entry", seq, seq) for seq in (0, 4, 5, 19)]
    assert after(*edits) == wanted


def test_a_missing_entry_is_found_and_what_follows_still_holds(after: Found) -> None:
    for seq in (0, 7, 8, 18):
        assert after(f"DELETE FROM entries WHERE seq = {seq}") == [("missing-entry", seq, seq)]


def test_missing_entries_are_found_together(after: Found) -> None:
    assert after("DELETE FROM entries WHERE seq BETWEEN 3 AND 9") == [("missing-entry", 3, 9)]
    url = after("DELETE FROM entries WHERE seq IN (2, 4)")
    assert url == [("missing-entry", 2, 2), ("missing-entry", 4, 4)]


def test_a_cut_tail_is_told_from_missing_entries(after: Found) -> None:
    for seq in (1, 8, 14, 19):
        found = after(f"DELETE FROM entries WHERE seq >= {seq}")
        assert found[0] == ("truncated-tail", seq, 19)
        assert {kind for kind, _, _ in found} == {"truncated-tail"}


def swapped(one: int, other: int) -> Iterator[str]:
    for new, old in ((1000, one), (one, other), (other, 1000)):
        yield f"UPDATE entries SET seq = {new} WHERE seq = {old}"


def test_swapped_entries_are_told_from_edited_ones(after: Found) -> None:
    for one, other in ((0, 1), (0, 19), (7, 8), (18, 19), (1, 8)):
        found = after(*swapped(one, other))
        assert ("swapped-entries", one, other) in found, (one, other)
        assert {kind for kind, _, _ in found} <= {"swapped-entries"}, (one, other)


def test_a_doubled_entry_is_told_from_one_that_nobody_accounts_for(
    after: Found, database: Database
) -> None:
    rest = "ts_ns, type, subject, leaf, leaf_hash"
    for seq, at in ((0, 20), (19, 20), (7, 1 << 24)):
        copied = f"INSERT INTO entries SELECT {at}, {rest} FROM entries WHERE seq = {seq}"
        assert after(copied) == [("duplicated-entry", at, at)]
    over = f"INSERT INTO entries SELECT 5, {rest} FROM entries WHERE seq = 3"
    found = after("DELETE FROM entries WHERE seq = 5", over)
    assert ("duplicated-entry", 5, 5) in found
    leaf = database.literal(b"{}")
    more = f"INSERT INTO entries SELECT 20, ts_ns, type, subject, {leaf}, leaf_hash FROM entries WHERE seq = 1"
    assert after(more) == [("unaccounted-entry", 20, 20)]


def test_an_edited_head_is_told_from_edited_entries(after: Found, database: Database) -> None:
    zero = database.literal(bytes(32))
    for edit in (f"root = {zero}", f"last_hash = {zero}", "last_ns = last_ns + 1"):
        assert [kind for kind, _, _ in after(f"UPDATE head SET {edit}")] == ["head"], edit
    assert "head" in [kind for kind, _, _ in after("DELETE FROM head")]


def test_edited_checkpoints_are_told_from_edited_entries(after: Found, database: Database) -> None:
    for edit in ("size = size + 1", f"note = {database.literal(b'x')}", "vkey = 'x'"):
        found = after(f"UPDATE checkpoints SET {edit} WHERE number = 1")
        assert {kind for kind, _, _ in found} == {"checkpoint"}, edit
    assert after("DELETE FROM checkpoints WHERE number = 2") == [("checkpoint", None, None)]


def write(url: str, numbers: Sequence[int], *, checkpoints: Sequence[int] = ()) -> str:
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        for at, number in enumerate(numbers, 1):
            ledger.append(event(number))
            if at in checkpoints:
                ledger.checkpoint(LOG)
    return url


def checkpoints(url: str) -> list[Any]:
    with open_ledger(url) as ledger:
        return ledger.checkpoints()


def test_a_rewritten_history_a_fork_and_a_rollback_are_told_apart(
    database: Database, made: str, ranges: None
) -> None:
    kept = Brought(vkeys=(LOG.vkey,), checkpoints=checkpoints(made))
    other = [*range(10), *range(110, 120)]
    rewritten = write(database.new(), other)
    assert places(check_ledger(rewritten, kept)) == [
        ("rewritten-history", 7, 12),
        ("rewritten-history", 7, 18),
    ]
    fork = write(database.new(), other, checkpoints=(20,))
    assert {kind for kind, _, _ in places(check_ledger(fork, kept))} == {"fork"}
    rolled = write(database.new(), range(15), checkpoints=(7, 13))
    assert places(check_ledger(rolled, kept)) == [("rolled-back", 15, 18)]


def test_a_history_rewritten_under_its_own_checkpoints_is_found_between_them(
    database: Database, made: str, ranges: None
) -> None:
    from tests.unit.ledger.test_rewrite import copy_checkpoints, rewrite

    url = rewrite(database.new(), first=9, size=20)
    copy_checkpoints(database, made, url)
    assert places(check_ledger(url, KEYS)) == [
        ("rewritten-history", 7, 12),
        ("rewritten-history", 7, 18),
    ]


def test_a_ledger_restored_from_a_backup_is_behind_the_memory_of_its_key(
    database: Database, tmp_path: Path, ranges: None
) -> None:
    memory = LastSigned(tmp_path / "log.key.last")
    url = database.new()
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(9)])
        ledger.checkpoint(LOG, last_signed=memory)
    brought = Brought(last_signed=memory.read())
    assert places(check_ledger(url, brought)) == []
    back = write(database.new(), range(5), checkpoints=(5,))
    assert places(check_ledger(back, brought)) == [("rolled-back", 5, 8)]
    on = write(database.new(), [*range(5), *range(50, 60)])
    assert places(check_ledger(on, brought)) == [("rewritten-history", 0, 8)]


def test_a_stale_checkpoint_and_a_missing_quorum_are_told_apart(made: str) -> None:
    from audit.ledger import ALGORITHMS, Cosigner
    from audit.ledger._note import parse_note

    cosigner = Cosigner.from_seed("w.example/1", ALGORITHMS["ed25519"], bytes(32))
    lines = f"log {LOG.vkey}\nwitness w {cosigner.vkey}\nquorum w\n"
    outside = Outside(policy=parse_policy(lines.encode(), source="p"))
    now = 1_790_000_000
    brought = Brought(anchors=outside, clock=lambda: now * 10**9, max_age_ns=3600 * 10**9)
    assert places(check_ledger(made, brought)) == [("quorum", None, None)]
    with open_ledger(made) as ledger:
        last = ledger.checkpoints()[-1]
        line = cosigner.cosign(parse_note(last.note.encode()).text, at=now - 7200)
        ledger.attach(last, "cosignature", f"{line}\n".encode())
    assert places(check_ledger(made, brought)) == [("stale-checkpoint", None, None)]
    fresh = Brought(anchors=outside, clock=lambda: (now - 7000) * 10**9, max_age_ns=3600 * 10**9)
    assert places(check_ledger(made, fresh)) == []


def test_anchors_are_verified_and_those_that_were_taken_away_are_missed(
    database: Database, ranges: None
) -> None:
    anchors, url = Anchors(1_790_000_060), database.made()
    with open_ledger(url, clock=Ticks(1_790_000_061 * 10**9)) as ledger:
        anchor_checkpoint(ledger, anchors.makers)
        first = ledger.checkpoints()[0]
    brought = Brought(anchors=Outside(verifier=anchors.trust))
    found = check_ledger(url, brought)
    assert (places(found), [one.kind for one in found.outside]) == ([], ["log", "timestamp"])
    with open_ledger(url) as ledger:
        ledger.attach(first, "anchor.timestamp", anchors.timestamp(b"other"))
    assert places(check_ledger(url, brought)) == [("anchor", None, None)]
    with database.editor(url) as edit:
        edit("DELETE FROM attachments WHERE number > 1")
    assert places(check_ledger(url, brought)) == [("anchor", 21, 21)]


def test_attachments_of_nothing_and_names_that_lead_nowhere_are_found(
    database: Database, after: Found
) -> None:
    insert = "INSERT INTO attachments (checkpoint, kind, data) VALUES"
    assert after(f"{insert} (9, 'cosignature', {database.literal(b'x')})") == [
        ("attachment", None, None)
    ]
    assert after(f"{insert} (1, 'cosignature', {database.literal(b'x')})") == [
        ("attachment", None, None)
    ]
    assert after("INSERT INTO keys (key, seq) VALUES ('k', 99)") == [("key", None, None)]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A ledger of 70,000 entries would be slow; 600 have two full tiles and a part."""
    folder = tmp_path_factory.mktemp("published")
    url = write(f"sqlite:///{folder}/a.db", range(0))
    with open_ledger(url, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(600)])
        ledger.checkpoint(LOG)
        export_tiles(ledger, TileFolder(folder / "tiles"))
    return url, folder / "tiles"


def test_every_tile_is_compared_with_the_entries(published: tuple[str, Path]) -> None:
    url, folder = published
    brought = Brought(tiles=str(folder))
    found = check_ledger(url, brought)
    assert (places(found), found.tiles) == ([], 600)
    names = {
        "tile/0/000": (0, 255),
        "tile/0/002.p/88": (512, 599),
        "tile/1/000.p/2": (0, 511),
        "tile/entries/001": (256, 511),
        "tile/entries/002.p/88": (512, 599),
    }
    for name, (first, last) in names.items():
        path = folder / name
        good = path.read_bytes()
        for bad in (bytes([good[0] ^ 1]) + good[1:], good[:-1], None):
            path.unlink()
            if bad is not None:
                path.write_bytes(bad)
            assert ("tile", first, last) in places(check_ledger(url, brought)), name
            path.write_bytes(good)
    note = folder / "checkpoint"
    good = note.read_bytes()
    note.unlink()
    assert places(check_ledger(url, brought)) == [("tile", None, None)]
    note.write_bytes(good)


def test_tiles_that_are_ahead_show_a_rollback(published: tuple[str, Path], tmp_path: Path) -> None:
    _, folder = published
    back = write(f"sqlite:///{tmp_path}/b.db", range(500), checkpoints=(500,))
    found = places(check_ledger(back, Brought(tiles=str(folder))))
    assert ("rolled-back", 500, 599) in found


def test_altered_tables_are_found(database: Database) -> None:
    statement = {
        "sqlite": "DROP TRIGGER entries_keep_update",
        "postgresql": "DROP TRIGGER keep_rows ON entries",
    }[database.name]
    url = database.made()
    with open_ledger(url) as ledger, ledger._store.writing() as writing:
        writing.run(statement)  # type: ignore[attr-defined]
    assert places(check_ledger(url, KEYS)) == [(Damage.TABLES.value, None, None)]


def test_what_is_left_of_expired_entries_is_checked(
    database: Database, aged: str, policy: LoadedRetention, ranges: None
) -> None:
    expire(aged, policy)
    with open_ledger(aged) as ledger:
        wanted = ledger.verify(vkeys=(LOG.vkey,))
    assert wanted.expired is not None
    found = check_ledger(aged, KEYS)
    assert (places(found), found.root) == ([], wanted.root)
    below = wanted.expired.below
    with database.editor(aged) as edit:
        edit(f"UPDATE entries SET type = 'x.y' WHERE seq = {below + 9}")
    assert places(check_ledger(aged, KEYS)) == [("edited-entry", below + 9, below + 9)]
    other = Brought(vkeys=(SeededSigner(LOG.name, "other").vkey,))
    assert ("expiry", None, None) in places(check_ledger(aged, other))
    with database.editor(aged) as edit:
        (row,) = edit("SELECT hashes FROM stubs WHERE tile = 1")
        hashes = bytes([row[0][0] ^ 1]) + bytes(row[0])[1:]
        edit(f"UPDATE stubs SET hashes = {database.literal(hashes)} WHERE tile = 1")
    found = check_ledger(aged, KEYS)
    assert ("expiry", None, None) in places(found)
    with database.editor(aged) as edit:
        edit("DELETE FROM stubs WHERE tile = 1")
    found = check_ledger(aged, KEYS)
    assert {kind for kind, _, _ in places(found)} == {"expiry", "edited-entry"}
    assert found.root is None


@pytest.mark.parametrize("cuts", [[0, 3], [1, 2, 7], [5], [8, 16], [9, 10, 11, 12]])
def test_runs_side_by_side_make_the_tree_over_all(cuts: list[int]) -> None:
    hashes = [leaf_hash(bytes([number])) for number in range(23)]
    whole, joined = Frontier(), Frontier()
    for one in hashes:
        whole.add(one)
    for start, end in zip([0, *cuts], [*cuts, 23], strict=True):
        run = Run(start)
        for one in hashes[start:end]:
            run.add(one)
        joined = extended(joined, run.nodes())
    assert (joined.size, joined.pack()) == (whole.size, whole.pack())
    with pytest.raises(ValueError, match="no full subtree"):
        Frontier(1, hashes[:1]).add_subtree(1, hashes[1])
