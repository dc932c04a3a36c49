"""Anchors against a private Sigstore over HTTP, with openssl as the second verifier."""

import base64
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from audit.core.clock import now_ns
from audit.documents import ANCHORED
from audit.ledger import open_ledger
from audit.sign import generate_key
from tests.commandline import Commandline
from tests.fakes.ledgers import LOG, event
from tests.sigstack.authority import TimestampAuthority
from tests.sigstack.server import Server, now

STAMPS = "/api/v1/timestamp"
ENTRIES = "/api/v2/log/entries"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server().serving() as server:
        yield server


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Path:
    """A folder with a ledger of 5 entries under a checkpoint, keys and configurations."""
    server.broken.clear()
    server.write_config(tmp_path)
    generate_key(tmp_path / "anchor.key", tmp_path / "anchor.pub")
    with open_ledger(str(tmp_path / "a.db"), create=True) as ledger:
        ledger.append_many([event(number) for number in range(5)])
        ledger.checkpoint(LOG)
    return tmp_path


def anchor(place: Path, *more: str) -> str:
    config = f"--trust-config {place}/client_config_v2.json --key {place}/anchor.key"
    line = f"audit ledger anchor --ledger {place}/a.db {config} --keep {place}/kept"
    return " ".join([line, *more])


def verify(place: Path, *more: str) -> str:
    root = f"--trusted-root {place}/trusted_root.json"
    return " ".join([f"audit ledger verify --ledger {place}/a.db {root}", *more])


def attached(place: Path) -> int:
    with open_ledger(str(place / "a.db")) as ledger:
        (checkpoint,) = ledger.checkpoints()
        return sum(len(ledger.attachments(checkpoint, f"anchor.{k}")) for k in ("timestamp", "log"))


def test_a_checkpoint_is_anchored_by_timestamp_and_log_recorded_and_verified_offline(
    place: Path, run: Commandline, server: Server
) -> None:
    ended = run(anchor(place))
    assert ended.code == 0, ended.err
    assert "anchored 5 entries: timestamp by http://127.0.0.1" in ended.out
    assert "anchored 5 entries: log by http://127.0.0.1" in ended.out
    with open_ledger(str(place / "a.db")) as ledger:
        entries = list(ledger.entries(type=ANCHORED))
    assert [one.event.outputs[0].name for one in entries] == ["timestamp", "log"]
    server.broken |= {STAMPS, ENTRIES}
    found = run(verify(place, "--format json"))
    said = json.loads(found.out)
    assert [(one["kind"], one["size"]) for one in said["outside"]] == [("log", 5), ("timestamp", 5)]
    assert (said["anchored"], said["size"]) == (5, 7)
    text = run(verify(place)).out
    assert "5 of them seen outside: timestamp by http://127.0.0.1" in text
    assert "not anchored outside since 20" in text
    assert "can rewrite the last 2 entries" in text


@pytest.mark.parametrize("broken", [STAMPS, ENTRIES])
def test_a_service_that_fails_is_a_failed_anchor_and_the_other_is_kept(
    place: Path, run: Commandline, server: Server, broken: str
) -> None:
    server.broken.add(broken)
    ended = run(anchor(place))
    assert ended.code == 3
    assert "error[signing-failed]" in ended.err
    assert "anchored by 1 of 2 services" in ended.err
    assert attached(place) == 1
    assert run(verify(place)).code == 0


def test_a_service_that_cannot_be_reached_is_a_failed_anchor(place: Path, run: Commandline) -> None:
    root = f"--trusted-root {place}/trusted_root.json"
    for url in ("http://127.0.0.1:9/tsa", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:x/"):
        ended = run(f"audit ledger anchor --ledger {place}/a.db --tsa {url} {root}")
        assert (ended.code, ended.out) == (3, ""), url
    assert attached(place) == 0


def test_an_anchor_needs_somebody_who_anchors_and_somebody_who_is_trusted(
    place: Path, run: Commandline, server: Server
) -> None:
    base = f"audit ledger anchor --ledger {place}/a.db"
    root = f"--trusted-root {place}/trusted_root.json"
    stamps = f"--tsa {server.stack.url}{STAMPS}"
    for line in (base, f"{base} {root}", f"{base} {stamps}", f"{base} --rekor http://x {root}"):
        assert run(line).code == 2, line
    assert run(f"{base} {root} --key {place}/anchor.key").code == 2
    with open_ledger(str(place / "none.db"), create=True):
        pass
    assert run(f"audit ledger anchor --ledger {place}/none.db {stamps} {root}").code == 3


@contextmanager
def answering(answers: list[bytes]) -> Iterator[str]:
    """Serve timestamps: what `answers` holds, whatever is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answers[0])))
            self.end_headers()
            self.wfile.write(answers[0])

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}/"
        http.shutdown()
        thread.join()


def note_of(place: Path) -> bytes:
    with open_ledger(str(place / "a.db")) as ledger:
        return ledger.checkpoints()[0].note.encode()


def test_a_timestamp_with_another_nonce_is_a_replay_and_a_failed_anchor(
    place: Path, run: Commandline, server: Server
) -> None:
    old = server.stack.tsa.stamp(note_of(place), now(), nonce=7)
    root = f"--trusted-root {place}/trusted_root.json"
    with answering([old]) as url:
        ended = run(f"audit ledger anchor --ledger {place}/a.db --tsa {url} {root}")
    assert ended.code == 3
    assert "its nonce is not ours" in ended.err
    assert attached(place) == 0


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"\x30\x03\x02\x01\x02"])
def test_an_authority_that_answers_nonsense_is_a_failed_anchor(
    place: Path, run: Commandline, answer: bytes
) -> None:
    root = f"--trusted-root {place}/trusted_root.json"
    with answering([answer]) as url:
        ended = run(f"audit ledger anchor --ledger {place}/a.db --tsa {url} {root}")
    assert (ended.code, attached(place)) == (3, 0)


def test_an_anchor_by_an_authority_that_the_root_does_not_name_is_not_kept(
    place: Path, run: Commandline, server: Server
) -> None:
    genuine = server.stack.tsa
    server.stack.tsa = TimestampAuthority("other", server.stack.start, name="other")
    ended = run(anchor(place))
    server.stack.tsa = genuine
    assert ended.code == 3
    assert "would count for nothing" in ended.err
    assert attached(place) == 1  # the log's


def test_a_stored_anchor_that_was_altered_does_not_hold(
    place: Path, run: Commandline, server: Server
) -> None:
    wrong = server.stack.tsa.stamp(b"another checkpoint", now())
    with open_ledger(str(place / "a.db")) as ledger:
        ledger.attach(ledger.checkpoints()[0], "anchor.timestamp", wrong)
    ended = run(verify(place))
    assert ended.code == 10
    assert "error[signature-mismatch]: the timestamp anchor does not hold" in ended.err
    uncounted = run(f"audit ledger verify --ledger {place}/a.db")
    assert uncounted.code == 0
    assert "1 stored anchors count for nothing" in uncounted.out


def test_a_stored_anchor_by_nobody_who_is_trusted_is_said_to_count_for_nothing(
    place: Path, run: Commandline, server: Server
) -> None:
    stranger = TimestampAuthority("stranger", server.stack.start, name="stranger")
    with open_ledger(str(place / "a.db")) as ledger:
        note = note_of(place)
        ledger.attach(ledger.checkpoints()[0], "anchor.timestamp", stranger.stamp(note, now()))
    ended = run(verify(place))
    assert ended.code == 0
    assert "1 stored anchors count for nothing" in ended.out
    assert "can rewrite the last 5 entries" in ended.out


def openssl(place: Path, stamp: Path, note: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", "ts", "-verify", "-in", stamp, "-data", note, "-CAfile", place / "ca.pem"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_openssl_verifies_the_kept_timestamp_over_the_kept_checkpoint(
    place: Path, run: Commandline, server: Server
) -> None:
    run(anchor(place))
    ca = server.stack.tsa.chain[-1].public_bytes(Encoding.PEM)
    (place / "ca.pem").write_bytes(ca)
    (stamp,) = (place / "kept").glob("5-timestamp-*.tsr")
    note = stamp.with_suffix(".checkpoint")
    found = openssl(place, stamp, note)
    assert (found.returncode, "Verification: OK" in found.stdout) == (0, True), found.stderr
    note.write_bytes(note.read_bytes() + b"x")
    assert openssl(place, stamp, note).returncode != 0


CONFIG = """
[tsa_config]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def make_tsa(folder: Path) -> None:
    """Make a timestamp authority with openssl alone: root, signer, configuration."""
    folder.mkdir()
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
    (folder / "ext").write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=critical,timeStamping\n"
    )
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    sign = "openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30"
    for command in (
        [*new, "-x509", "-days", "30", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=root"],
        [*new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=stamps"],
        [*sign.split(), "-extfile", "ext", "-out", "tsa.pem"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (folder / "chain.pem").write_bytes(
        (folder / "tsa.pem").read_bytes() + (folder / "ca.pem").read_bytes()
    )


@contextmanager
def openssl_tsa(folder: Path) -> Iterator[str]:
    """Serve real `openssl ts -reply`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = folder / "query.tsq"
            query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa_config"]
            command += ["-queryfile", "query.tsq", "-signer", "tsa.pem", "-inkey", "tsa.key"]
            done = subprocess.run(command, cwd=folder, check=True, capture_output=True)
            self.send_response(200)
            self.send_header("Content-Length", str(len(done.stdout)))
            self.end_headers()
            self.wfile.write(done.stdout)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}/"
        http.shutdown()
        thread.join()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_timestamp_by_openssl_is_kept_and_verified_with_its_chain_alone(
    place: Path, run: Commandline
) -> None:
    make_tsa(place / "tsa")
    chain = f"--tsa-chain {place}/tsa/chain.pem"
    with openssl_tsa(place / "tsa") as url:
        line = f"audit ledger anchor --ledger {place}/a.db --tsa {url} {chain}"
        ended = run(f"{line} --keep {place}/kept")
    assert ended.code == 0, ended.err
    assert "timestamp by CN=stamps" in ended.out
    shutil.copy(place / "tsa" / "ca.pem", place / "ca.pem")
    (stamp,) = (place / "kept").glob("*.tsr")
    assert openssl(place, stamp, stamp.with_suffix(".checkpoint")).returncode == 0
    kept = stamp.with_suffix(".anchor.json")
    found = run(f"audit ledger verify --ledger {place}/a.db {chain} --anchor {kept}")
    assert found.code == 0
    assert found.out.count("5 of them seen outside: timestamp by CN=stamps") == 2


def test_what_is_kept_is_a_bundle_that_says_which_bytes_were_logged(
    place: Path, run: Commandline
) -> None:
    run(anchor(place))
    (path,) = (place / "kept").glob("5-log-*.sigstore.json")
    value = json.loads(path.read_text())
    (entry,) = value["verificationMaterial"]["tlogEntries"]
    body = json.loads(base64.b64decode(entry["canonicalizedBody"]))
    assert (body["kind"], body["apiVersion"]) == ("hashedrekord", "0.0.2")
    assert "integratedTime" not in entry
    signed = (place / "kept" / path.name.replace(".sigstore.json", ".checkpoint")).read_bytes()
    assert signed == note_of(place)


def test_entries_that_were_not_anchored_in_time_are_said_to_be_of_no_known_age(
    place: Path, run: Commandline
) -> None:
    run(anchor(place))
    assert run(verify(place, "--anchored-within 1h")).code == 0
    old = now_ns() - int(timedelta(days=3).total_seconds()) * 10**9
    with open_ledger(str(place / "old.db"), create=True, clock=lambda: old) as ledger:
        ledger.append(event(1))
        ledger.checkpoint(LOG)
    line = anchor(place).replace("a.db", "old.db")
    assert run(line).code == 0
    root = f"--trusted-root {place}/trusted_root.json"
    ended = run(f"audit ledger verify --ledger {place}/old.db {root} --anchored-within 1d")
    assert ended.code == 3
    assert "error[anchor-missing]: nobody outside vouches that ledger entry 0" in ended.err
    assert run(f"audit ledger verify --ledger {place}/old.db {root} --anchored-within 7d").code == 0
    assert run(f"audit ledger verify --ledger {place}/old.db --anchored-within 7d").code == 2


def test_an_anchor_that_was_recorded_and_taken_away_is_missed(
    place: Path, run: Commandline
) -> None:
    import sqlite3

    run(anchor(place))
    raw = sqlite3.connect(place / "a.db", isolation_level=None)
    (guard,) = raw.execute(
        "SELECT sql FROM sqlite_schema WHERE name = 'attachments_keep_delete'"
    ).fetchone()
    raw.execute("DROP TRIGGER attachments_keep_delete")
    raw.execute("DELETE FROM attachments WHERE kind = 'anchor.timestamp'")
    raw.execute(guard)
    raw.close()
    ended = run(verify(place))
    assert ended.code == 0
    assert "1 anchors that were recorded are not stored any more" in ended.out
