"""Rekor v2 and a timestamp authority as their own projects serve them, on loopback."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.ocikit.processes import free_port, program, running
from tests.sigstack.authority import der, spki
from tests.sigstack.merkle import b64
from tests.sigstack.server import Server

Json = dict[str, Any]


@contextmanager
def real_services(folder: Path, server: Server) -> Iterator[Path]:
    """Run both, and give a folder of configurations that name them beside the stack's authority."""
    log_port, tsa_port = free_port(), free_port()
    with (
        rekor(folder, log_port) as (log, key),
        timestamps(folder, tsa_port) as (tsa, chain),
    ):
        root, config = server.stack.trusted_root(), server.stack.signing_config(2)
        valid = root["tlogs"][0]["publicKey"]["validFor"]
        root["tlogs"] = [_log(log, key, valid)]
        root["timestampAuthorities"][0]["certChain"] = {
            "certificates": [{"rawBytes": b64(der(one))} for one in chain]
        }
        config["rekorTlogUrls"][0]["url"] = log
        config["tsaUrls"][0]["url"] = f"{tsa}/api/v1/timestamp"
        client = server.stack.client_config(2) | {"trustedRoot": root, "signingConfig": config}
        for name, value in (
            ("trusted_root", root),
            ("signing_config", config),
            ("client_config", client),
        ):
            (folder / f"{name}.json").write_text(json.dumps(value))
        yield folder


@contextmanager
def rekor(folder: Path, port: int) -> Iterator[tuple[str, ed25519.Ed25519PublicKey]]:
    """Run rekor-tiles on files; give its URL and key."""
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "log.pem").write_bytes(pem)
    (folder / "tiles").mkdir()
    command = [
        program("rekor-tiles"),
        "serve",
        # The name of a log is the host of its URL, without the port.
        "--hostname=localhost",
        f"--storage-dir={folder / 'tiles'}",
        f"--signer-filepath={folder / 'log.pem'}",
        f"--http-port={port}",
        f"--grpc-port={free_port()}",
        f"--http-metrics-port={free_port()}",
        "--checkpoint-interval=1s",
        "--log-level=error",
    ]
    with running(command, port, log=folder / "log.out"):
        yield f"http://localhost:{port}", key.public_key()


@contextmanager
def timestamps(folder: Path, port: int) -> Iterator[tuple[str, list[x509.Certificate]]]:
    """Run timestamp-server with a key in memory; give its URL and chain."""
    command = [
        program("timestamp-server"),
        "serve",
        "--host=127.0.0.1",
        f"--port={port}",
        "--timestamp-signer=memory",
        "--disable-ntp-monitoring",
    ]
    with running(command, port, log=folder / "tsa.out"):
        url = f"http://127.0.0.1:{port}"
        chain = httpx.get(f"{url}/api/v1/timestamp/certchain", timeout=10).raise_for_status()
        yield url, x509.load_pem_x509_certificates(chain.content)


def _log(url: str, key: ed25519.Ed25519PublicKey, valid: Json) -> Json:
    identity = hashlib.sha256(b"localhost\n\x01" + key.public_bytes_raw()).digest()
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": base64.b64encode(spki(key)).decode(),
            "keyDetails": "PKIX_ED25519",
            "validFor": valid,
        },
        "logId": {"keyId": b64(identity)},
    }
