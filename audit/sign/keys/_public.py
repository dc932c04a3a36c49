"""Public keys: one PEM block, one encoding, one name."""

import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from audit.core.errors import ConfigError
from audit.sign.keys import _algorithm, _pem

MAX_KEY_FILE = 64 << 10
"""Largest key file that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies. Its name, `key_id`, is the SHA-256 of its SubjectPublicKeyInfo."""

    spki: bytes
    math: _algorithm.PublicMath = field(repr=False, compare=False)

    @property
    def key_id(self) -> str:
        """Return `sha256:` and the digest of the key's DER encoding."""
        return "sha256:" + hashlib.sha256(self.spki).hexdigest()

    @property
    def pem(self) -> bytes:
        """Return the key as a PEM block `PUBLIC KEY`."""
        return self.math.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` is one of this key over `message`."""
        return _algorithm.verifies(self.math, signature, message)

    def verifies_digest(self, signature: bytes, digest: bytes) -> bool:
        """Whether `signature` is one of this key over bytes with this SHA-256."""
        return _algorithm.verifies_digest(self.math, signature, digest)

    @property
    def log_hashes(self) -> frozenset[str]:
        """The names of the digests under which a log may hold what this key signed."""
        return frozenset({_algorithm.hash_of(self.math).name})


def public_key(math: object) -> PublicKey:
    """Wrap a key of the cryptography library.

    Raises:
        ValueError: a kind, curve or size of key that is not used.
    """
    key = _algorithm.usable(math)
    return PublicKey(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), key)


def load_public_key(pem: bytes, *, source: str) -> PublicKey:
    """Return the key in a PEM text that holds one block `PUBLIC KEY` and nothing else.

    `source` names the text in errors.

    Raises:
        ConfigError: not such a text, a second spelling of a key, or a key that is not used.
    """
    if len(pem) > MAX_KEY_FILE:
        raise ConfigError(f"{source}: larger than a key file can be ({MAX_KEY_FILE} bytes)")
    try:
        der = _pem.only_block(pem, "PUBLIC KEY")
        key = public_key(load_der_public_key(der))
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise ConfigError(
            f"{source}: not a public key that can be used: {_reason(exc)}",
            hint="one PEM block PUBLIC KEY is read; P-256 is what audit sign key generate makes",
        ) from exc
    if key.spki != der:
        raise ConfigError(f"{source}: the key is not in its one DER encoding, so its id would vary")
    return key


def _reason(exc: Exception) -> str:
    # The library's own texts run over lines and name its internals; ours are one short line.
    first = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
    return first[:120].rstrip(".")
