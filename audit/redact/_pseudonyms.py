"""Pseudonyms: the same value, the same token, for whoever holds the key.

A token is the value under AES-SIV (RFC 5297): deterministic, so it is consistent
over turns and machines without a table, and authenticated, so it is restored only
with the key, tenant, type and purpose it was made for. Destroying a key makes its
tokens meaningless for good; that is the erasure.

* Text that looks like a token is itself replaced, so nobody plants another's value.
* A token of another tenant, or one that was changed, stays as it is.

The result is pseudonymised (GDPR, Article 4(5)): still personal data for whoever
has the key.
"""

import base64
import os
import re
from collections.abc import Container
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

from audit.core.errors import ConfigError, InputMissing, StorageFailed
from audit.core.files import read_bounded
from audit.redact._types import Span
from audit.redact.shapes import Shape

_TOKEN = re.compile(r"<([A-Z][A-Z0-9_]{1,40}):([a-z2-7]{26,400})>")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")
KEY = 64
"""Bytes of an AES-256-SIV key."""

TOKEN_SHAPE = Shape("TOKEN", _TOKEN, (":",), r"<[A-Z][A-Z0-9_]{1,40}:[a-z2-7]{26}", score=1.0)
"""Finds what looks like a token, so that it is replaced like any other value."""


class KeyRing(Protocol):
    """Holds the keys of tenants; a scope is a subject, a day, or whatever is erased at once."""

    def key(self, tenant: str, scope: str) -> bytes:
        """Return the key of a scope, made when it is first asked for."""


class FileKeyRing:
    """Keys in a folder, each wrapped by the key of the tenant (AES-256-GCM).

    Trust: whoever reads the folder and the tenant's key can restore every token;
    keep the two apart. Copies of the folder survive a destruction.
    """

    def __init__(self, folder: Path, wrapping: bytes) -> None:
        if len(wrapping) != 32:
            raise ConfigError(f"a wrapping key of {len(wrapping)} bytes; it has 32")
        self._folder = folder
        self._wrapping = AESGCM(wrapping)

    def key(self, tenant: str, scope: str) -> bytes:
        """Return the key of a scope.

        Raises:
            ConfigError: a name that is no name, or a key that another key wrapped.
            StorageFailed: the key cannot be kept.
        """
        path = self._path(tenant, scope)
        name = f"{tenant}/{scope}".encode()
        try:
            data = read_bounded(path, limit=1024)
        except InputMissing:
            return self._made(path, name)
        try:
            return self._wrapping.decrypt(data[:12], data[12:], name)
        except InvalidTag as exc:
            raise ConfigError(f"{path}: not wrapped by this key") from exc

    def destroy(self, tenant: str, scope: str) -> None:
        """Erase the key of a scope: its tokens can never be restored again."""
        path = self._path(tenant, scope)
        try:
            size = path.stat().st_size
            with path.open("r+b") as file:
                file.write(os.urandom(size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except FileNotFoundError:
            return
        except OSError as exc:
            raise StorageFailed(f"{path}: cannot be erased: {exc.strerror}") from exc

    def _path(self, tenant: str, scope: str) -> Path:
        if not (_NAME.fullmatch(tenant) and _NAME.fullmatch(scope)):
            raise ConfigError("a tenant or scope is not a name of letters, digits, dots and dashes")
        return self._folder / tenant / f"{scope}.key"

    def _made(self, path: Path, name: bytes) -> bytes:
        key, nonce = os.urandom(KEY), os.urandom(12)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(nonce + self._wrapping.encrypt(nonce, key, name))
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:  # another process was quicker
            data = read_bounded(path, limit=1024)
            return self._wrapping.decrypt(data[:12], data[12:], name)
        except OSError as exc:
            raise StorageFailed(f"{path}: cannot be written: {exc.strerror}") from exc
        return key


class Pseudonyms:
    """Replaces values by tokens, and tokens by values, for one tenant, scope and purpose."""

    def __init__(self, ring: KeyRing, *, tenant: str, scope: str, purpose: str) -> None:
        self._cipher = AESSIV(ring.key(tenant, scope))
        self._about = [tenant.encode(), purpose.encode()]

    def __call__(self, span: Span, value: str) -> str:
        """Return the token of a value; a `Replacement`."""
        sealed = self._cipher.encrypt(
            value.encode("utf-8", "surrogatepass"), [*self._about, span.type.encode()]
        )
        return f"<{span.type}:{base64.b32encode(sealed).decode().rstrip('=').lower()}>"

    def restore(self, text: str, issued: Container[str] | None = None) -> str:
        """Return `text` with our tokens as the values they stand for.

        With `issued`, only those tokens are restored: the ones this conversation made.
        """

        def value(match: re.Match[str]) -> str:
            token = match.group()
            if issued is not None and token not in issued:
                return token
            body = match.group(2).upper()
            try:
                sealed = base64.b32decode(body + "=" * (-len(body) % 8))
                plain = self._cipher.decrypt(sealed, [*self._about, match.group(1).encode()])
            except (InvalidTag, ValueError):
                return token
            return plain.decode("utf-8", "surrogatepass")

        return _TOKEN.sub(value, text)
