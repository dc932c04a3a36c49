"""Checkpoints: a log's size and root in a signed note."""

from collections.abc import Sequence

from audit.core.errors import SignatureMismatch
from audit.documents import Checkpoint, NoteSigner
from audit.ledger._keys import VerifierKey
from audit.ledger._note import SignatureLine, parse_note, verify_note
from audit.ledger._treehead import TreeHead, parse_tree_head


def sign_checkpoint(head: TreeHead, signer: NoteSigner) -> Checkpoint:
    """Return the checkpoint over `head`, whose origin is the signer's name.

    Raises:
        SignatureMismatch: what the signer made does not verify under its own vkey.
    """
    text = head.text()
    key = VerifierKey.parse(signer.vkey)
    line = SignatureLine(key.name, key.key_id, signer.sign_note(text))
    return read_checkpoint(text + f"\n{line}\n".encode(), vkeys=(signer.vkey,))


def read_checkpoint(note: bytes, *, vkeys: Sequence[str] | None) -> Checkpoint:
    """Return the checkpoint in a note signed by one of `vkeys`; None checks no signature.

    A log signs under its origin's name. A cosignature, or a signature by the key
    of another log, does not make a note this log's checkpoint.

    Raises:
        SignatureMismatch: not a checkpoint, or not signed by one of `vkeys`.
        ConfigError: a vkey cannot be read.
    """
    checked = parse_note(note) if vkeys is None else verify_note(note, vkeys)
    head = parse_tree_head(checked.text)
    keys = [one.key for one in checked.verified]
    if vkeys is not None and not any(
        key.name == head.origin and not key.is_witness for key in keys
    ):
        raise SignatureMismatch(f"the checkpoint is not signed by a key of the log {head.origin}")
    return Checkpoint(
        origin=head.origin, size=head.size, root=head.root.hex(), note=note.decode("utf-8")
    )
