"""Base64 with one spelling."""

import base64
import binascii


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648, 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Return the bytes of canonical base64, or nothing when the text is not that."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if encode_base64(data) == text else b""
