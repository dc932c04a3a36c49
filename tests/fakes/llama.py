"""A scripted llama-server: the interface of the real one over a model of a few tokens."""

import contextlib
import json
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIECES = [b"", b" sea", b" sky", b" is", b" wide", b" blue", b"\xe6\xb5", b"\xb7", b".", b"a"]
END = 0


class Handler(BaseHTTPRequestHandler):
    """Answers like llama-server; `server.fault` makes it answer wrongly."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one packet per answer

    def log_message(self, *args: Any) -> None: ...

    def do_GET(self) -> None:
        self._answer({"eos_token": "<|end|>"})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, request))  # type: ignore[attr-defined]
        self._answer(
            {"/tokenize": _tokenize, "/apply-template": _template, "/completion": _next}[self.path](
                request
            )
        )

    def _answer(self, value: object) -> None:
        fault = self.server.fault  # type: ignore[attr-defined]
        status, body = fault if fault else (200, json.dumps(value).encode())
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _tokenize(request: dict[str, Any]) -> object:
    text = request["content"]
    if text == "<|end|>":
        return {"tokens": [END]}
    known = {piece: number for number, piece in enumerate(PIECES) if piece}
    data, tokens = text.encode(), []
    while data:
        piece = max((p for p in known if data.startswith(p)), key=len, default=None)
        tokens.append(known[piece] if piece else 100 + data[0])
        data = data[len(piece) if piece else 1 :]
    return {"tokens": tokens}


def _template(request: dict[str, Any]) -> object:
    return {"prompt": "".join(message["content"] for message in request["messages"])}


def _next(request: dict[str, Any]) -> object:
    seed = sum((at + 1) * token for at, token in enumerate(request["prompt"]))
    weights = [1 + (seed * (number + 3)) % 7 for number in range(len(PIECES))]
    weights[END] = 20 if len(request["prompt"]) > 60 else 0
    order = sorted(range(len(PIECES)), key=lambda number: -weights[number])
    best = [
        {"id": n, "bytes": list(PIECES[n]), "logprob": math.log(weights[n] / sum(weights))}
        for n in order
        if weights[n]
    ]
    return {"completion_probabilities": [{"top_logprobs": best[: request["n_probs"]]}]}


@contextlib.contextmanager
def llama() -> Iterator[Any]:
    """Run the server on loopback; the value has `url`, `requests` and `fault`."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.fault, server.daemon_threads = [], None, True
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
