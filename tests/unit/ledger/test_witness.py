"""Witnesses: one that is asked over HTTP, and what it says to honest and other logs."""

import hashlib
import http.client
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audit.core.errors import ChainBroken, ConfigError, EvidenceError, UsageError, VerificationError
from audit.documents import Checkpoint
from audit.ledger import VerifierKey, open_ledger
from audit.ledger._checkpoint import sign_checkpoint
from audit.ledger._outside import COSIGNATURE
from audit.ledger._policy import Witness as Named
from audit.ledger._policy import parse_policy
from audit.ledger._signing import LastSigned
from audit.ledger._treehead import TreeHead
from audit.ledger.tiles import TiledTree, TileFolder, export_tiles, read_tiled
from audit.ledger.witness import (
    ALGORITHMS,
    Cosigner,
    Witness,
    WitnessServer,
    WitnessState,
    ask_witness,
    generate_cosigner,
    load_cosigner,
    post_http,
)
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG, Ticks, event
from tests.fakes.notes import SeededSigner

NOW = 1_790_000_000
SEED = hashlib.sha256(b"witness").digest()


@pytest.fixture(params=sorted(ALGORITHMS))
def cosigner(request: pytest.FixtureRequest) -> Cosigner:
    return Cosigner.from_seed("witness.example/w", ALGORITHMS[request.param], SEED)


@pytest.fixture
def witness(tmp_path: Path, cosigner: Cosigner) -> Witness:
    return Witness(
        cosigners=(cosigner,),
        logs=(VerifierKey.parse(LOG.vkey),),
        state=WitnessState(tmp_path / "witness.db"),
        clock_ns=lambda: NOW * 10**9,
    )


@pytest.fixture
def named(witness: Witness, cosigner: Cosigner) -> Iterator[Named]:
    with WitnessServer(("127.0.0.1", 0), witness) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield Named("w", cosigner.key, server.url)
        server.shutdown()
        thread.join()


def grown(path: Path, size: int, first: int = 0) -> tuple[Checkpoint, TiledTree]:
    """Return the checkpoint and tiles of a ledger after it has grown to `size`."""
    with open_ledger(str(path), create=True, clock=Ticks()) as ledger:
        ledger.append_many([event(number + first) for number in range(size - ledger.size())])
        ledger.checkpoint(LOG)
        export_tiles(ledger, TileFolder(path.with_suffix(".tiles")))
    return read_tiled(TileFolder(path.with_suffix(".tiles")), vkeys=(LOG.vkey,))


def test_a_witness_follows_an_honest_log(named: Named, tmp_path: Path) -> None:
    for size in (1, 5, 300, 300):
        checkpoint, tree = grown(tmp_path / "a.db", size)
        line = ask_witness(named, checkpoint, tree, post=post_http)
        policy = parse_policy(
            f"log {LOG.vkey}\nwitness w {named.key}\nquorum w\n".encode(), source="p"
        )
        note = checkpoint.note.encode() + line.encode() + b"\n"
        assert policy.count(note, now_ns=NOW * 10**9).witnesses == (("w", NOW),)


def test_cosignatures_are_kept_with_their_checkpoint_and_the_last_one_counts(
    named: Named, tmp_path: Path
) -> None:
    checkpoint, tree = grown(tmp_path / "a.db", 5)
    policy = parse_policy(f"log {LOG.vkey}\nwitness w {named.key}\nquorum w\n".encode(), source="p")
    with open_ledger(str(tmp_path / "a.db"), clock=lambda: NOW * 10**9) as ledger:
        with pytest.raises(EvidenceError, match="not cosigned by the quorum"):
            ledger.counted(policy)
        for _ in range(2):
            line = ask_witness(named, checkpoint, tree, post=post_http)
            ledger.attach(checkpoint, COSIGNATURE, line.encode() + b"\n")
        assert len(ledger.attachments(checkpoint, COSIGNATURE)) == 2
        assert ledger.counted(policy, max_age_ns=10**9).checkpoint.size == 5
        other = sign_checkpoint(TreeHead(LOG.name, 9, bytes(32)), LOG)
        with pytest.raises(UsageError, match="no such checkpoint"):
            ledger.attach(other, COSIGNATURE, b"x")


def test_a_witness_refuses_a_log_that_was_rolled_back(named: Named, tmp_path: Path) -> None:
    ask_witness(named, *grown(tmp_path / "a.db", 5), post=post_http)
    with pytest.raises(VerificationError, match="saw a tree of 5, and this one has 3"):
        ask_witness(named, *grown(tmp_path / "b.db", 3), post=post_http)


@pytest.mark.parametrize("size", [5, 9, 300])
def test_a_witness_refuses_a_log_rewritten_with_its_own_key(
    named: Named, tmp_path: Path, size: int
) -> None:
    ask_witness(named, *grown(tmp_path / "a.db", 5), post=post_http)
    with pytest.raises(VerificationError, match="saw another history"):
        ask_witness(named, *grown(tmp_path / "b.db", size, first=100), post=post_http)
    ask_witness(named, *grown(tmp_path / "a.db", 6), post=post_http)


def test_a_witness_restored_from_a_backup_cosigns_two_histories(
    named: Named, witness: Witness, tmp_path: Path
) -> None:
    """Which is why its state is never restored, and why a quorum has more than one."""
    ask_witness(named, *grown(tmp_path / "a.db", 5), post=post_http)
    backup = witness.state.last(LOG.name)
    ask_witness(named, *grown(tmp_path / "a.db", 9), post=post_http)
    grown(tmp_path / "b.db", 5)
    fork = grown(tmp_path / "b.db", 9, first=50)
    with pytest.raises(VerificationError):
        ask_witness(named, *fork, post=post_http)
    assert witness.state.swap(witness.state.last(LOG.name), backup)
    assert ask_witness(named, *fork, post=post_http)


def test_a_witness_never_says_less_than_it_said(named: Named, tmp_path: Path) -> None:
    """A stale checkpoint is not cosigned anew, so its cosignatures grow old."""
    five = grown(tmp_path / "a.db", 5)
    grown(tmp_path / "a.db", 7)
    ask_witness(named, *five, post=post_http)
    ask_witness(named, *grown(tmp_path / "a.db", 8), post=post_http)
    with pytest.raises(VerificationError, match="saw a tree of 8, and this one has 5"):
        ask_witness(named, *five, post=post_http)


def test_a_witness_refuses_what_the_protocol_refuses(witness: Witness, tmp_path: Path) -> None:
    five, tree = grown(tmp_path / "a.db", 5)
    good = b"old 0\n\n" + five.note.encode()
    other = SeededSigner("other.example/log")
    forged = SeededSigner(LOG.name, "forged")
    head = TreeHead(LOG.name, 5, bytes.fromhex(five.root))
    foreign = sign_checkpoint(TreeHead(other.name, 5, bytes(32)), other).note.encode()
    cases = {
        b"": 400,
        b"old 0\n": 400,
        b"old 00" + good[5:]: 400,
        b"old -1" + good[5:]: 400,
        b"new 0" + good[5:]: 400,
        b"old 0\nnot base64\n\n" + five.note.encode(): 400,
        b"old 0\n" + b"AAAA\n" * 64 + b"\n" + five.note.encode(): 400,
        b"old 6\n\n" + five.note.encode(): 400,
        b"old 0\n\n" + foreign: 404,
        b"old 0\n\n" + sign_checkpoint(head, forged).note.encode(): 403,
        b"old 0\nAAAA\n\n" + five.note.encode(): 422,
        b"old 3\n\n" + five.note.encode(): 409,
    }
    for request, status in cases.items():
        assert witness.add_checkpoint(request).status == status, request
    assert witness.state.last(LOG.name).size == 0
    answer = witness.add_checkpoint(b"old 3\n\n" + five.note.encode())
    assert (answer.body, answer.content_type) == (b"0\n", "text/x.tlog.size")
    assert witness.add_checkpoint(good).status == 200
    assert witness.add_checkpoint(good).body == b"5\n"
    assert witness.add_checkpoint(b"old 5\n\n" + five.note.encode()).status == 200
    twin = sign_checkpoint(TreeHead(LOG.name, 5, bytes(32)), LOG).note.encode()
    assert witness.add_checkpoint(b"old 5\n\n" + twin).status == 409
    assert tree.size == 5


def test_of_two_requests_at_once_only_one_moves_the_state(witness: Witness, tmp_path: Path) -> None:
    old = witness.state.last(LOG.name)
    ahead = TreeHead(LOG.name, 7, bytes(32))
    assert witness.state.swap(old, ahead)
    assert not witness.state.swap(old, TreeHead(LOG.name, 5, bytes(32)))
    assert witness.state.last(LOG.name) == ahead


def test_the_server_answers_nothing_but_the_protocol(named: Named, tmp_path: Path) -> None:
    assert named.url is not None
    host = named.url.removeprefix("http://")
    for path, body, headers, status in (
        ("/other", b"x", {}, 404),
        ("/add-checkpoint", b"", {}, 400),
        ("/add-checkpoint", b"x", {"Content-Length": "9999999"}, 413),
    ):
        connection = http.client.HTTPConnection(host, timeout=5)
        connection.request("POST", path, body, headers)
        assert connection.getresponse().status == status
        connection.close()
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.request("GET", "/add-checkpoint")
    assert connection.getresponse().status == 501
    connection.close()


def test_a_witness_that_loses_its_state_signs_nothing(named: Named, tmp_path: Path) -> None:
    checkpoint, tree = grown(tmp_path / "a.db", 5)
    (tmp_path / "witness.db").write_bytes(b"not a database, but longer than one" * 99)
    with pytest.raises(EvidenceError, match="answers 500"):
        ask_witness(named, checkpoint, tree, post=post_http)


def test_a_witness_that_cannot_be_reached_is_no_yes(cosigner: Cosigner, tmp_path: Path) -> None:
    checkpoint, tree = grown(tmp_path / "a.db", 1)
    for url in (None, "http://127.0.0.1:9", "ftp://127.0.0.1", "http://"):
        with pytest.raises(EvidenceError):
            ask_witness(Named("w", cosigner.key, url), checkpoint, tree, post=post_http)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b""), (200, b"x"), (200, b"\xff\n"), (409, b"x\n"), (409, b"9" * 30), (500, b"")],
)
def test_a_witness_that_answers_nonsense_is_no_yes(
    cosigner: Cosigner, tmp_path: Path, status: int, body: bytes
) -> None:
    checkpoint, tree = grown(tmp_path / "a.db", 1)
    with pytest.raises((EvidenceError, VerificationError)):
        ask_witness(
            Named("w", cosigner.key, "http://w"), checkpoint, tree, post=lambda *_: (status, body)
        )


def test_a_cosignature_by_another_key_is_not_taken(cosigner: Cosigner, tmp_path: Path) -> None:
    checkpoint, tree = grown(tmp_path / "a.db", 1)
    other = Cosigner.from_seed(cosigner.key.name, cosigner.key.algorithm, bytes(32))
    text = checkpoint.note.encode().split(b"\n\n")[0] + b"\n"
    line = f"{other.cosign(text, at=NOW)}\n".encode()
    with pytest.raises(VerificationError, match="did not sign with the policy's key"):
        ask_witness(
            Named("w", cosigner.key, "http://w"), checkpoint, tree, post=lambda *_: (200, line)
        )


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_witness_key_is_made_once_and_read_back(tmp_path: Path, algorithm: str) -> None:
    path = tmp_path / "w.key"
    vkey = generate_cosigner(path, name="w.example/1", algorithm=algorithm)
    assert load_cosigner(path).vkey == vkey == str(VerifierKey.parse(vkey))
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="already there"):
        generate_cosigner(path, name="w.example/1", algorithm=algorithm)
    with pytest.raises(UsageError, match="cannot name a key"):
        generate_cosigner(tmp_path / "x", name="w 1", algorithm=algorithm)
    path.write_text(path.read_text().replace("w.example/1", "w.example/2"))
    with pytest.raises(ConfigError, match="does not have the id"):
        load_cosigner(path)
    path.write_text("PRIVATE+KEY+x+00000000+AA==\n")
    with pytest.raises(ConfigError, match="not a witness's key"):
        load_cosigner(path)


def test_a_key_that_remembers_does_not_sign_a_ledger_restored_from_a_backup(
    tmp_path: Path,
) -> None:
    memory = LastSigned(tmp_path / "log.key.last")
    path = tmp_path / "a.db"
    with open_ledger(str(path), create=True, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(5)])
        ledger.checkpoint(LOG, last_signed=memory)
    backup = path.read_bytes()
    with open_ledger(str(path), clock=Ticks()) as ledger:
        ledger.append(event(5))
        ledger.checkpoint(LOG, last_signed=memory)
    path.write_bytes(backup)
    with open_ledger(str(path), clock=Ticks()) as ledger:
        with pytest.raises(ChainBroken, match="a backup was restored"):
            ledger.checkpoint(LOG, last_signed=memory)
        ledger.append_many([event(number) for number in range(100, 103)])
        with pytest.raises(ChainBroken, match="is not what the key signed last"):
            ledger.checkpoint(LOG, last_signed=memory)
        assert [one.size for one in ledger.checkpoints()] == [5]


def test_a_rolled_back_database_is_not_signed_whatever_was_added_since(
    database: Database, tmp_path: Path
) -> None:
    memory, url = LastSigned(tmp_path / "log.key.last"), database.new()
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(5)])
        ledger.checkpoint(LOG, last_signed=memory)
    backup = database.copy(url)
    with open_ledger(url, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(5, 9)])
        ledger.checkpoint(LOG, last_signed=memory)
    with open_ledger(backup, clock=Ticks()) as ledger:
        for _ in range(2):
            with pytest.raises(ChainBroken, match="a backup was restored"):
                ledger.checkpoint(LOG, last_signed=memory)
            ledger.append(event(99))
        ledger.append_many([event(number) for number in range(100, 110)])
        with pytest.raises(ChainBroken, match="is not what the key signed last"):
            ledger.checkpoint(LOG, last_signed=memory)
        assert [one.size for one in ledger.checkpoints()] == [5]
    with open_ledger(url, clock=Ticks()) as ledger:
        ledger.append(event(9))
        assert ledger.checkpoint(LOG, last_signed=memory).size == 10


def test_signers_at_once_never_sign_two_trees_of_one_size(
    database: Database, tmp_path: Path
) -> None:
    memory, url = LastSigned(tmp_path / "log.key.last"), database.new()
    open_ledger(url, create=True).close()

    def grow(number: int) -> None:
        with open_ledger(url, clock=Ticks()) as ledger:
            for at in range(4):
                ledger.append(event(10 * number + at))
                ledger.checkpoint(LOG, last_signed=memory)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(grow, range(4)))
    with open_ledger(url) as ledger:
        sizes = [one.size for one in ledger.checkpoints()]
        assert sizes == sorted(set(sizes))
        assert ledger.verify(vkeys=(LOG.vkey,)).covered == 16
    last = memory.read()
    assert last is not None
    assert last.size == 16


def test_a_key_whose_memory_is_ahead_by_a_crash_signs_the_same_tree(tmp_path: Path) -> None:
    memory = LastSigned(tmp_path / "log.key.last")
    with open_ledger(str(tmp_path / "a.db"), create=True, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(5)])
        with pytest.raises(RuntimeError, match="power"):
            ledger.checkpoint(_FailingSigner(), last_signed=memory)
        remembered = memory.read()
        assert remembered is not None
        assert remembered.size == 5
        assert ledger.checkpoint(LOG, last_signed=memory).size == 5


class _FailingSigner:
    """Loses power at the moment of signing."""

    name, vkey = LOG.name, LOG.vkey

    def sign_note(self, text: bytes) -> bytes:
        raise RuntimeError("power")
