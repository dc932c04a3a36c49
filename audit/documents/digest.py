"""Digests, written `algorithm:hex` as in OCI."""

import re
from typing import Annotated

from pydantic import StringConstraints

DIGEST_PATTERN = r"^(sha256|blake3):[0-9a-f]{64}$"
SHA256_PATTERN = r"^sha256:[0-9a-f]{64}$"
BLAKE3_PATTERN = r"^blake3:[0-9a-f]{64}$"

Digest = Annotated[str, StringConstraints(pattern=DIGEST_PATTERN)]
"""A digest such as `sha256:9f86d0...`; the hex is always lower case."""

Sha256 = Annotated[str, StringConstraints(pattern=SHA256_PATTERN)]
"""A SHA-256 digest: what OCI names, signatures and the ledger use."""

Blake3 = Annotated[str, StringConstraints(pattern=BLAKE3_PATTERN)]
"""A BLAKE3 digest: what datasets are fingerprinted with."""


def is_digest(text: str, *, pattern: str = DIGEST_PATTERN) -> bool:
    """Whether `text` is a well-formed digest of an algorithm we accept."""
    return re.fullmatch(pattern.removeprefix("^").removesuffix("$"), text) is not None
