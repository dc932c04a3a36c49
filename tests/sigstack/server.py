"""The stack over HTTP on loopback: what Fulcio, Rekor and a timestamp authority answer."""

import base64
import json
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key

from tests.sigstack.merkle import b64, sha256
from tests.sigstack.stack import EMAIL, Stack

Json = dict[str, Any]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Server:
    """One stack behind one port. `broken` names endpoints that fail."""

    port: int = 0
    seed: str = field(default_factory=lambda: secrets.token_hex(8))
    broken: set[str] = field(default_factory=set)
    stack: Stack = field(init=False)

    def __post_init__(self) -> None:
        # cosign takes a raw token only when it is RS256; a file name otherwise.
        self.oidc = rsa.generate_private_key(65537, 2048)
        self.http = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.stack = Stack(seed=self.seed, url=f"http://127.0.0.1:{self.port}", now=now)

    @contextmanager
    def serving(self) -> Iterator["Server"]:
        thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.http.shutdown()
            self.http.server_close()
            thread.join()

    def write_config(self, folder: Path) -> None:
        """Write trusted root, signing configurations and client configurations."""
        documents = {"trusted_root": self.stack.trusted_root()}
        for version in (1, 2):
            documents[f"signing_config_v{version}"] = self.stack.signing_config(version)
            documents[f"client_config_v{version}"] = self.stack.client_config(version)
        for name, value in documents.items():
            (folder / f"{name}.json").write_text(json.dumps(value, indent=1))

    def token(self, **claims: object) -> str:
        at = int(now().timestamp())
        usual = {
            "iss": self.stack.url,
            "aud": "sigstore",
            "iat": at - 5,
            "nbf": at - 5,
            "exp": at + 600,
            "sub": EMAIL,
            "email": EMAIL,
            "email_verified": True,
        }
        given = {k: v for k, v in (usual | claims).items() if v is not None}
        return jwt.encode(given, self.oidc, algorithm="RS256", headers={"kid": "1"})

    # Endpoints

    def certificate(self, headers: Any, body: Json) -> tuple[int, Json]:
        token = (headers.get("Authorization") or "").removeprefix("Bearer ")
        token = token or body.get("credentials", {}).get("oidcIdentityToken", "")
        try:
            claims = jwt.decode(
                token,
                self.oidc.public_key(),
                algorithms=["RS256"],
                audience="sigstore",
                issuer=self.stack.url,
            )
        except jwt.InvalidTokenError as exc:
            return 401, {"code": 16, "message": f"token: {exc}"}
        who = str(claims.get("email") or claims["sub"])
        if "certificateSigningRequest" in body:
            request = x509.load_pem_x509_csr(base64.b64decode(body["certificateSigningRequest"]))
            if not request.is_signature_valid:
                return 400, {"code": 3, "message": "the request is not signed by its key"}
            key: Any = request.public_key()
        else:
            asked = body["publicKeyRequest"]
            key = load_pem_public_key(asked["publicKey"]["content"].encode())
            proof = base64.b64decode(asked["proofOfPossession"])
            key.verify(proof, who.encode(), ec.ECDSA(hashes.SHA256()))
        name: x509.GeneralName = (
            x509.RFC822Name(who) if "email" in claims else x509.UniformResourceIdentifier(who)
        )
        leaf = self.stack.fulcio.issue(key, self.stack.wanted(names=(name,)))
        chain = [
            one.public_bytes(Encoding.PEM).decode() for one in (leaf, *self.stack.fulcio.chain)
        ]
        return 200, {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}

    def rekor1(self, headers: Any, body: Json) -> tuple[int, Json]:
        entry = self.stack.entry_v1(_body_v1(body))
        proof = entry["inclusionProof"]

        def hexed(text: str) -> str:
            return base64.b64decode(text).hex()

        value = {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logID": self.stack.rekor1.log_id.hex(),
            "logIndex": int(entry["logIndex"]),
            "verification": {
                "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
                "inclusionProof": {
                    "logIndex": int(proof["logIndex"]),
                    "treeSize": int(proof["treeSize"]),
                    "rootHash": hexed(proof["rootHash"]),
                    "hashes": [hexed(node) for node in proof["hashes"]],
                    "checkpoint": proof["checkpoint"]["envelope"],
                },
            },
        }
        return 201, {self.stack.rekor1.leaves[value["logIndex"]].hex(): value}

    def rekor2(self, headers: Any, body: Json) -> tuple[int, Json]:
        if asked := body.get("hashedRekordRequestV002"):
            data = {"algorithm": "SHA2_256", "digest": asked["digest"]}
            spec = {"hashedRekordV002": {"data": data, "signature": asked["signature"]}}
            made = {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec}
        else:
            asked = body["dsseRequestV002"]
            payload = base64.b64decode(asked["envelope"]["payload"])
            signatures = [
                {"content": one["sig"], "verifier": verifier}
                for one, verifier in zip(
                    asked["envelope"]["signatures"], asked["verifiers"], strict=True
                )
            ]
            digest = {"algorithm": "SHA2_256", "digest": b64(sha256(payload))}
            inner = {"dsseV002": {"payloadHash": digest, "signatures": signatures}}
            made = {"apiVersion": "0.0.2", "kind": "dsse", "spec": inner}
        return 201, self.stack.entry_v2(made)

    def _handler(self) -> type[BaseHTTPRequestHandler]:  # noqa: C901
        server = self
        posts: dict[str, Callable[[Any, Json], tuple[int, Json]]] = {
            "/api/v2/signingCert": self.certificate,
            "/api/v1/log/entries": self.rekor1,
            "/api/v2/log/entries": self.rekor2,
        }

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16

            def log_message(self, *args: object) -> None:
                pass

            def say(
                self, code: int, body: bytes, kind: str = "application/json", **more: str
            ) -> None:
                self.send_response(code)
                for name, value in {"Content-Type": kind, **more}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                url = server.stack.url
                if self.path == "/.well-known/openid-configuration":
                    found = {
                        "issuer": url,
                        "jwks_uri": f"{url}/keys",
                        "authorization_endpoint": f"{url}/auth",
                        "token_endpoint": f"{url}/token",
                    }
                    self.say(200, json.dumps(found).encode())
                elif self.path == "/token":
                    self.say(200, server.token().encode(), "text/plain")
                else:
                    self.say(404, b"{}")

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.rstrip("/")
                if path in server.broken:
                    self.say(500, b'{"code":13,"message":"out of order"}')
                elif path == "/api/v1/timestamp":
                    self.timestamp(raw)
                elif path in posts:
                    code, value = posts[path](self.headers, json.loads(raw))
                    # sigstore-go finds the entry by this header.
                    tag = {"ETag": next(iter(value))} if path == "/api/v1/log/entries" else {}
                    self.say(code, json.dumps(value).encode(), **tag)
                else:
                    self.say(404, b"{}")

            def timestamp(self, raw: bytes) -> None:
                if raw[:1] == b"{":
                    raw = _request_der(json.loads(raw))
                answer = server.stack.tsa.answer(raw, now())
                self.say(201, answer, "application/timestamp-reply")

        return Handler


def _body_v1(asked: Json) -> Json:
    spec = asked["spec"]
    if asked["kind"] == "hashedrekord":
        signature, digest = spec["signature"], spec["data"]["hash"]
        kept = {
            "data": {"hash": {"algorithm": digest["algorithm"], "value": digest["value"]}},
            "signature": {
                "content": signature["content"],
                "publicKey": {"content": signature["publicKey"]["content"]},
            },
        }
        return {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": kept}
    proposed = spec["proposedContent"]
    envelope = json.loads(proposed["envelope"])
    payload = base64.b64decode(envelope["payload"])
    signatures = [
        {"signature": one["sig"], "verifier": verifier}
        for one, verifier in zip(envelope["signatures"], proposed["verifiers"], strict=True)
    ]
    text = proposed["envelope"].encode()
    kept = {
        "envelopeHash": {"algorithm": "sha256", "value": sha256(text).hex()},
        "payloadHash": {"algorithm": "sha256", "value": sha256(payload).hex()},
        "signatures": signatures,
    }
    return {"apiVersion": "0.0.1", "kind": "dsse", "spec": kept}


def _request_der(asked: Json) -> bytes:
    """Return the DER of a request in the JSON form of Sigstore's timestamp authority."""
    from asn1crypto import tsp

    algorithm = asked["hashAlgorithm"].replace("-", "").lower()
    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": {"algorithm": algorithm},
                "hashed_message": base64.b64decode(asked["artifactHash"]),
            },
            "cert_req": bool(asked.get("certificates")),
        }
    )
    if asked.get("nonce"):
        request["nonce"] = int(asked["nonce"])
    data: bytes = request.dump()
    return data


def main() -> None:
    """Serve until killed: `python -m tests.sigstack.server PORT FOLDER`."""
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(port=int(sys.argv[1]))
    server.write_config(folder)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.http.serve_forever()


if __name__ == "__main__":
    main()
