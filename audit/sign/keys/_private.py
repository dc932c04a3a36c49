"""Private keys: PKCS#8 in a PEM file that only its owner can read."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

from audit.core.errors import ConfigError, UsageError
from audit.core.files import read_bounded, write_whole
from audit.sign.keys import _algorithm, _cosign_file
from audit.sign.keys._public import MAX_KEY_FILE, PublicKey, public_key


class Signer(Protocol):
    """Whatever signs: a key in a file or in a device."""

    @property
    def public(self) -> PublicKey:
        """The key's public half."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message`."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs, and its public half."""

    public: PublicKey
    math: _algorithm.PrivateMath = field(repr=False, compare=False)

    @property
    def key_id(self) -> str:
        """Return the name of the key: `sha256:` and the digest of its public half."""
        return self.public.key_id

    @property
    def public_pem(self) -> bytes:
        """Return the public half as a PEM block."""
        return self.public.pem

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message`."""
        return _algorithm.sign(self.math, message)


def generate_key(
    private: Path, public: Path, *, password: bytes | None = None, cosign: bool = False
) -> str:
    """Make a P-256 key, write both halves, and return its id.

    `private` gets mode 0600 and is encrypted when a password is given; with
    `cosign` it is a file that cosign reads, which always has a password.

    Raises:
        UsageError: one of the files is already there; keys are never overwritten.
        StorageFailed: a file cannot be written.
    """
    for path in (private, public):
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path} is already there; a key is never overwritten")
    math = ec.generate_private_key(ec.SECP256R1())
    if cosign and password is None:
        raise UsageError("a cosign key file needs a password", hint="--password-file FILE")
    if cosign and password is not None:
        der = math.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        pem = _cosign_file.encrypt(der, password)
    else:
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        pem = math.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    key = public_key(math.public_key())
    with write_whole(private, mode=0o600, replace=False) as file:
        file.write(pem)
    try:
        with write_whole(public, replace=False) as file:
            file.write(key.pem)
    except BaseException:
        private.unlink()
        raise
    return key.key_id


def load_private_key(path: Path, *, password: bytes | None = None) -> PrivateKey:
    """Return the key in a PEM file: PKCS#8, or cosign's encrypted form.

    Raises:
        InputMissing: the file is not there or cannot be read.
        ConfigError: not a private key, a kind that is not used, or the password is
            missing, wrong or not needed.
    """
    math = _math(read_bounded(path, limit=MAX_KEY_FILE), password, path)
    kinds = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if not isinstance(math, kinds):
        raise ConfigError(f"{path}: a key of this kind is not used; ECDSA, RSA, Ed25519 are")
    try:
        return PrivateKey(public_key(math.public_key()), math)
    except ValueError as exc:
        raise ConfigError(f"{path}: {exc}") from exc


def _math(data: bytes, password: bytes | None, path: Path) -> object:
    try:
        if _cosign_file.is_cosign_file(data):
            if password is None:
                raise TypeError  # noqa: TRY301
            return load_der_private_key(_cosign_file.decrypt(data, password), None)
        return load_pem_private_key(data, password)
    except TypeError as exc:  # a password where none is needed, or none where one is
        need = "is not encrypted, but a password was given" if password else "is encrypted"
        raise ConfigError(
            f"{path}: the key {need}", hint="see --password-file of audit sign"
        ) from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        what = "not a private key, or not with this password" if password else "not a private key"
        raise ConfigError(f"{path}: {what}") from exc
