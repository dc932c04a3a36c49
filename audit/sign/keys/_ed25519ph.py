"""Ed25519ph (RFC 8032, 5.1): Ed25519 over SHA-512 of the message, as cosign signs.

The cryptography library has only plain Ed25519, so libsodium does it (extra
`cosign-keys`). The two never accept each other's signatures.
"""

from types import ModuleType

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from audit.core.errors import UsageError

SIGNATURE_SIZE = 64
PRIME = 2**255 - 19
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
LOW_ORDER = frozenset({0, 1, PRIME - 1, _EIGHTH, PRIME - _EIGHTH})
"""Heights (y) of the eight points under which one signature fits many messages."""


def check_point(raw: bytes) -> None:
    """Refuse a key that is no key: a point of low order, or a second spelling of one.

    Raises:
        ValueError: it is one.
    """
    height = int.from_bytes(raw, "little") % 2**255
    if height >= PRIME or height in LOW_ORDER:
        raise ValueError("an Ed25519 key on a point of low order, or spelled twice, is not used")


def sign(key: Ed25519PrivateKey, message: bytes) -> bytes:
    """Return the signature of `key` over `message`.

    Raises:
        UsageError: PyNaCl is not installed.
    """
    sodium = _sodium()
    state = sodium.crypto_sign_ed25519ph_state()
    sodium.crypto_sign_ed25519ph_update(state, message)
    secret = key.private_bytes_raw() + key.public_key().public_bytes_raw()
    signature: bytes = sodium.crypto_sign_ed25519ph_final_create(state, secret)
    return signature


def verifies(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is one of `key` over `message`.

    Raises:
        UsageError: PyNaCl is not installed.
    """
    sodium = _sodium()
    if len(signature) != SIGNATURE_SIZE:
        return False
    from nacl.exceptions import BadSignatureError

    state = sodium.crypto_sign_ed25519ph_state()
    sodium.crypto_sign_ed25519ph_update(state, message)
    try:
        return bool(
            sodium.crypto_sign_ed25519ph_final_verify(state, signature, key.public_bytes_raw())
        )
    except BadSignatureError:
        return False


def _sodium() -> ModuleType:
    try:
        import nacl.bindings
    except ModuleNotFoundError as exc:
        raise UsageError(
            "an Ed25519 key signs the way cosign does only with PyNaCl, which is not installed",
            hint="pip install 'lastmile-audit[cosign-keys]'",
        ) from exc
    return nacl.bindings
