"""Keys: what signs, what verifies, and the files they come from."""

from audit.sign.keys._private import PrivateKey, generate_key, load_private_key
from audit.sign.keys._public import PublicKey, load_public_key

__all__ = ["PrivateKey", "PublicKey", "generate_key", "load_private_key", "load_public_key"]
