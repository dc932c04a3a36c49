"""Tiles in a bucket: signed requests, the same bytes as in a folder, faults that are no success."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import EvidenceError, StorageFailed, UsageError, VerificationError
from audit.ledger import TileFolder, TlogProof, export_tiles, open_ledger, open_tiles, read_tiled
from audit.ledger.tiles._s3 import Bucket, S3Tiles
from audit.ledger.tiles._sigv4 import Credentials, Request, signed_headers
from audit.ledger.tiles._store import MAX_TILE
from tests.commandline import Commandline
from tests.fakes.databases import Database
from tests.fakes.ledgers import LOG, Ticks, event
from tests.fakes.s3 import KEY, REGION, SECRET, S3Server, problem

EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
HOST = "examplebucket.s3.amazonaws.com"
# The examples of "Signature Calculations for the Authorization Header" in AWS's S3 reference.
PUBLISHED = [
    (
        Request("GET", HOST, "/test.txt", headers={"Range": "bytes=0-9"}),
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    (
        Request(
            "PUT",
            HOST,
            "/test$file.text",
            headers={
                "Date": "Fri, 24 May 2013 00:00:00 GMT",
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            },
            body=b"Welcome to Amazon S3.",
        ),
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    (
        Request("GET", HOST, "/", {"lifecycle": ""}),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    (
        Request("GET", HOST, "/", {"max-keys": "2", "prefix": "J"}),
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
]


@pytest.mark.parametrize(("request_", "signature"), PUBLISHED, ids=range(len(PUBLISHED)))
def test_requests_have_the_signatures_that_aws_publishes(request_: Request, signature: str) -> None:
    headers = signed_headers(request_, EXAMPLE, region="us-east-1", at="20130524T000000Z")
    assert headers["authorization"].endswith(f"Signature={signature}")


names = st.text(st.characters(codec="utf-8", exclude_characters="\r\n?#"), min_size=1, max_size=12)


@given(names, st.dictionaries(names, names, max_size=3), st.binary(max_size=20))
def test_a_signature_is_one_over_every_part_of_the_request(
    name: str, query: dict[str, str], body: bytes
) -> None:
    request = Request("PUT", "h:1", f"/logs/{name}", query, {"cache-control": "no-cache"}, body)
    made = Credentials(KEY, SECRET, "token")
    headers = signed_headers(request, made, region=REGION, at="20261130T000000Z")
    sent = {"Authorization": headers["authorization"], **headers}
    assert problem("PUT", request.target, sent, body) is None
    assert problem("GET", request.target, sent, body) == "SignatureDoesNotMatch"
    assert problem("PUT", f"{request.target}x", sent, body) == "SignatureDoesNotMatch"
    assert problem("PUT", request.target, sent, body + b"x") == "XAmzContentSHA256Mismatch"
    for header in ("cache-control", "x-amz-security-token", "host"):
        other = sent | {header: "other"}
        assert problem("PUT", request.target, other, body) == "SignatureDoesNotMatch"


def test_no_secret_shows_in_a_representation() -> None:
    shown = repr(Credentials("key", "hidden", "also hidden"))
    assert "hidden" not in shown


@pytest.fixture
def server() -> Iterator[S3Server]:
    with S3Server().serving() as server:
        yield server


def tiles_of(server: S3Server, prefix: str = "audit/log/") -> S3Tiles:
    bucket = Bucket("logs", prefix, REGION, server.url)
    return S3Tiles(bucket, Credentials(KEY, SECRET), sleep=lambda _: None)


def grown(url: str, size: int) -> None:
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(ledger.size(), size)])
        ledger.checkpoint(LOG)


def test_a_bucket_holds_the_same_files_as_a_folder_and_proofs_come_from_it(
    server: S3Server, database: Database, tmp_path: Path
) -> None:
    url, store, folder = database.new(), tiles_of(server), TileFolder(tmp_path)
    for size in (5, 300, 600):
        grown(url, size)
        with open_ledger(url) as ledger:
            assert export_tiles(ledger, store) == export_tiles(ledger, folder)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    for path in files:
        name = f"audit/log/{path.relative_to(tmp_path)}"
        assert server.buckets["logs"].pop(name) == path.read_bytes(), name
    assert server.buckets["logs"] == {}
    for path in files:
        store.write(str(path.relative_to(tmp_path)), path.read_bytes())
    checkpoint, tree = read_tiled(store, vkeys=(LOG.vkey,))
    proof = TlogProof(41, tuple(tree.inclusion(41)), checkpoint.note.encode())
    proof.check(tree.leaf(41))


def test_tiles_are_cached_for_ever_and_the_checkpoint_and_partial_tiles_are_not(
    server: S3Server, tmp_path: Path
) -> None:
    grown(f"sqlite:///{tmp_path}/a.db", 300)
    with open_ledger(f"sqlite:///{tmp_path}/a.db") as ledger:
        export_tiles(ledger, tiles_of(server))
    caching = {name: sent["cache-control"] for name, sent in server.headers.items()}
    assert "immutable" in caching["audit/log/tile/0/000"]
    assert caching["audit/log/tile/0/001.p/44"] == "no-cache"
    assert caching["audit/log/checkpoint"] == "no-cache"
    assert server.seen[-1] == ("PUT", "/logs/audit/log/checkpoint")


def test_a_request_that_failed_for_the_moment_is_made_again(server: S3Server) -> None:
    store = tiles_of(server)
    for fault in (500, 502, 503, 504, "hang up", "cut"):
        server.faults = [fault, fault]
        store.write("tile/0/000", b"x" * 32)
        server.faults = [fault]
        assert store.read("tile/0/000") == b"x" * 32, fault
    assert server.faults == []


def test_a_service_that_keeps_failing_is_no_success(server: S3Server, tmp_path: Path) -> None:
    store = tiles_of(server)
    grown(f"sqlite:///{tmp_path}/a.db", 5)
    for fault in (500, "hang up", "cut"):
        server.faults = [fault] * 20
        with pytest.raises(StorageFailed, match="cannot write"):
            store.write("tile/0/000", b"x")
        server.faults = [fault] * 20
        with pytest.raises(EvidenceError):
            store.read("tile/0/000")
        server.faults = [fault] * 20
        with open_ledger(f"sqlite:///{tmp_path}/a.db") as ledger, pytest.raises(EvidenceError):
            export_tiles(ledger, store)
    assert server.buckets["logs"] == {}


def test_a_refusal_is_not_asked_again(server: S3Server) -> None:
    for credentials in (Credentials("other", SECRET), Credentials(KEY, "wrong")):
        store = S3Tiles(Bucket("logs", "", REGION, server.url), credentials)
        server.seen.clear()
        with pytest.raises(EvidenceError, match="cannot read s3://logs/checkpoint: 403 "):
            store.read("checkpoint")
        with pytest.raises(StorageFailed, match="cannot write s3://logs/checkpoint: 403 "):
            store.publish("checkpoint", b"x")
        with pytest.raises(StorageFailed, match="403"):
            store.remove("tile/entries/000")
        assert len(server.seen) < 5
    nowhere = S3Tiles(Bucket("other", "", REGION, server.url), Credentials(KEY, SECRET))
    with pytest.raises(EvidenceError, match="there is no bucket other"):
        nowhere.read("checkpoint")


def test_what_lies_below_a_folder_is_removed_and_nothing_else(server: S3Server) -> None:
    store = tiles_of(server)
    for number in range(8):
        store.write(f"tile/entries/000.p/{number}", b"x")
    for name in ("tile/entries/000", "tile/entries/0001", "tile/entries/000.py"):
        store.write(name, b"x")
    store.remove("tile/entries/000.p")
    store.remove("tile/entries/000")
    store.remove("tile/entries/never")
    left = sorted(server.buckets["logs"])
    assert left == ["audit/log/tile/entries/000.py", "audit/log/tile/entries/0001"]


def test_what_a_service_alters_is_noticed_when_it_is_read(server: S3Server, tmp_path: Path) -> None:
    url, bucket = f"sqlite:///{tmp_path}/a.db", server.buckets["logs"]
    grown(url, 300)
    with open_ledger(url) as ledger:
        export_tiles(ledger, tiles_of(server))
        bucket["audit/log/tile/0/000"] = bytes(256 * 32)
        checkpoint, tree = read_tiled(tiles_of(server), vkeys=None)
        proof = TlogProof(5, tuple(tree.inclusion(5)), checkpoint.note.encode())
        with pytest.raises(VerificationError):
            proof.check(next(ledger.leaves(start=5)))
        bucket["audit/log/tile/1/000.p/1"] = bytes(32)
        with pytest.raises(VerificationError, match="the tiles are not those"):
            export_tiles(ledger, tiles_of(server))
        bucket["audit/log/tile/1/000.p/1"] = bytes(MAX_TILE + 5)
        with pytest.raises(EvidenceError, match="larger than any tile"):
            export_tiles(ledger, tiles_of(server))


def test_a_place_is_a_folder_or_a_bucket_and_nothing_in_between(
    server: S3Server, tmp_path: Path
) -> None:
    environ = server.environ()
    assert isinstance(open_tiles(str(tmp_path)), TileFolder)
    open_tiles("s3://logs/audit/log", environ).write("a", b"x")
    open_tiles("s3://logs", environ).write("a", b"y")
    assert server.buckets["logs"] == {"audit/log/a": b"x", "a": b"y"}
    for place in ("s3:logs", "s3://", "s3://LOGS", "s3://logs//x", "s3://logs/../x", "s3://l/ü"):
        with pytest.raises(UsageError, match="is not s3"):
            open_tiles(place, environ)
    for missing in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        with pytest.raises(UsageError, match="nobody is named"):
            open_tiles("s3://logs", environ | {missing: ""})
    for endpoint in ("ftp://x", "http://", "http://h:x", "x", "http://h/?q"):
        with pytest.raises(EvidenceError, match="is not the URL"):
            open_tiles("s3://logs", environ | {"AWS_ENDPOINT_URL_S3": endpoint})


def test_the_commands_take_a_bucket(
    server: S3Server, tmp_path: Path, run: Commandline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environ().items():
        monkeypatch.setenv(name, value)
    url = f"sqlite:///{tmp_path}/a.db"
    grown(url, 20)
    place = "--tiles s3://logs/audit"
    assert run(f"audit ledger tiles --ledger {url} {place}").code == 0
    proved = run(f"audit ledger prove 7 {place} --leaf {tmp_path}/leaf -o {tmp_path}/proof")
    assert proved.code == 0
    (tmp_path / "policy").write_text(f"log {LOG.vkey}\nquorum none\n")
    line = f"audit ledger verify-proof {tmp_path}/proof {tmp_path}/leaf"
    assert run(f"{line} --log-policy {tmp_path}/policy").code == 0
    found = run(f"audit ledger fsck --ledger {url} {place}")
    assert (found.code, "tiles over 20 entries" in found.out) == (0, True)
    server.buckets["logs"]["audit/tile/0/000.p/20"] = bytes(640)
    assert run(f"audit ledger fsck --ledger {url} {place}").code == 10
    server.faults = [403]
    assert run(f"audit ledger tiles --ledger {url} {place}").code == 3
