"""A note signer with a key made from a seed, for tests of what is signed."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class SeededSigner:
    """Signs C2SP notes with an Ed25519 key that a name and a seed fix."""

    def __init__(self, name: str, seed: str = "") -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(
            hashlib.sha256(f"{name} {seed}".encode()).digest()
        )
        self.name = name

    @property
    def vkey(self) -> str:
        material = b"\x01" + self._key.public_key().public_bytes_raw()
        key_id = hashlib.sha256(self.name.encode() + b"\n" + material).hexdigest()[:8]
        return f"{self.name}+{key_id}+{base64.b64encode(material).decode()}"

    def sign_note(self, text: bytes) -> bytes:
        return self._key.sign(text)
