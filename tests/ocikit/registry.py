"""A small OCI registry: distribution-spec 1.1 in memory, with a hook before every answer."""

import base64
import hashlib
import json
import re
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
USER, SECRET = "ci", "s3cret-of-the-registry"
BASIC = "Basic " + base64.b64encode(f"{USER}:{SECRET}".encode()).decode()

Hook = Callable[["Handler"], bool]
"""Answers a request itself and returns True, or leaves it to the registry."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing about a client that went away: the tests make clients do so."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@dataclass
class Registry:
    """What one registry holds and how it behaves."""

    referrers: bool = True
    login: str | None = None
    """None, `basic` or `bearer`."""
    page: int = 1000
    hook: Hook | None = None
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @contextmanager
    def serving(self) -> Iterator["Registry"]:
        class Bound(Handler):
            registry = self

        server = _Server(("127.0.0.1", 0), Bound)
        server.daemon_threads = True
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def asked(self, method: str, part: str) -> list[dict[str, str]]:
        """Return the headers of every request of a kind, by lower-case name."""
        return [h for m, path, h in self.requests if m == method and part in path]


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    registry: Registry
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one packet, or the other side waits for the rest

    def log_message(self, *args: object) -> None:
        pass

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def say(
        self, code: int, body: bytes = b"", kind: str = "application/json", **headers: str
    ) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if not any(name.lower() in {"content_length", "transfer_encoding"} for name in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def route(self) -> None:
        registry = self.registry
        url = urlsplit(self.path)
        self.url, self.query = url, {k: v[0] for k, v in parse_qs(url.query).items()}
        with registry.lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            registry.requests.append((self.command, self.path, headers))
        if registry.hook and registry.hook(self):
            return
        if url.path == "/token":
            self.token()
        elif self.allowed():
            self.serve(url.path)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = route  # noqa: N815

    def allowed(self) -> bool:
        login, said = self.registry.login, self.headers.get("Authorization", "")
        if login is None or (login == "basic" and said == BASIC):
            return True
        if login == "bearer" and said.removeprefix("Bearer ") in self.registry.tokens:
            return True
        self.body()
        challenge = (
            'Basic realm="registry"'
            if login == "basic"
            else f'Bearer realm="http://{self.registry.host}/token",service="r",scope="wide"'
        )
        self.say(401, b"{}", WWW_Authenticate=challenge)
        return False

    def token(self) -> None:
        if self.headers.get("Authorization") != BASIC:
            self.say(401, b"{}")
            return
        made = secrets.token_hex(8)
        self.registry.tokens.add(made)
        self.say(200, json.dumps({"token": made}).encode())

    def serve(self, path: str) -> None:
        patterns = {
            r"/v2/(?P<repo>.+)/manifests/(?P<ref>[^/]+)": self.manifest,
            r"/v2/(?P<repo>.+)/blobs/uploads/(?P<ref>[^/]*)": self.upload,
            r"/v2/(?P<repo>.+)/blobs/(?P<ref>[^/]+)": self.blob,
            r"/v2/(?P<repo>.+)/referrers/(?P<ref>[^/]+)": self.list_referrers,
        }
        for pattern, serve in patterns.items():
            if match := re.fullmatch(pattern, path):
                serve(match["repo"], match["ref"])
                return
        self.say(404, b"{}")

    def manifest(self, repo: str, ref: str) -> None:
        registry = self.registry
        if self.command == "PUT":
            data = self.body()
            digest = digest_of(data)
            kind = self.headers["Content-Type"]
            with registry.lock:
                for name in {ref, digest}:
                    registry.manifests[repo, name] = (kind, data)
            headers = {"Docker_Content_Digest": digest}
            subject = json.loads(data).get("subject")
            if registry.referrers and subject:
                headers["OCI_Subject"] = subject["digest"]
            self.say(201, **headers)
        elif (repo, ref) in registry.manifests:
            kind, data = registry.manifests[repo, ref]
            self.say(200, data, kind, Docker_Content_Digest=digest_of(data))
        else:
            self.say(404, b"{}")

    def blob(self, repo: str, ref: str) -> None:
        data = self.registry.blobs.get(ref)
        if data is None:
            self.say(404, b"{}")
        elif asked := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(asked[1])
            part = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.say(206, data[start:], "application/octet-stream", Content_Range=part)
        else:
            self.say(200, data, "application/octet-stream")

    def upload(self, repo: str, ref: str) -> None:
        registry = self.registry
        if self.command == "POST":
            if (mount := self.query.get("mount")) in registry.blobs:
                self.say(201, Location=f"/v2/{repo}/blobs/{mount}")
                return
            ref = secrets.token_hex(8)
            registry.uploads[ref] = bytearray()
            self.say(202, Location=f"/v2/{repo}/blobs/uploads/{ref}?state=x")
            return
        held = registry.uploads[ref]
        where = {"Location": self.path.partition("&digest=")[0]}
        if self.command == "GET":
            self.say(204, Range=f"0-{max(len(held) - 1, 0)}", **where)
            return
        if self.command == "PATCH":
            start = int(self.headers.get("Content-Range", "0-").partition("-")[0])
            if start != len(held):
                self.say(416, Range=f"0-{max(len(held) - 1, 0)}", **where)
                return
            held += self.body()
            self.say(202, Range=f"0-{len(held) - 1}", **where)
            return
        data = bytes(held) + self.body()
        if digest_of(data) != self.query["digest"]:
            self.say(400, b"{}")
            return
        registry.blobs[digest_of(data)] = data
        self.say(201, Docker_Content_Digest=digest_of(data))

    def list_referrers(self, repo: str, ref: str) -> None:
        registry = self.registry
        if not registry.referrers:
            self.say(404, b"{}")
            return
        with registry.lock:
            held = dict(registry.manifests)
        found = [
            {"mediaType": kind, "digest": name, "size": len(data)}
            for (where, name), (kind, data) in sorted(held.items())
            if where == repo
            and name.startswith("sha256:")
            and json.loads(data).get("subject", {}).get("digest") == ref
        ]
        start = int(self.query.get("from", 0))
        page = found[start : start + registry.page]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": page}
        after = start + registry.page
        link = {"Link": f'<{self.url.path}?from={after}>; rel="next"'} if after < len(found) else {}
        self.say(200, json.dumps(index).encode(), INDEX, **link)
