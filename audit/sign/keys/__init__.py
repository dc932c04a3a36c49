"""Keys: what signs, what verifies, and the files they come from."""

from audit.sign.keys._pem import only_block
from audit.sign.keys._pkcs11 import DeviceKey, is_device_key, open_device_key
from audit.sign.keys._private import PrivateKey, Signer, generate_key, load_private_key
from audit.sign.keys._public import PublicKey, load_public_key, public_key

__all__ = [
    "DeviceKey",
    "PrivateKey",
    "PublicKey",
    "Signer",
    "generate_key",
    "is_device_key",
    "load_private_key",
    "load_public_key",
    "only_block",
    "open_device_key",
    "public_key",
]
