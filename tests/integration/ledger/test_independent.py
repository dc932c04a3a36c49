"""Other people's programs agree: Go's sumdb packages, transparency-dev's witness formats, pymerkle."""

import base64
import itertools
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymerkle
import pytest

from audit.core.errors import SignatureMismatch, VerificationError
from audit.core.standalone import read_archive
from audit.documents import leaf_hash
from audit.ledger import Ledger, Question, TileFolder, export_tiles, open_ledger, verify_note
from audit.ledger._merkle import (
    consistency_path,
    inclusion_path,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from audit.ledger._proof import TlogProof
from audit.ledger._treehead import TreeHead, parse_tree_head
from audit.ledger.tiles import read_tiled
from tests.fakes.ledgers import LOG
from tests.fakes.packs import CHECK_POLICY, START, WITNESSES, Seconds, event, pack, sign

pytestmark = pytest.mark.slow
SOURCE = Path(__file__).parent / "go"
SIZE = 300
LEAVES = [b"leaf %d" % number for number in range(61)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
KEYS = [LOG.vkey, *(one.vkey for one in WITNESSES)]


def subtree(start: int, end: int) -> bytes:
    return tree_root(HASHES[start:end])


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def go(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["go", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder of the Go module, once what it needs is on this machine."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed: pymerkle alone checks the proofs")
    if go("mod", "download", folder=SOURCE).returncode:
        pytest.skip("Go's modules cannot be had: pymerkle alone checks the proofs")
    return SOURCE


class Peer:
    """The Go program: one command in, one answer out."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, do: str, **words: Any) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, **words}) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def peer(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    program = tmp_path_factory.mktemp("go") / "peer"
    built = go("build", "-o", str(program), ".", folder=modules)
    assert built.returncode == 0, built.stderr
    peer = Peer(program)
    yield peer
    peer.close()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Path]]:
    """A ledger of 300 entries, checkpoints over many sizes, each cosigned; and its tiles."""
    folder = tmp_path_factory.mktemp("log")
    with open_ledger(str(folder / "a.db"), create=True, clock=Seconds()) as ledger:
        for size in (0, 1, 2, 3, 7, 8, 255, 256, 257, SIZE):
            ledger.append_many([event(number) for number in range(ledger.size(), size)])
            sign(ledger)
        export_tiles(ledger, TileFolder(folder / "tiles"))
        yield ledger, folder / "tiles"


def test_go_opens_every_checkpoint_with_all_its_cosignatures(
    peer: Peer, log: tuple[Ledger, Path]
) -> None:
    ledger, _ = log
    notes = [ledger.cosigned_note(one) for one in ledger.checkpoints()]
    assert len(notes) == 10
    for note in notes:
        found = peer.ask("note", vkeys=KEYS, note=b64(note))
        assert found["Problem"] == ""
        assert found["Signers"] == [LOG.name, *(one.key.name for one in WITNESSES)]
        assert base64.b64decode(found["Note"]) == note.rpartition(b"\n\n")[0] + b"\n"


def test_go_and_we_refuse_the_same_spoiled_notes(peer: Peer, log: tuple[Ledger, Path]) -> None:
    ledger, _ = log
    good = ledger.cosigned_note(ledger.checkpoints()[-1])
    draw = random.Random(4)  # noqa: S311
    for vkey, at in itertools.product(KEYS, draw.sample(range(len(good)), 200)):
        note = good[:at] + bytes([good[at] ^ 1 << draw.randrange(8)]) + good[at + 1 :]
        found = peer.ask("note", vkeys=[vkey], note=b64(note))
        try:
            verify_note(note, [vkey])
        except SignatureMismatch:
            assert found["Problem"] != "", (vkey, at)
        else:
            assert found["Problem"] == "", (vkey, at)  # a signature by another key was spoiled


def test_we_open_what_go_signed_with_a_key_of_each_kind(peer: Peer) -> None:
    for size in range(1, 21):
        text = TreeHead("go.example/log", size, subtree(0, size)).text()
        made = peer.ask("sign", name="go.example/log", text=b64(text))
        note = base64.b64decode(made["Note"])
        assert len(verify_note(note, made["Vkeys"]).verified) == 3
        assert parse_tree_head(verify_note(note, made["Vkeys"][:1]).text).size == size
        with pytest.raises(SignatureMismatch):
            verify_note(note.replace(b"\n%d\n" % size, b"\n%d\n" % (size + 1)), made["Vkeys"])


def test_go_checks_every_proof_of_ours(peer: Peer, log: tuple[Ledger, Path]) -> None:
    checkpoint, tree = read_tiled(TileFolder(log[1]), vkeys=(LOG.vkey,))
    root = b64(tree.root())
    for index in range(SIZE):
        proof = TlogProof.read(
            TlogProof(index, tuple(tree.inclusion(index)), checkpoint.note.encode()).write()
        )
        words: dict[str, Any] = {
            "index": index, "size": SIZE, "root": root, "leaf": b64(leaf_hash(tree.leaf(index))),
            "path": [b64(one) for one in proof.path],
        }  # fmt: skip
        assert peer.ask("inclusion", **words)["Problem"] == ""
        assert peer.ask("inclusion", **(words | {"index": index ^ 1}))["Problem"] != ""
        assert peer.ask("inclusion", **(words | {"path": words["path"][:-1]}))["Problem"] != ""
    roots = [tree_root(map(leaf_hash, tree.leaves(0, old))) for old in range(SIZE + 1)]
    for old in range(1, SIZE + 1):
        words = {
            "oldSize": old, "oldRoot": b64(roots[old]), "size": SIZE, "root": root,
            "path": [b64(one) for one in tree.consistency(old)],
        }  # fmt: skip
        assert peer.ask("consistency", **words)["Problem"] == ""
        assert peer.ask("consistency", **(words | {"oldRoot": b64(bytes(32))}))["Problem"] != ""


def test_we_check_every_proof_that_go_makes(peer: Peer) -> None:
    made = peer.ask("tree", leaves=[b64(leaf) for leaf in LEAVES])
    assert made["Problem"] == ""
    roots = [b"", *map(base64.b64decode, made["Roots"])]
    size = len(LEAVES)
    assert roots[1:] == [subtree(0, end) for end in range(1, size + 1)]
    checked = 0
    for index, path in enumerate(made["Inclusion"]):
        found = [base64.b64decode(one) for one in path]
        assert found == inclusion_path(index, size, subtree)
        verify_inclusion(index=index, size=size, leaf=HASHES[index], path=found, root=roots[-1])
        checked += 1
    for end, proofs in enumerate(made["Consistency"], 1):
        for old, path in enumerate(proofs, 1):
            found = [base64.b64decode(one) for one in path]
            assert found == consistency_path(old, end, subtree)
            verify_consistency(
                old_size=old, size=end, old_root=roots[old], root=roots[end], path=found
            )
            checked += 1
    assert checked == size + size * (size + 1) // 2


def test_go_and_we_agree_on_spoiled_proofs(peer: Peer) -> None:
    draw, size = random.Random(9), len(LEAVES)  # noqa: S311
    for _ in range(300):
        index, shown = draw.randrange(size), draw.randrange(size)
        path = inclusion_path(index, size, subtree)
        at = draw.randrange(len(path) + 1)
        path[at : at + draw.randrange(2)] = draw.sample(HASHES, draw.randrange(2))
        words = {"index": shown, "size": size, "path": [b64(one) for one in path]}
        found = peer.ask("inclusion", root=b64(subtree(0, size)), leaf=b64(HASHES[index]), **words)
        try:
            verify_inclusion(
                index=shown, size=size, leaf=HASHES[index], path=path, root=subtree(0, size)
            )
        except VerificationError:
            assert found["Problem"] != ""
        else:
            assert found["Problem"] == ""


def test_go_reads_our_tiles_and_proves_the_same_from_them(
    peer: Peer, log: tuple[Ledger, Path]
) -> None:
    _, tree = read_tiled(TileFolder(log[1]), vkeys=(LOG.vkey,))
    made = peer.ask("tiles", folder=str(log[1]), size=SIZE, root=b64(tree.root()))
    assert made["Problem"] == ""
    inclusion = [[base64.b64decode(one) for one in path] for path in made["Inclusion"]]
    assert inclusion == [tree.inclusion(index) for index in range(SIZE)]
    consistency = [[base64.b64decode(one) for one in path] for path in made["Consistency"][0]]
    assert consistency == [tree.consistency(old) for old in range(1, SIZE + 1)]
    other = peer.ask("tiles", folder=str(log[1]), size=SIZE, root=b64(bytes(32)))
    assert other["Problem"] != ""


def test_the_go_program_in_a_pack_checks_its_entries(
    modules: Path, log: tuple[Ledger, Path], tmp_path: Path
) -> None:
    question = Question(START + 250 * 10**9, START + 260 * 10**9)
    members = read_archive(pack(log[0], question, policy=CHECK_POLICY))
    for name in ("go.mod", "go.sum"):
        shutil.copy(modules / name, tmp_path)
    (tmp_path / "check.go").write_bytes(members["check.go"])
    built = go("build", "-mod=mod", "-o", "check-entry", ".", folder=tmp_path)
    assert built.returncode == 0, built.stderr
    program, policy, entry, proof = (tmp_path / one for one in ("check-entry", "policy", "e", "p"))
    policy.write_bytes(members["policy"])
    vkey = members["policy"].decode().split("\n")[0].removeprefix("log ")
    for number, leaf in enumerate(members["entries.jsonl"].splitlines(), 250):
        entry.write_bytes(leaf)
        proof.write_bytes(members[f"proofs/{number}.tlog-proof"])
        done = subprocess.run([program, vkey, proof, entry], capture_output=True, check=False)
        assert done.stdout == b"ok: entry %d of 300 in log.example/audit\n" % number
        entry.write_bytes(leaf[:-1] + b" ")
        done = subprocess.run([program, vkey, proof, entry], capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (10, b"")


def test_pymerkle_has_the_same_roots_and_proofs() -> None:
    theirs = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in LEAVES:
        theirs.append_entry(leaf)
    size, checked = len(LEAVES), 0
    for end in range(1, size + 1):
        assert theirs.get_root(end) == subtree(0, end)
    for index in range(size):
        proof = theirs.prove_inclusion(index + 1, size)
        assert proof.path[0] == HASHES[index]
        assert proof.path[1:] == inclusion_path(index, size, subtree)
        pymerkle.verify_inclusion(HASHES[index], subtree(0, size), proof)
        checked += 1
    for old in range(1, size + 1):
        proof = theirs.prove_consistency(old, size)
        pymerkle.verify_consistency(subtree(0, old), subtree(0, size), proof)
        with pytest.raises(pymerkle.InvalidProof):
            pymerkle.verify_consistency(HASHES[0][::-1], subtree(0, size), proof)
        checked += 1
    assert checked == 2 * size
