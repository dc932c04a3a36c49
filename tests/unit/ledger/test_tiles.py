"""Tiles: a published log is read, and ours has the names, bytes and proofs that C2SP says."""

import base64
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.errors import AuditError, ChainBroken, EvidenceError, VerificationError
from audit.documents import Checkpoint, leaf_hash
from audit.ledger import open_ledger
from audit.ledger._checkpoint import sign_checkpoint
from audit.ledger._merkle import tree_root, verify_consistency, verify_inclusion
from audit.ledger._note import parse_note
from audit.ledger._proof import TlogProof
from audit.ledger._treehead import TreeHead, parse_tree_head
from audit.ledger.tiles import TiledTree, TileFolder, export_tiles, read_tiled
from audit.ledger.tiles._layout import Tile, tile_at, tiles_of, unpack_bundle
from audit.ledger.tiles._write import Source, start_of, write_tiles
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG, Ticks, event

PUBLISHED = Path(__file__).parents[2] / "vectors" / "ledger" / "tessera-log"


class TileMemory:
    """Tiles in a dict."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def write(self, name: str, data: bytes) -> None:
        self.files[name] = data

    publish = write


def leaves(size: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(size)]


def checkpoint(size: int) -> Checkpoint:
    root = tree_root(map(leaf_hash, leaves(size)))
    return sign_checkpoint(TreeHead(LOG.name, size, root), LOG)


def grown(*sizes: int) -> TileMemory:
    """Return the tiles after exports at these sizes."""
    store = TileMemory()
    for size in sizes:
        start = start_of(store, checkpoint(size))
        write_tiles(store, checkpoint(size), Source(start, leaves(size)[start:]))
    return store


@pytest.mark.parametrize("path", sorted(PUBLISHED.glob("checkpoint*")), ids=lambda path: path.name)
def test_every_root_of_a_published_log_is_recomputed_from_its_tiles(path: Path) -> None:
    head = parse_tree_head(parse_note(path.read_bytes()).text)
    tree = TiledTree(TileFolder(PUBLISHED), head.size)
    assert tree.root() == head.root
    for index in range(head.size):
        leaf = leaf_hash(tree.leaf(index))
        path_ = tree.inclusion(index)
        verify_inclusion(index=index, size=head.size, leaf=leaf, path=path_, root=head.root)


def test_a_published_log_has_seventeen_checkpoints() -> None:
    assert len(list(PUBLISHED.glob("checkpoint*"))) == 17


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0, 5), "tile/0/000.p/5"),
        (Tile(3, 999), "tile/3/999"),
        (Tile(3, 1000), "tile/3/x001/000"),
        (Tile(None, 12, 255), "tile/entries/012.p/255"),
    ],
)
def test_a_tile_has_the_name_that_c2sp_gives_it(tile: Tile, path: str) -> None:
    assert tile.path == path


def test_a_tree_of_70000_has_the_tiles_of_the_example_in_the_specification() -> None:
    tiles = [tile for tile in tiles_of(70_000) if tile.level is not None]
    full = [sum(t.level == level and t.width == 256 for t in tiles) for level in range(3)]
    partial = [[t.width for t in tiles if t.level == level and t.width < 256] for level in range(3)]
    assert (full, partial) == ([273, 1, 0], [[112], [17], [1]])
    assert [tile.path for tile in tiles_of(256)] == [
        "tile/entries/000",
        "tile/0/000",
        "tile/1/000.p/1",
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 1300), min_size=1, max_size=4).map(sorted))
def test_tiles_written_in_steps_are_those_written_at_once(sizes: list[int]) -> None:
    stepwise = grown(*sizes)
    once = grown(sizes[-1])
    for name, data in once.files.items():
        assert stepwise.files[name] == data
    assert {tile.path for tile in tiles_of(sizes[-1])} == set(once.files) - {"checkpoint"}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 1300), st.data())
def test_proofs_from_tiles_verify_against_the_root(size: int, data: st.DataObject) -> None:
    tree = TiledTree(grown(size), size)
    root = tree.root()
    assert root == tree_root(map(leaf_hash, leaves(size)))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    leaf = leaf_hash(tree.leaf(index))
    verify_inclusion(index=index, size=size, leaf=leaf, path=tree.inclusion(index), root=root)
    verify_consistency(
        old_size=old,
        size=size,
        old_root=tree_root(map(leaf_hash, leaves(old))),
        root=root,
        path=tree.consistency(old),
    )


def test_a_tree_grown_beyond_its_partial_tiles_still_proves_the_smaller_tree() -> None:
    store = grown(300, 600)
    for name in [name for name in store.files if ".p/" in name and name.endswith("/44")]:
        del store.files[name]
    small = TiledTree(store, 300)
    assert small.root() == tree_root(map(leaf_hash, leaves(300)))
    assert small.leaf(299) == b"leaf 299"


def read_all(store: TileMemory, first: int, end: int) -> None:
    _, tree = read_tiled(store, vkeys=(LOG.vkey,))
    for index in range(first, end):
        tree.leaf(index)


def test_any_changed_byte_of_any_tile_is_noticed_when_it_is_read() -> None:
    store = grown(520)
    for tile in tiles_of(520):
        good = store.files[tile.path]
        first = tile.index * 256 if tile.level in (None, 0) else 0
        for at in (0, len(good) // 2, len(good) - 1):
            store.files[tile.path] = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
            with pytest.raises(VerificationError):
                read_all(store, first, min(first + 256, 520))
        store.files[tile.path] = good


def test_a_missing_tile_leaves_the_question_open() -> None:
    store = grown(520)
    del store.files["tile/0/001"]
    _, tree = read_tiled(store, vkeys=(LOG.vkey,))
    assert tree.inclusion(0)
    with pytest.raises(EvidenceError, match="tile/0/001 is missing"):
        tree.inclusion(300)
    with pytest.raises(EvidenceError, match="no checkpoint"):
        read_tiled(TileMemory(), vkeys=None)


def test_nothing_is_published_when_the_leaves_are_not_what_was_signed() -> None:
    store = grown(300)
    other = [*leaves(300), *(b"other %d" % number for number in range(300))]
    with pytest.raises(ChainBroken, match="checkpoint over 600 signed"):
        write_tiles(store, checkpoint(600), Source(256, other[256:]))
    assert read_tiled(store, vkeys=(LOG.vkey,))[0].size == 300
    with pytest.raises(ChainBroken, match="a checkpoint over 300 was published"):
        start_of(store, checkpoint(299))


def test_a_ledger_is_exported_to_a_folder_in_steps(url: str, tmp_path: Path) -> None:
    folder = TileFolder(tmp_path / "log")
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        with pytest.raises(EvidenceError, match="no checkpoint to export"):
            export_tiles(ledger, folder)
        for size in (3, 300, 300):
            ledger.append_many([event(number) for number in range(size - ledger.size())])
            ledger.checkpoint(LOG)
            export_tiles(ledger, folder)
            published, tree = read_tiled(folder, vkeys=(LOG.vkey,))
            assert (published.size, tree.leaf(2)) == (size, next(ledger.leaves(start=2)))
    assert not list((tmp_path / "log").rglob("*.part"))
    bundle = (tmp_path / "log" / "tile" / "entries" / "000").read_bytes()
    assert len(unpack_bundle(bundle, 256)) == 256


def test_an_export_stops_when_the_ledger_was_rewritten(database: Database, tmp_path: Path) -> None:
    folder = TileFolder(tmp_path / "log")
    with open_ledger(database.new(), create=True, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(300)])
        ledger.checkpoint(LOG)
        export_tiles(ledger, folder)
    with open_ledger(database.new(), create=True, clock=Ticks()) as ledger:
        ledger.append_many([event(number + 1000) for number in range(600)])
        ledger.checkpoint(LOG)
        with pytest.raises(ChainBroken, match="checkpoint over 600 signed"):
            export_tiles(ledger, folder)
    assert read_tiled(folder, vkeys=(LOG.vkey,))[0].size == 300


@given(st.binary(max_size=60), st.integers(0, 4))
def test_a_bundle_is_read_or_refused(data: bytes, width: int) -> None:
    try:
        entries = unpack_bundle(data, width)
    except VerificationError:
        return
    assert b"".join(len(one).to_bytes(2, "big") + one for one in entries) == data


def proof_of(size: int, index: int) -> TlogProof:
    tree = TiledTree(grown(size), size)
    return TlogProof(index, tuple(tree.inclusion(index)), checkpoint(size).note.encode())


def test_a_proof_file_is_written_as_c2sp_says_and_read_back() -> None:
    proof = proof_of(5, 3)
    text = proof.write()
    assert text.startswith(b"c2sp.org/tlog-proof@v1\nindex 3\n")
    assert text.endswith(b"\n\n" + checkpoint(5).note.encode())
    again = TlogProof.read(text)
    assert again == proof
    again.check(b"leaf 3")
    with pytest.raises(VerificationError):
        again.check(b"leaf 4")
    extra = text.replace(b"\nindex", b"\nextra " + base64.b64encode(b"x") + b"\nindex")
    assert TlogProof.read(extra) == proof
    alone = TlogProof.read(proof_of(1, 0).write())
    alone.check(b"leaf 0")


def read_and_check(text: bytes) -> None:
    TlogProof.read(text).check(b"leaf 3")


@given(st.data())
def test_any_changed_byte_above_the_checkpoint_spoils_a_proof(data: st.DataObject) -> None:
    text = proof_of(5, 3).write()
    at, flip = data.draw(st.integers(0, text.index(b"\n\n"))), data.draw(st.integers(1, 255))
    with pytest.raises(AuditError):
        read_and_check(text[:at] + bytes([text[at] ^ flip]) + text[at + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\n\n",
        b"c2sp.org/tlog-proof@v2\nindex 0\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 00\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex -1\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex \xd9\xa3\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 0\n!!\n\nnote",
        b"c2sp.org/tlog-proof@v1\nextra AA==\n\nnote",
        b"c2sp.org/tlog-proof@v1\nextra !!\nindex 0\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + b"AA==\n" * 64 + b"\nnote",
        b"c2sp.org/tlog-proof@v1\nindex " + b"9" * 5000 + b"\n\nnote",
    ],
)
def test_what_is_no_proof_file_is_refused(text: bytes) -> None:
    with pytest.raises(VerificationError, match="not a tlog-proof"):
        TlogProof.read(text)


def test_a_folder_that_is_a_file_cannot_be_written(tmp_path: Path) -> None:
    shutil.copy(PUBLISHED / "checkpoint", tmp_path / "tile")
    with pytest.raises(EvidenceError, match="cannot write"):
        TileFolder(tmp_path).write(tile_at(0, 0, 1).path, b"x" * 32)
