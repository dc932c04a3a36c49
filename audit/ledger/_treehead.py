"""What a checkpoint says, and the three lines it says it in (C2SP tlog-checkpoint).

We write no extension lines, and refuse them when we read: ML-DSA cosignatures
do not cover them.
"""

from dataclasses import dataclass

from audit.core.errors import SignatureMismatch
from audit.ledger._base64 import decode_base64, encode_base64
from audit.ledger._merkle import HASH_SIZE, MAX_SIZE

_LINES = 4  # three, and nothing after the last newline
_MAX_DIGITS = 19


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A log's tree of `size` leaves has this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n".encode()


def parse_tree_head(text: bytes) -> TreeHead:
    """Return what the text of a checkpoint says.

    Raises:
        SignatureMismatch: not the three lines of a checkpoint in their one spelling.
    """
    lines = text.decode("utf-8", "replace").split("\n")
    if len(lines) != _LINES or lines[-1]:
        raise SignatureMismatch("not a checkpoint: it does not have exactly three lines")
    origin, digits, encoded = lines[:3]
    if not origin or not (digits.isascii() and digits.isdigit()) or len(digits) > _MAX_DIGITS:
        raise SignatureMismatch("not a checkpoint: origin or size is missing")
    head = TreeHead(origin, int(digits), decode_base64(encoded))
    if len(head.root) != HASH_SIZE or head.size > MAX_SIZE or head.text() != text:
        raise SignatureMismatch("not a checkpoint: size or root is not in its one spelling")
    return head
