"""Sealed payloads: encrypted for one subject, committed to by one leaf.

    commitment = HMAC-SHA256(salt, "audit.payload/v1" || 0x00 || payload)
    sealed     = nonce || AES-256-GCM(subject's key, nonce, salt || payload,
                                      "audit.payload/v1" || 0x00 || ref || 0x00 || commitment)

The salt is 32 bytes and lies inside what is encrypted: without the subject's
key nobody can guess at a short payload, and with the key gone nobody ever can.
"""

import hashlib
import hmac
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.core.errors import VerificationError

SALT_SIZE = 32
NONCE_SIZE = 12
_DOMAIN = b"audit.payload/v1\0"

Random = Callable[[int], bytes]
"""Gives so many random bytes, such as `secrets.token_bytes`."""


def commit(salt: bytes, payload: bytes) -> bytes:
    """Return the 32 bytes that a leaf holds for a payload."""
    return hmac.digest(salt, _DOMAIN + payload, hashlib.sha256)


def repeatable_salt(key: bytes, name: str, payload: bytes) -> bytes:
    """Return the salt for an event that its writer may hand in twice under one name.

    It is secret as the subject's key is, and gone with it; only the same
    payload under the same name has it again.
    """
    digest = hashlib.sha256(payload).digest()
    return hmac.digest(key, b"audit.salt/v1\0" + name.encode() + b"\0" + digest, hashlib.sha256)


def seal(key: bytes, *, ref: str, salt: bytes, payload: bytes, random: Random) -> bytes:
    """Return the payload, encrypted under a subject's key and bound to its commitment."""
    nonce = random(NONCE_SIZE)
    bound = _bound(ref, commit(salt, payload))
    return nonce + AESGCM(key).encrypt(nonce, salt + payload, bound)


def unseal(key: bytes, *, ref: str, commitment: bytes, sealed: bytes) -> bytes:
    """Return the payload that a leaf committed to.

    Raises:
        VerificationError: what is stored is not that.
    """
    problem = f"the payload stored for {commitment.hex()} is not what its entry committed to"
    try:
        opened = AESGCM(key).decrypt(
            sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], _bound(ref, commitment)
        )
    except (InvalidTag, ValueError) as exc:
        raise VerificationError(problem) from exc
    salt, payload = opened[:SALT_SIZE], opened[SALT_SIZE:]
    if len(salt) != SALT_SIZE or not hmac.compare_digest(commit(salt, payload), commitment):
        raise VerificationError(problem)
    return payload


def _bound(ref: str, commitment: bytes) -> bytes:
    return _DOMAIN + ref.encode() + b"\0" + commitment
