"""The key tree: one root, one key per model and epoch, one sub-key per purpose.

    root --HKDF--> (model digest, epoch) --HKDF--> pilot, payload, tag, sketch,
                                                   fingerprint, text

The rules:

* A model never shares a key with another, and an epoch ends; old keys stay
  derivable, so old text can be examined.
* The root never has to leave its module: `RootKey` is a protocol with the one
  operation HKDF, which PKCS#11 tokens and key services offer.
* `pilot` alone lets a third party find the mark, and nothing else.

Trust: whoever holds the root can forge any mark. The pilot key forges presence.
Receipts are signed with another key, so neither forges a receipt.
"""

import hmac
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from audit.core.errors import ConfigError, UsageError
from audit.core.files import read_bounded
from audit.documents import KeyRegistry, RegisteredKey

_DOMAIN = b"lastmile-audit/watermark/v1"
_PURPOSES = ("pilot", "payload", "tag", "sketch", "fingerprint", "text")
KEY_BYTES = 32


class RootKey(Protocol):
    """A secret that derives others; where it lives is its own business."""

    def derive(self, info: bytes, length: int) -> bytes:
        """Return HKDF-SHA256 of the secret with an empty salt (RFC 5869)."""


@dataclass(frozen=True, slots=True)
class LocalRoot:
    """A root key held in this process."""

    secret: bytes = field(repr=False)

    def derive(self, info: bytes, length: int) -> bytes:
        """Return HKDF-SHA256 of the secret with an empty salt (RFC 5869)."""
        return _hkdf(self.secret, info, length)


@dataclass(frozen=True, slots=True)
class EpochKeys:
    """The keys of one model in one epoch."""

    key_id: str
    pilot: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    tag: bytes = field(repr=False)
    sketch: bytes = field(repr=False)
    fingerprint: bytes = field(repr=False)
    text: bytes = field(repr=False)


def derive_epoch(root: RootKey, model_digest: str, epoch: str) -> EpochKeys:
    """Return the keys of `model_digest` in `epoch`."""
    secret = root.derive(_info(b"epoch", model_digest.encode(), epoch.encode()), KEY_BYTES)
    keys = {name: _hkdf(secret, _info(name.encode()), KEY_BYTES) for name in _PURPOSES}
    return EpochKeys(key_id=_hkdf(secret, _info(b"key-id"), 8).hex(), **keys)


def derive_registered(root: RootKey, line: RegisteredKey) -> EpochKeys:
    """Return the keys a registry line names.

    Raises:
        ConfigError: this root gives another key id, so it is not the line's root.
    """
    keys = derive_epoch(root, line.model_digest, line.epoch)
    if keys.key_id != line.key_id:
        raise ConfigError(
            f"the root key does not give key {line.key_id} for epoch {line.epoch} "
            f"(it gives {keys.key_id})",
            hint="use the root key the registry was written with",
        )
    return keys


def derive_all(root: RootKey, registry: KeyRegistry) -> dict[str, EpochKeys]:
    """Return the keys of every registry line by key id.

    Raises:
        ConfigError: a line is of another root.
    """
    return {line.key_id: derive_registered(root, line) for line in registry.keys}


def tag_for(keys: EpochKeys, receipt_id: str, ts_ns: int, *, symbols: int) -> bytes:
    """Return the payload that ties a response to its receipt, `symbols` bytes.

    The model digest is in the key already.
    """
    return hmac.digest(keys.tag, _info(receipt_id.encode(), str(ts_ns).encode()), "sha256")[
        :symbols
    ]


def receipt_key(keys: EpochKeys, receipt_id: str) -> int:
    """Return the 64-bit key for an engine that keys each request by itself."""
    message = _info(b"request", receipt_id.encode())
    return int.from_bytes(hmac.digest(keys.payload, message, "sha256")[:8])


def engine_key(keys: EpochKeys) -> int:
    """Return the 64-bit key for an engine that has one key for all requests."""
    return int.from_bytes(hmac.digest(keys.pilot, _info(b"engine"), "sha256")[:8])


def read_root(path: Path) -> LocalRoot:
    """Return the root key in a file: 64 hex digits, readable by its owner alone.

    Raises:
        InputMissing: not there or not readable.
        ConfigError: others can read it, or it is not 64 hex digits.
    """
    data = read_bounded(path, limit=1024)
    if os.stat(path).st_mode & (stat.S_IRWXG | stat.S_IRWXO):  # noqa: PTH116 - follows links
        raise ConfigError(f"{path}: others can read this key", hint=f"chmod 600 {path}")
    return _root(data, source=str(path))


def root_from(environ: Mapping[str, str], name: str = "AUDIT_WATERMARK_ROOT") -> LocalRoot:
    """Return the root key in the variable `name`.

    Raises:
        UsageError: the variable is not set.
        ConfigError: it is not 64 hex digits.
    """
    if name not in environ:
        raise UsageError(f"{name} is not set", hint=f"set {name} to 64 hex digits")
    return _root(environ[name].encode(), source=name)


def _root(data: bytes, *, source: str) -> LocalRoot:
    try:
        secret = bytes.fromhex(data.decode("ascii").strip())
    except ValueError as exc:
        raise ConfigError(f"{source}: not {2 * KEY_BYTES} hex digits") from exc
    if len(secret) != KEY_BYTES:
        raise ConfigError(f"{source}: holds {len(secret)} bytes, a root key has {KEY_BYTES}")
    return LocalRoot(secret)


def _hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret)


def _info(*parts: bytes) -> bytes:
    """Return the parts length-prefixed, so that no two lists of parts read the same."""
    return b"".join(len(part).to_bytes(4) + part for part in (_DOMAIN, *parts))


def text_lookup(keys: EpochKeys, text: bytes) -> bytes:
    """Return the 16 bytes under which a store finds the receipt of an unaltered text."""
    return hmac.digest(keys.text, _info(b"lookup", sha256(text).digest()), "sha256")[:16]


def salt_for(keys: EpochKeys, receipt_id: str) -> bytes:
    """Return the salt of a receipt's text commitment."""
    return hmac.digest(keys.text, _info(b"salt", receipt_id.encode()), "sha256")
