"""The witness over HTTP. Put a proxy with TLS before it if it is to be public."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override

from audit.core.errors import UsageError
from audit.ledger.witness._witness import MAX_REQUEST, Answer, Witness

_TIMEOUT_SECONDS = 10


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness at `/add-checkpoint`."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        """Bind to an address; port 0 takes a free one.

        Raises:
            UsageError: the address cannot be used.
        """
        self.witness = witness
        try:
            super().__init__(address, _Handler)
        except OSError as exc:
            host, port = address
            raise UsageError(f"cannot listen on {host}:{port}: {exc.strerror}") from exc

    @property
    def url(self) -> str:
        """The submission prefix."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_SECONDS
    server: WitnessServer

    def do_POST(self) -> None:
        """Answer a request for a cosignature."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            self._answer(Answer(404), close=True)
        elif not length.isdigit() or int(length) > MAX_REQUEST:
            self._answer(Answer(413), close=True)
        else:
            self._answer(self._cosignature(self.rfile.read(int(length))))

    def _cosignature(self, request: bytes) -> Answer:
        try:
            return self.server.witness.add_checkpoint(request)
        except Exception:  # noqa: BLE001 - whatever fails, no cosignature leaves
            return Answer(500, b"the witness cannot answer\n")

    def _answer(self, answer: Answer, *, close: bool = False) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(answer.body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: requests are not ours to log."""
