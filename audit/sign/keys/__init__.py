"""Keys: what signs, what verifies, and the files they come from."""

from audit.sign.keys._pem import only_block
from audit.sign.keys._private import PrivateKey, Signer, generate_key, load_private_key
from audit.sign.keys._public import PublicKey, load_public_key, public_key

__all__ = [
    "PrivateKey",
    "PublicKey",
    "Signer",
    "generate_key",
    "load_private_key",
    "load_public_key",
    "only_block",
    "public_key",
]
