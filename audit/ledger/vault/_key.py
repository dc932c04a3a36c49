"""The vault's key: it finds subjects and wraps their keys, and lies outside the database.

Trust: whoever holds this key and the database reads every payload that was not
erased, and can tell for any identifier whether something is held about it.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.core.errors import ConfigError, UsageError, VerificationError
from audit.core.files import read_bounded, write_whole
from audit.ledger._base64 import decode_base64, encode_base64
from audit.ledger.vault._seal import NONCE_SIZE, Random

KEY_SIZE = 32
MAX_SUBJECT = 1000
_HEADER = b"audit.vault-key/v1\n"


@dataclass(frozen=True, slots=True)
class VaultKey:
    """Two secrets of 32 bytes: one finds subjects, the other wraps their keys."""

    _find: bytes = field(repr=False)
    _wrap: bytes = field(repr=False)

    def check(self) -> bytes:
        """Return what tells this key from another, and tells nothing else."""
        material = hmac.digest(self._wrap, b"audit.vault/v1 check", hashlib.sha256)
        return hmac.digest(self._find, b"audit.vault/v1 check\0" + material, hashlib.sha256)[:16]

    def lookup(self, subject: str) -> bytes:
        """Return what a subject is found by in the database: a keyed hash of its identifier.

        Raises:
            UsageError: the identifier is empty, too long, or has no UTF-8.
        """
        try:
            name = subject.encode("utf-8")
        except UnicodeEncodeError as exc:
            raise UsageError("the subject's identifier has no UTF-8") from exc
        if not 0 < len(name) <= MAX_SUBJECT:
            raise UsageError(f"a subject's identifier is 1 to {MAX_SUBJECT} bytes long")
        return hmac.digest(self._find, b"audit.vault/v1 subject\0" + name, hashlib.sha256)

    def wrap(self, key: bytes, *, ref: str, lookup: bytes, random: Random) -> bytes:
        """Return a subject's key, encrypted and bound to that subject."""
        nonce = random(NONCE_SIZE)
        return nonce + AESGCM(self._wrap).encrypt(nonce, key, _bound(ref, lookup))

    def unwrap(self, wrapped: bytes, *, ref: str, lookup: bytes) -> bytes:
        """Return a subject's key.

        Raises:
            VerificationError: the row is not what this vault's key wrapped.
        """
        nonce, sealed = wrapped[:NONCE_SIZE], wrapped[NONCE_SIZE:]
        try:
            return AESGCM(self._wrap).decrypt(nonce, sealed, _bound(ref, lookup))
        except (InvalidTag, ValueError) as exc:
            raise VerificationError(f"the key of the subject {ref} was edited") from exc

    def successor(self, random: Random) -> "VaultKey":
        """Return a key that finds the same subjects and wraps their keys anew."""
        return VaultKey(self._find, random(KEY_SIZE))

    def write(self, path: Path) -> None:
        """Write the key with mode 0600; a key is never overwritten.

        Raises:
            UsageError: the file is already there.
            StorageFailed: the file cannot be written.
        """
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path} is already there; a key is never overwritten")
        with write_whole(path, mode=0o600, replace=False) as file:
            text = encode_base64(self._find + self._wrap)
            file.write(_HEADER + text.encode("ascii") + b"\n")


def _bound(ref: str, lookup: bytes) -> bytes:
    return b"audit.vault/v1 key\0" + ref.encode() + b"\0" + lookup


def generate_vault_key(path: Path, *, random: Random = secrets.token_bytes) -> None:
    """Make a vault's key and write it with mode 0600; a key is never overwritten.

    Raises:
        UsageError: the file is already there.
        StorageFailed: the file cannot be written.
    """
    VaultKey(random(KEY_SIZE), random(KEY_SIZE)).write(path)


def load_vault_key(path: Path) -> VaultKey:
    """Return the vault's key in a file.

    Raises:
        InputMissing: the file is not there or cannot be read.
        ConfigError: not a vault's key.
    """
    data = read_bounded(path, limit=1024)
    material = decode_base64(data[len(_HEADER) :].decode("ascii", "replace").removesuffix("\n"))
    if not data.startswith(_HEADER) or len(material) != 2 * KEY_SIZE:
        raise ConfigError(
            f"{path}: not a vault's key", hint="make one: audit ledger vault key --out FILE"
        )
    return VaultKey(material[:KEY_SIZE], material[KEY_SIZE:])
