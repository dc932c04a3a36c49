"""Checkpoints: a log's size and root in a signed note (C2SP tlog-checkpoint).

We write no extension lines and refuse them when we read.
"""

import base64
import binascii
from dataclasses import dataclass

from audit.core.errors import SignatureMismatch
from audit.documents import Checkpoint, NoteSigner
from audit.ledger._merkle import HASH_SIZE
from audit.ledger._note import SignatureLine, VerifierKey, parse_note, verify_note


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a checkpoint says: a tree of `size` leaves has this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """Return the text that is signed."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n".encode()


def sign_checkpoint(head: TreeHead, signer: NoteSigner) -> Checkpoint:
    """Return the checkpoint over `head`, whose origin is the signer's name.

    Raises:
        SignatureMismatch: what the signer made does not verify under its own vkey.
    """
    text = head.text()
    key = VerifierKey.parse(signer.vkey)
    line = SignatureLine(key.name, key.key_id, signer.sign_note(text))
    note = text + f"\n{line}\n".encode()
    return read_checkpoint(note, vkeys=(signer.vkey,))


def read_checkpoint(note: bytes, *, vkeys: tuple[str, ...] | None) -> Checkpoint:
    """Return the checkpoint in a note signed by one of `vkeys`; None checks no signature.

    Raises:
        SignatureMismatch: not a checkpoint, or not signed by one of `vkeys`.
        ConfigError: a vkey cannot be read.
    """
    checked = parse_note(note) if vkeys is None else verify_note(note, vkeys)
    head = parse_tree_head(checked.text)
    return Checkpoint(
        origin=head.origin, size=head.size, root=head.root.hex(), note=note.decode("utf-8")
    )


def parse_tree_head(text: bytes) -> TreeHead:
    """Return what the text of a checkpoint says.

    Raises:
        SignatureMismatch: not the three lines of a checkpoint in their one spelling.
    """
    lines = text.decode("utf-8").split("\n")
    if len(lines) != 4 or lines[-1]:
        raise SignatureMismatch("not a checkpoint: it does not have exactly three lines")
    origin, digits, encoded = lines[:3]
    if not origin or not digits.isascii() or not digits.isdigit() or len(digits) > 19:
        raise SignatureMismatch("not a checkpoint: origin or size is missing")
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise SignatureMismatch("not a checkpoint: the root is not base64") from exc
    head = TreeHead(origin, int(digits), root)
    if len(root) != HASH_SIZE or head.size >= 2**63 or head.text() != text:
        raise SignatureMismatch("not a checkpoint: size or root is not in its one spelling")
    return head
