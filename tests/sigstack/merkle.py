"""A transparency log: RFC 6962 tree and signed checkpoints."""

import base64
import hashlib
import threading
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LogPrivate = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def tree_hash(leaves: list[bytes]) -> bytes:
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"")
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:]))


def audit_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) <= 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return [*audit_path(index, leaves[:split]), tree_hash(leaves[split:])]
    return [*audit_path(index - split, leaves[split:]), tree_hash(leaves[:split])]


@dataclass
class Log:
    """One log. `tiled` is Rekor v2: its id is that of a signed note key."""

    origin: str
    key: LogPrivate
    tiled: bool = False
    leaves: list[bytes] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def log_id(self) -> bytes:
        if self.tiled and isinstance(self.key, ed25519.Ed25519PrivateKey):
            raw = self.key.public_key().public_bytes_raw()
            return sha256(self.origin.encode() + b"\n\x01" + raw)
        return sha256(self.spki)

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(message)
        return self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    def checkpoint(self, size: int, root: bytes, *, name: str | None = None) -> str:
        note = f"{self.origin}\n{size}\n{b64(root)}\n"
        data = b64(self.log_id[:4] + self.sign(note.encode()))
        return f"{note}\n\u2014 {name or self.origin.split(' ')[0]} {data}\n"

    def add(self, body: bytes) -> dict[str, object]:
        """Append an entry and return its inclusion proof as protobuf JSON has it."""
        with self.lock:
            self.leaves.append(sha256(b"\x00" + body))
            leaves = list(self.leaves)
        index, size, root = len(leaves) - 1, len(leaves), tree_hash(leaves)
        return {
            "logIndex": str(index),
            "rootHash": b64(root),
            "treeSize": str(size),
            "hashes": [b64(node) for node in audit_path(index, leaves)],
            "checkpoint": {"envelope": self.checkpoint(size, root)},
        }
