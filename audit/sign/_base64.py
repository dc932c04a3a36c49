"""Base64 with one spelling (RFC 4648, section 4): padded, no white space, no stray bits."""

import base64
import binascii


def encode(data: bytes) -> str:
    """Return the base64 of `data`."""
    return base64.b64encode(data).decode("ascii")


def decode(text: object) -> bytes:
    """Return the bytes that `text` is the base64 of.

    Raises:
        ValueError: not text, or not the one spelling of its bytes.
    """
    if type(text) is not str:  # a JSON number is kept as a kind of text (`strict_json.Number`)
        raise ValueError("not base64 text")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("not base64") from exc
    # Non-zero bits behind the last byte decode to the same bytes, so two texts would say one thing.
    if encode(data) != text:
        raise ValueError("not canonical base64")
    return data
