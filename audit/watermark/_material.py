"""Making the secrets of a gateway: the root of its marks, and the key of its receipts."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from audit.core.errors import UsageError
from audit.core.files import make_folder, write_whole
from audit.watermark._keys import KEY_BYTES
from audit.watermark._receipts import key_digest

ROOT_FILE, RECEIPT_FILE, PUBLIC_FILE = "root.key", "receipt.key", "receipt.pub"


@dataclass(frozen=True, slots=True)
class Material:
    """What was written, and the digest the receipt key is known by."""

    root: Path
    receipt: Path
    public: Path
    key: str


def make_material(folder: Path) -> Material:
    """Write `root.key` and `receipt.key` for their owner alone, and `receipt.pub`.

    Raises:
        UsageError: one of them is there; keys are never overwritten.
        StorageFailed: the folder cannot be written.
    """
    make_folder(folder)
    made = [folder / name for name in (ROOT_FILE, RECEIPT_FILE, PUBLIC_FILE)]
    for path in made:
        if path.exists():
            raise UsageError(f"{path} is there already", hint="name another folder")
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    contents = (secrets.token_hex(KEY_BYTES).encode() + b"\n", pem, public)
    for path, content, mode in zip(made, contents, (0o600, 0o600, 0o644), strict=True):
        with write_whole(path, mode=mode) as file:
            file.write(content)
    return Material(made[0], made[1], made[2], key_digest(private.public_key()))
