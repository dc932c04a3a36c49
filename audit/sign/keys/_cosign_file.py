"""cosign's encrypted private key files.

A PEM block around JSON: scrypt makes a key of the password, NaCl's secretbox
(XSalsa20-Poly1305, from libsodium, extra `cosign-keys`) keeps PKCS#8 DER with it.
The work that a file asks for is bounded before it is done.
"""

import hashlib
import json
import os
from types import ModuleType

from audit.core import strict_json
from audit.core.errors import ConfigError, UsageError
from audit.sign import _base64
from audit.sign._fields import Fields
from audit.sign.keys import _pem

LABEL = "ENCRYPTED SIGSTORE PRIVATE KEY"
OLD_LABEL = "ENCRYPTED COSIGN PRIVATE KEY"
COST, BLOCK, LANES = 65536, 8, 1
"""What cosign writes; up to four times its memory is accepted."""
MAX_MEMORY = 4 * 128 * COST * BLOCK
MAX_LANES = 8
SALT, NONCE = 32, 24


def is_cosign_file(text: bytes) -> bool:
    """Whether a file says that it is one."""
    return any(f"-----BEGIN {label}-----".encode() in text for label in (LABEL, OLD_LABEL))


def encrypt(pkcs8: bytes, password: bytes) -> bytes:
    """Return the file that keeps a key under a password.

    Raises:
        UsageError: PyNaCl is not installed.
    """
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    box = _secret().SecretBox(_derived(password, salt, COST, BLOCK, LANES))
    value = {
        "kdf": {
            "name": "scrypt",
            "params": {"N": COST, "r": BLOCK, "p": LANES},
            "salt": _base64.encode(salt),
        },
        "cipher": {"name": "nacl/secretbox", "nonce": _base64.encode(nonce)},
        "ciphertext": _base64.encode(box.encrypt(pkcs8, nonce).ciphertext),
    }
    return _pem.block(LABEL, json.dumps(value, separators=(",", ":")).encode("ascii"))


def decrypt(text: bytes, password: bytes) -> bytes:
    """Return the PKCS#8 DER that a file keeps under `password`.

    Raises:
        ValueError: not such a file, or not with this password.
        UsageError: PyNaCl is not installed.
    """
    label = OLD_LABEL if OLD_LABEL.encode() in text else LABEL
    try:
        value = strict_json.loads(_pem.only_block(text, label), source="the key file")
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
    top = Fields(value, "")
    kdf, cipher = top.object("kdf"), top.object("cipher")
    sealed = top.data("ciphertext")
    top.done()
    names = kdf.text("name"), cipher.text("name")
    if names != ("scrypt", "nacl/secretbox"):
        raise ValueError(f"the key is kept with {names[0][:40]!r} and {names[1][:40]!r}, not read")
    params = kdf.object("params")
    cost, block, lanes = (params.number(name) for name in ("N", "r", "p"))
    salt, nonce = kdf.data("salt"), cipher.data("nonce")
    for fields in (params, kdf, cipher):
        fields.done()
    if cost < 2 or cost & (cost - 1) or not (0 < lanes <= MAX_LANES) or block < 1:
        raise ValueError("the key file's scrypt parameters are none")
    if 128 * cost * block > MAX_MEMORY:
        raise ValueError("the key file asks for more memory than is given")
    if len(nonce) != NONCE:
        raise ValueError("the key file's nonce has another length")
    secret = _secret()
    from nacl.exceptions import CryptoError

    try:
        opened: bytes = secret.SecretBox(_derived(password, salt, cost, block, lanes)).decrypt(
            sealed, nonce
        )
    except CryptoError as exc:
        raise ValueError("not with this password") from exc
    return opened


def _derived(password: bytes, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(
        password, salt=salt, n=cost, r=block, p=lanes, dklen=32, maxmem=2 * MAX_MEMORY
    )


def _secret() -> ModuleType:
    try:
        import nacl.secret
    except ModuleNotFoundError as exc:
        raise UsageError(
            "a cosign key file needs PyNaCl, which is not installed",
            hint="pip install 'lastmile-audit[cosign-keys]'",
        ) from exc
    return nacl.secret
