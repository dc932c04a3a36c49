"""A witness's key, and the cosignatures it makes (C2SP tlog-cosignature).

The file holds one line, `PRIVATE+KEY+NAME+KEYID+BASE64`, where the base64 is
the algorithm's byte and a seed of 32 bytes.
"""

import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from audit.core.errors import ConfigError, UsageError
from audit.core.files import read_bounded, write_whole
from audit.ledger._base64 import decode_base64, encode_base64
from audit.ledger._keys import ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, NAME, VerifierKey
from audit.ledger._note import SignatureLine

ALGORITHMS = {"ml-dsa-44": MLDSA44_COSIGNATURE, "ed25519": ED25519_COSIGNATURE}
_SEED_SIZE = 32
_FILE = re.compile(r"PRIVATE\+KEY\+([^+\s]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,64})\n?")


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A key that cosigns checkpoints."""

    key: VerifierKey
    _private: Ed25519PrivateKey | MLDSA44PrivateKey = field(repr=False)

    @classmethod
    def from_seed(cls, name: str, algorithm: int, seed: bytes) -> "Cosigner":
        """Return the cosigner whose key the seed fixes."""
        private: Ed25519PrivateKey | MLDSA44PrivateKey = (
            MLDSA44PrivateKey.from_seed_bytes(seed)
            if algorithm == MLDSA44_COSIGNATURE
            else Ed25519PrivateKey.from_private_bytes(seed)
        )
        public = private.public_key().public_bytes_raw()
        return cls(VerifierKey.of(name, algorithm, public), private)

    @property
    def vkey(self) -> str:
        """The verifier key that a policy names."""
        return str(self.key)

    def cosign(self, text: bytes, *, at: int) -> SignatureLine:
        """Return the cosignature over a checkpoint's text, made `at` UTC seconds."""
        signature = self._private.sign(self.key.message(text, at))
        return SignatureLine(self.key.name, self.key.key_id, at.to_bytes(8, "big") + signature)


def generate_cosigner(path: Path, *, name: str, algorithm: str) -> str:
    """Make a witness's key, write it with mode 0600, and return its verifier key.

    Raises:
        UsageError: the file is already there, or `name` cannot name a key.
        StorageFailed: the file cannot be written.
    """
    if not NAME.fullmatch(name) or not name.isascii():
        raise UsageError(f"{name!r} cannot name a key: printable ASCII, no space, no plus")
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} is already there; a key is never overwritten")
    seed = secrets.token_bytes(_SEED_SIZE)
    cosigner = Cosigner.from_seed(name, ALGORITHMS[algorithm], seed)
    secret = encode_base64(bytes([cosigner.key.algorithm]) + seed)
    with write_whole(path, mode=0o600, replace=False) as file:
        file.write(f"PRIVATE+KEY+{name}+{cosigner.key.key_id.hex()}+{secret}\n".encode("ascii"))
    return cosigner.vkey


def load_cosigner(path: Path) -> Cosigner:
    """Return the witness's key in a file.

    Raises:
        InputMissing: the file is not there or cannot be read.
        ConfigError: not a witness's key.
    """
    match = _FILE.fullmatch(read_bounded(path, limit=1024).decode("ascii", "replace"))
    if match is None:
        raise ConfigError(f"{path}: not a witness's key", hint="audit ledger witness key --help")
    name, key_id, encoded = match.groups()
    material = decode_base64(encoded)
    if len(material) != 1 + _SEED_SIZE or material[0] not in ALGORITHMS.values():
        raise ConfigError(f"{path}: not a witness's key of an algorithm known here")
    cosigner = Cosigner.from_seed(name, material[0], material[1:])
    if cosigner.key.key_id.hex() != key_id:
        raise ConfigError(f"{path}: the key does not have the id it says")
    return cosigner
