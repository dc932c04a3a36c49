"""A small service that speaks S3 on loopback and refuses whoever did not sign.

It computes each signature from the bytes that arrived, with code of its own.
"""

import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote

KEY, SECRET = "AKIDTEST", "secret/with+signs"
REGION = "eu-central-1"
PAGE = 3
"""How many names a listing gives at a time."""


@dataclass
class S3Server:
    """Buckets in memory. `faults` are what the next requests get instead of an answer."""

    buckets: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"logs": {}})
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[int | str] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def environ(self, **more: str) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": self.url,
        } | more

    @contextmanager
    def serving(self) -> Iterator["S3Server"]:
        with ThreadingHTTPServer(("127.0.0.1", 0), _handler(self)) as http:
            http.daemon_threads = True
            self.url = f"http://127.0.0.1:{http.server_address[1]}"
            thread = threading.Thread(target=http.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield self
            finally:
                http.shutdown()
                thread.join()


def problem(method: str, target: str, headers: Any, body: bytes) -> str | None:
    """Return why a request is refused, if it is."""
    match = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/s3/aws4_request,"
        r"SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})",
        headers.get("Authorization", ""),
    )
    if match is None:
        return "AccessDenied"
    key, day, region, names, signature = match.groups()
    if key != KEY:
        return "InvalidAccessKeyId"
    if hashlib.sha256(body).hexdigest() != headers.get("x-amz-content-sha256"):
        return "XAmzContentSHA256Mismatch"
    if not {"host", "x-amz-content-sha256", "x-amz-date"} <= set(names.split(";")):
        return "AccessDenied"
    path, _, query = target.partition("?")
    lines = [method, path, "&".join(sorted(query.split("&")))]
    lines += [f"{name}:{headers[name].strip()}" for name in names.split(";")]
    lines += ["", names, headers["x-amz-content-sha256"]]
    scope = f"{day}/{region}/s3/aws4_request"
    hashed = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashed])
    secret = ("AWS4" + SECRET).encode()
    for part in (day, region, "s3", "aws4_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    wanted = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    return None if hmac.compare_digest(wanted, signature) else "SignatureDoesNotMatch"


def _handler(server: S3Server) -> type[BaseHTTPRequestHandler]:  # noqa: C901
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def refuse(self, status: int, code: str) -> None:
            self.answer(status, f"<Error><Code>{code}</Code></Error>".encode())

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.seen.append((self.command, self.path))
            if server.faults:
                self.fail(server.faults.pop(0))
            elif why := problem(self.command, self.path, self.headers, body):
                self.refuse(403, why)
            else:
                self.serve(body)

        def fail(self, fault: int | str) -> None:
            if isinstance(fault, int):
                self.refuse(fault, "SlowDown")
                return
            self.close_connection = True
            if fault == "cut":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"half")

        def serve(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            name, _, key = unquote(path).removeprefix("/").partition("/")
            bucket = server.buckets.get(name)
            if bucket is None:
                self.refuse(404, "NoSuchBucket")
            elif not key:
                self.list(bucket, dict(parse_qsl(query)))
            elif self.command == "PUT":
                bucket[key] = body
                server.headers[key] = {k.lower(): v for k, v in self.headers.items()}
                self.answer(200)
            elif self.command == "DELETE":
                bucket.pop(key, None)
                self.answer(204)
            elif key in bucket:
                self.answer(200, bucket[key])
            else:
                self.refuse(404, "NoSuchKey")

        def list(self, bucket: dict[str, bytes], query: dict[str, str]) -> None:
            after = query.get("continuation-token", "")
            names = sorted(k for k in bucket if k.startswith(query["prefix"]) and k > after)
            body = "".join(f"<Contents><Key>{name}</Key></Contents>" for name in names[:PAGE])
            if len(names) > PAGE:
                body += f"<NextContinuationToken>{names[PAGE - 1]}</NextContinuationToken>"
            self.answer(200, f"<ListBucketResult>{body}</ListBucketResult>".encode())

        do_GET = do_PUT = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    return Handler
