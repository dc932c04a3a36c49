"""Signing with an identity instead of a key (sigstore, extra `keyless`)."""

from audit.sign.keyless._fetch import fetch_public_root
from audit.sign.keyless._sign import KeylessSigner, open_keyless

__all__ = ["KeylessSigner", "fetch_public_root", "open_keyless"]
