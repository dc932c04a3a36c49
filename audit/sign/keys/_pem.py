"""PEM (RFC 7468), read strictly: one block, nothing around it."""

import re

from audit.sign import _base64

_BLOCK = re.compile(
    rb"\s*-----BEGIN (?P<label>[A-Z0-9 ]{1,64})-----\r?\n"
    rb"(?P<body>(?:[A-Za-z0-9+/=]{1,76}\r?\n)+)"
    rb"-----END (?P=label)-----\s*"
)


def only_block(text: bytes, label: str) -> bytes:
    """Return the bytes of the one block in `text`, which must be a `label`.

    Raises:
        ValueError: no block, another block, more than one, or anything around it.
    """
    match = _BLOCK.fullmatch(text)
    if match is None:
        raise ValueError("not one PEM block")
    found = match["label"].decode("ascii")
    if found != label:
        raise ValueError(f"the PEM block is a {found}, not a {label}")
    return _base64.decode(b"".join(match["body"].split()).decode("ascii"))


def block(label: str, data: bytes) -> bytes:
    """Return a PEM block with lines of 64 characters."""
    text = _base64.encode(data)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
