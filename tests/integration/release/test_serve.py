"""`audit release serve`: the gate first, then answers with receipts, over HTTP."""

import contextlib
import hashlib
import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from audit.core.errors import ConfigError, UsageError
from audit.documents import Scheme
from audit.ledger import open_ledger
from audit.oci import Layout
from audit.release.serve import engine_name, find_gguf, read_config
from audit.watermark import ReceiptShelf, read_trusted, unfinished, verify_receipt
from tests.commandline import Commandline
from tests.fakes.llama import llama
from tests.releasekit import lay_out

TOKEN = "assessor's token"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline) -> Path:
    place = tmp_path / "r"
    lay_out(place)
    monkeypatch.chdir(place)
    assert run("audit release init . --model-id acme/support").code == 0
    assert run("audit watermark init marks").code == 0
    return place


SERVERS: dict[int, "subprocess.Popen[bytes]"] = {}
"""The servers that run now, by port."""


def kill_server(port: int) -> None:
    """End a server at once, as a power cut would."""
    SERVERS[port].kill()
    SERVERS[port].wait(30)


@contextlib.contextmanager
def served(folder: Path, artifact: str) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        sys.executable, "-m", "audit", "release", "serve", artifact, "--policy", "policy.yaml",
        "--config", "serve.yaml", "--port", str(port),
    ]  # fmt: skip
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE) as server:
        try:
            for _ in range(300):
                SERVERS[port] = server
                assert server.poll() is None
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            yield port
        finally:
            server.terminate()


def post(port: int, path: str, value: Any, **headers: str) -> tuple[int, dict[str, str], Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        all_headers = {"Content-Type": "application/json", **headers}
        connection.request("POST", path, json.dumps(value), all_headers)
        response = connection.getresponse()
        return response.status, dict(response.headers), json.loads(response.read())


def settings(folder: Path, url: str) -> None:
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    (folder / "serve.yaml").write_text(
        f"format: audit.serve/v1\nengine: {url}\nroot_key: marks/root.key\n"
        f"receipt_key: marks/receipt.key\nmax_tokens: 60\ncallers:\n"
        f"  - name: assessor\n    token_sha256: {digest}\n",
        "utf-8",
    )


@pytest.mark.slow
def test_an_allowed_release_answers_with_receipts_that_verify(
    folder: Path, run: Commandline
) -> None:
    artifact = re.findall(r"sha256:[0-9a-f]{64}", run("audit release run RELEASE.toml").out)[0]
    with llama() as engine:
        settings(folder, engine.url)
        with served(folder, f"out/layout@{artifact}") as port:
            ask = {"messages": [{"role": "user", "content": "my number is 13812345678"}]}
            status, headers, answer = post(port, "/v1/chat/completions", ask)
            auth = {"Authorization": f"Bearer {TOKEN}"}
            text = answer["choices"][0]["message"]["content"]
            told = post(port, "/v1/watermark/detect", {"text": text}, **auth)
            refused = post(port, "/v1/watermark/detect", {"text": text})
    assert status == 200
    assert "13812345678" not in json.dumps(engine.requests)
    receipt_id = headers["x-audit-receipt"]
    assert answer["audit"]["model_digest"] == artifact
    assert told[2]["verdict"] == "authentic"
    assert told[2]["attributions"][0]["receipt_id"] == receipt_id
    assert refused[0] == 401
    with ReceiptShelf(folder / "receipts.db") as shelf:
        record = shelf.find(receipt_id)
    assert record is not None
    receipt = verify_receipt(record.signed, read_trusted([folder / "marks/receipt.pub"]))
    assert (receipt.model_id, receipt.model_digest) == ("acme/support", artifact)
    with open_ledger(f"sqlite:///{folder}/out/ledger.db", read_only=True) as ledger:
        events = [entry.event for entry in ledger.entries(subject=artifact)]
    assert [event.type for event in events][-4:] == [
        "gate.decided", "serve.started", "response.begun", "response.served",
    ]  # fmt: skip
    assert unfinished(events) == ()


class Elsewhere(BaseHTTPRequestHandler):
    """A model server that gives no hand in sampling."""

    def log_message(self, *args: Any) -> None: ...

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": "call 13812345678 about the sea"}
        body = json.dumps({"choices": [{"index": 0, "message": message}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.mark.slow
def test_a_release_that_runs_elsewhere_is_served_with_receipts(
    folder: Path, run: Commandline
) -> None:
    inner = Tokenizer(models.WordLevel({"sea": 0, "?": 1}, "?"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.save(str(folder / "model" / "tokenizer.json"))
    artifact = re.findall(r"sha256:[0-9a-f]{64}", run("audit release run RELEASE.toml").out)[0]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (folder / "serve.yaml").write_text(
        f"upstream: http://127.0.0.1:{server.server_port}\nroot_key: marks/root.key\n"
        "receipt_key: marks/receipt.key\n",
        "utf-8",
    )
    try:
        with served(folder, f"out/layout@{artifact}") as port:
            ask = {"messages": [{"role": "user", "content": "hi"}]}
            status, headers, answer = post(port, "/v1/chat/completions", ask)
    finally:
        server.shutdown()
        server.server_close()
    assert status == 200
    assert "13812345678" not in json.dumps(answer)
    assert answer["audit"]["coverage"] == "blackbox"
    assert answer["audit"]["model_digest"] == artifact
    with ReceiptShelf(folder / "receipts.db") as shelf:
        record = shelf.find(headers["x-audit-receipt"])
    assert record is not None
    assert record.signed.receipt.engine == "upstream"


class Slow(BaseHTTPRequestHandler):
    """A model server whose stream takes its time; it notes when nobody reads any more."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None: ...

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for number in range(2000):
                row = {"choices": [{"index": 0, "delta": {"content": f"word{number} "}}]}
                body = f"data: {json.dumps(row)}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
                time.sleep(0.01)
        except OSError:
            self.server.left.set()  # type: ignore[attr-defined]


@contextlib.contextmanager
def slow_upstream(folder: Path, run: Commandline) -> Iterator[tuple[str, threading.Event]]:
    """Lay out a release that runs behind a slow server; give its place, and when it was left."""
    inner = Tokenizer(models.WordLevel({"sea": 0, "?": 1}, "?"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.save(str(folder / "model" / "tokenizer.json"))
    artifact = re.findall(r"sha256:[0-9a-f]{64}", run("audit release run RELEASE.toml").out)[0]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.left = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (folder / "serve.yaml").write_text(
        f"upstream: http://127.0.0.1:{server.server_port}\nroot_key: marks/root.key\n"
        "receipt_key: marks/receipt.key\n",
        "utf-8",
    )
    try:
        yield f"out/layout@{artifact}", server.left  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def reading(port: int) -> Iterator[socket.socket]:
    """Ask for a stream and read until words come."""
    body = json.dumps({"stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(head.encode() + body)
        got = b""
        while b"word5 " not in got:
            got += client.recv(4096)
        yield client


@pytest.mark.slow
def test_a_client_that_hangs_up_leaves_a_receipt_and_stops_the_engine(
    folder: Path, run: Commandline
) -> None:
    with slow_upstream(folder, run) as (artifact, left), served(folder, artifact) as port:
        with reading(port):
            pass
        assert left.wait(20)
        found = None
        for _ in range(100):
            found = run("audit watermark receipt unfinished --ledger sqlite:///out/ledger.db")
            if found.code == 0:
                break
            time.sleep(0.1)
    assert found is not None
    assert (found.code, found.out) == (0, "none\n")
    with open_ledger(f"sqlite:///{folder}/out/ledger.db", read_only=True) as ledger:
        (event,) = [entry.event for entry in ledger.entries(type="response.served")]
    with ReceiptShelf(folder / "receipts.db") as shelf:
        record = shelf.find(str(event.facts["receipt_id"]))
    assert record is not None
    assert "incomplete" in record.signed.receipt.labels


@pytest.mark.slow
def test_a_server_killed_within_an_answer_leaves_a_beginning_that_a_command_shows(
    folder: Path, run: Commandline
) -> None:
    with (
        slow_upstream(folder, run) as (artifact, _),
        served(folder, artifact) as port,
        reading(port) as client,
    ):
        kill_server(port)
        with contextlib.suppress(ConnectionError):
            while client.recv(65536):
                pass
        found = run("audit watermark receipt unfinished --ledger sqlite:///out/ledger.db")
    assert found.code == 10
    assert re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25} began at [0-9]+ ns\n", found.out)
    assert run("audit ledger verify --ledger sqlite:///out/ledger.db").code == 0


@pytest.mark.parametrize(
    "text",
    [
        "marks: vllm-gumbel\n",
        "upstream: http://x\nengine: http://y\n",
        "upstream: http://x\nmarks: audit-g1\n",
        "upstream: http://x\nmarks: vllm-gumbel\nengine_keys: k\n",
    ],
)
def test_engine_and_marks_must_fit(tmp_path: Path, text: str) -> None:
    path = tmp_path / "serve.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"serve\.yaml"):
        read_config(path)


@pytest.mark.parametrize(
    ("text", "name", "scheme"),
    [
        ("max_tokens: 5\n", "llama.cpp", Scheme.AUDIT_G1),
        ("upstream: http://x\n", "upstream", Scheme.AUDIT_G1),
        ("upstream: http://x\nmarks: audit-g1\nengine_keys: k\n", "vllm-audit-g1", Scheme.AUDIT_G1),
        ("upstream: https://x\nmarks: vllm-gumbel\n", "vllm", Scheme.VLLM_GUMBEL),
        ("upstream: http://x\nmarks: sglang-gumbel\n", "sglang", Scheme.SGLANG_GUMBEL),
    ],
)
def test_a_configuration_names_the_engine_and_its_mark(
    tmp_path: Path, text: str, name: str, scheme: Scheme
) -> None:
    path = tmp_path / "serve.yaml"
    path.write_text(text, "utf-8")
    config = read_config(path)
    assert engine_name(config) == name
    assert config.mark_profile().scheme is scheme


def test_a_denied_release_is_not_served(folder: Path, run: Commandline) -> None:
    out = run("audit release run RELEASE.toml --unsigned").out
    artifact = re.findall(r"sha256:[0-9a-f]{64}", out)[0]
    (folder / "serve.yaml").write_text("format: audit.serve/v1\n", "utf-8")
    done = run(
        f"audit release serve out/layout@{artifact} --policy policy.yaml --config serve.yaml"
    )
    assert done.code == 10
    assert done.out.startswith("deny: acme/support")


def test_an_allowed_release_without_keys_is_not_served(folder: Path, run: Commandline) -> None:
    artifact = re.findall(r"sha256:[0-9a-f]{64}", run("audit release run RELEASE.toml").out)[0]
    with llama() as engine:
        (folder / "serve.yaml").write_text(f"engine: {engine.url}\n", "utf-8")
        done = run(
            f"audit release serve out/layout@{artifact} --policy policy.yaml --config serve.yaml"
        )
    assert done.code == 2
    assert "keys/receipt.key" in done.err


@pytest.mark.parametrize(
    "text", ["receipts:\n  unrecorded: maybe\n", "engine: ftp://x\n", "top_p: '2'\n", "x: 1\n"]
)
def test_a_configuration_that_means_nothing_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "serve.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"serve\.yaml"):
        read_config(path)


def test_an_artifact_without_a_gguf_file_is_named(folder: Path, run: Commandline) -> None:
    for path in (folder / "model").glob("*.gguf"):
        path.rename(path.with_suffix(".md"))
        path.with_suffix(".md").write_text("# card", "utf-8")
    out = run("audit release run RELEASE.toml").out
    artifact = re.findall(r"sha256:[0-9a-f]{64}", out)[0]
    with pytest.raises(UsageError, match="0 GGUF files"):
        find_gguf(Layout.open(folder / "out" / "layout"), artifact)
