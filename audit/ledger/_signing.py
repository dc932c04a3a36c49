"""Sign checkpoints: never two trees, never a tree that went back.

* The tree is recomputed from the last checkpoint on, and must be the head's.
* A signer remembers what it signed last outside the database. A ledger that was
  restored from a backup does not extend that, and is not signed.
* The signer remembers first and the database second: a crash between them
  leaves a tree that may be signed again, never two.

Trust: whoever holds the key and its memory can sign what he likes. Witnesses
and checkpoints kept elsewhere show that; nothing in the ledger does.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from audit.core.errors import ChainBroken, StorageFailed, VerificationError
from audit.core.files import read_bounded, write_whole
from audit.documents import Checkpoint, NoteSigner, leaf_hash
from audit.ledger._checkpoint import read_checkpoint, sign_checkpoint
from audit.ledger._head import fitting_head
from audit.ledger._merkle import Frontier, tree_root
from audit.ledger._minimum import leaf_hashes
from audit.ledger._treehead import TreeHead, parse_tree_head
from audit.ledger._verify import read_rows
from audit.ledger.store._rows import CheckpointRow, Head, Store, Writing, add_note


class LastSigned:
    """The tree head a key signed last, in a file beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def held(self) -> Iterator["LastSigned"]:
        """Keep every other process from signing while the block runs."""
        lock = self._path.with_name(f".{self._path.name}.lock")
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise StorageFailed(f"cannot write {lock}: {exc.strerror}") from exc
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield self
        finally:
            os.close(descriptor)

    def read(self) -> TreeHead | None:
        """Return the tree head signed last, if any was.

        Raises:
            VerificationError: the file is not what was written to it.
        """
        if not self._path.exists():
            return None
        return parse_tree_head(read_bounded(self._path, limit=4096))

    def write(self, head: TreeHead) -> None:
        """Remember `head`; it is durable then."""
        with write_whole(self._path, mode=0o600) as file:
            file.write(head.text())


def sign_head(store: Store, signer: NoteSigner, last_signed: LastSigned | None) -> Checkpoint:
    """Sign the head of a ledger, store the checkpoint, and return it.

    Raises:
        ChainBroken: the tree does not extend what was signed before.
        VerificationError: the signer's name is not this log's origin.
        LedgerUnavailable: the database cannot be written; nothing new was signed.
    """
    if last_signed is None:
        with store.writing() as writing:
            return _sign(writing, signer, None)
    with last_signed.held(), store.writing() as writing:
        return _sign(writing, signer, last_signed)


def _sign(writing: Writing, signer: NoteSigner, last_signed: LastSigned | None) -> Checkpoint:
    head = fitting_head(writing)
    if (problem := writing.problem()) is not None:
        raise ChainBroken(head.size, f"cannot be added or read safely: {problem}")
    stored = writing.checkpoints()
    tree = _extended(writing, head, stored[-1] if stored else None)
    new = TreeHead(signer.name, head.size, head.root)
    last = read_checkpoint(stored[-1].note, vkeys=(stored[-1].vkey,)) if stored else None
    if last is not None and last.origin != signer.name:
        raise VerificationError(
            f"this log is {last.origin}; a key named {signer.name} cannot sign for it"
        )
    if last_signed is not None:
        _remember(writing, new, last, last_signed)
    if last is not None and (last.size, stored[-1].vkey) == (head.size, signer.vkey):
        return last
    checkpoint = sign_checkpoint(new, signer)
    note = checkpoint.note.encode()
    row = CheckpointRow(len(stored), head.size, tree.pack(), signer.vkey, note)
    notes_hash = add_note(head.notes_hash, note)
    writing.add_checkpoint(
        row, head._replace(checkpoints=head.checkpoints + 1, notes_hash=notes_hash)
    )
    return checkpoint


def _remember(
    writing: Writing, new: TreeHead, last: Checkpoint | None, last_signed: LastSigned
) -> None:
    """Compare with what the key signed last, and swap; the tree is known to extend `last`."""
    old = last_signed.read()
    if old is not None and old.origin != new.origin:
        raise VerificationError(f"the key signed for {old.origin} before, not {new.origin}")
    if old is not None and (last is None or (last.size, last.root) != (old.size, old.root.hex())):
        if old.size > new.size:
            raise ChainBroken(
                new.size, f"is missing: the key signed a tree of {old.size}; a backup was restored"
            )
        if tree_root(islice(leaf_hashes(writing), old.size)) != old.root:
            raise ChainBroken(
                0, f"or a later one before {old.size} is not what the key signed last"
            )
    last_signed.write(new)


def _extended(writing: Writing, head: Head, last: CheckpointRow | None) -> Frontier:
    """Return the tree under `head`, recomputed from the entries since the checkpoint `last`."""
    start, tree = 0, Frontier()
    if last is not None:
        checkpoint = read_checkpoint(last.note, vkeys=(last.vkey,))
        start = checkpoint.size
        tree = Frontier.unpack(start, last.frontier)
        if tree.root().hex() != checkpoint.root:
            raise ChainBroken(max(start - 1, 0), "is followed by a checkpoint that was edited")
    for row in read_rows(writing.rows(start=start, subject=None, type_=None)):
        tree.add(leaf_hash(row.leaf))
    if (tree.size, tree.root()) != (head.size, head.root):
        raise ChainBroken(
            start, f"or a later one does not extend the tree of {start} entries signed last"
        )
    return tree
