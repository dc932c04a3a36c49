"""One signature algorithm per kind of key, chosen by us and never by the message.

ECDSA takes the digest of its curve's size and is deterministic (RFC 6979), so
that the same key and bytes give the same signature. RSA is PKCS#1 v1.5 with
SHA-256. These are the pairs cosign uses for these keys.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192

_CURVES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}

PublicMath = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
PrivateMath = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


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
    raise ValueError(f"a key of type {type(key).__name__.removesuffix('PublicKey')} is not used")


def sign(key: PrivateMath, message: bytes) -> bytes:
    """Return the signature of `key` over `message`."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message, ec.ECDSA(_CURVES[key.curve.name], deterministic_signing=True))


def verifies(key: PublicMath, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is one of `key` over `message`."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature, message, ec.ECDSA(_CURVES[key.curve.name]))
    except InvalidSignature:
        return False
    return True
