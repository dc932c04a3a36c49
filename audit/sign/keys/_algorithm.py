"""One signature algorithm per kind of key, chosen by us and never by the message.

ECDSA takes the digest of its curve's size and is deterministic (RFC 6979), so
that the same key and bytes give the same signature. RSA is PKCS#1 v1.5 with
SHA-256, Ed25519 the prehashed variant Ed25519ph (RFC 8032, 5.1). These are the
pairs cosign uses for these keys.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from audit.sign.keys import _ed25519ph

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192

_CURVES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}

PublicMath = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
PrivateMath = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def usable(key: object) -> PublicMath:
    """Return `key` if a signature by it can count.

    Raises:
        ValueError: a kind, curve or size of key that is not used.
    """
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            raise ValueError(f"a key on the curve {key.curve.name} is not used")
        return key
    if isinstance(key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise ValueError(
                f"an RSA key of {key.key_size} bits; {MIN_RSA_BITS} to {MAX_RSA_BITS} are used"
            )
        # A huge exponent makes one verification take minutes.
        if not 65537 <= (exponent := key.public_numbers().e) < 2**32 or exponent % 2 == 0:
            raise ValueError("an RSA key with an unusual exponent is not used")
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        _ed25519ph.check_point(key.public_bytes_raw())
        return key
    raise ValueError(f"a key of type {type(key).__name__.removesuffix('PublicKey')} is not used")


def hash_of(key: PublicMath) -> hashes.HashAlgorithm:
    """Return the digest a key signs."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES[key.curve.name]
    return hashes.SHA512() if isinstance(key, ed25519.Ed25519PublicKey) else hashes.SHA256()


def sign(key: PrivateMath, message: bytes) -> bytes:
    """Return the signature of `key` over `message`."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return _ed25519ph.sign(key, message)
    return key.sign(message, ec.ECDSA(_CURVES[key.curve.name], deterministic_signing=True))


def verifies(key: PublicMath, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is one of `key` over `message`."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return _ed25519ph.verifies(key, signature, message)
    return _verifies(key, signature, message, hash_of(key))


def verifies_digest(key: PublicMath, signature: bytes, digest: bytes) -> bool:
    """Whether `signature` is one of `key` over bytes with this SHA-256.

    Keys that sign another digest are refused: theirs cannot be had from it.
    """
    if not isinstance(hash_of(key), hashes.SHA256) or isinstance(key, ed25519.Ed25519PublicKey):
        return False
    return _verifies(key, signature, digest, Prehashed(hashes.SHA256()))


def _verifies(
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    signature: bytes,
    data: bytes,
    algorithm: hashes.HashAlgorithm | Prehashed,
) -> bool:
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        else:
            key.verify(signature, data, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True
