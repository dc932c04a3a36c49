"""Proof files: an entry is in the log, checkable offline (C2SP tlog-proof)."""

from dataclasses import dataclass
from typing import Self

from audit.core.errors import VerificationError
from audit.documents import leaf_hash
from audit.ledger._base64 import decode_base64, encode_base64
from audit.ledger._merkle import verify_inclusion
from audit.ledger._note import parse_note
from audit.ledger._treehead import parse_tree_head

_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_PATH = 63


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Entry `index` is in the tree of the checkpoint in `note`."""

    index: int
    path: tuple[bytes, ...]
    note: bytes

    def write(self) -> bytes:
        """Return the text of a `.tlog-proof` file."""
        lines = [_HEADER, f"index {self.index}", *map(encode_base64, self.path), "", ""]
        return "\n".join(lines).encode() + self.note

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return the proof in a `.tlog-proof` file; its signatures are not checked here.

        Raises:
            VerificationError: not such a file.
        """
        head, blank, note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as exc:
            raise VerificationError("not a tlog-proof: its head is not ASCII") from exc
        if not blank or lines[0] != _HEADER:
            raise VerificationError(f"not a tlog-proof: it does not begin with {_HEADER}")
        mark, _, extra = (lines[1] if len(lines) > 1 else "").partition(" ")
        if mark == "extra" and not decode_base64(extra):
            raise VerificationError("not a tlog-proof: its extra data is not base64")
        at = 2 if mark == "extra" else 1
        word, _, digits = (lines[at] if at < len(lines) else "").partition(" ")
        if word != "index" or not digits.isdigit() or str(int(digits[:19])) != digits:
            raise VerificationError("not a tlog-proof: it has no index in its one spelling")
        path = tuple(decode_base64(line) for line in lines[at + 1 :])
        if len(path) > _MAX_PATH or not all(path):
            raise VerificationError("not a tlog-proof: a line is no hash")
        return cls(int(digits), path, note)

    def check(self, leaf: bytes) -> None:
        """Return if `leaf` is the entry; whoever trusts the note's signers knows it is in the log.

        Raises:
            VerificationError: it is not.
        """
        self.check_hash(leaf_hash(leaf))

    def check_hash(self, leaf: bytes) -> None:
        """Return if the entry's leaf hash is `leaf`, which is all there is once it expired.

        Raises:
            VerificationError: it is not.
        """
        head = parse_tree_head(parse_note(self.note).text)
        verify_inclusion(
            index=self.index,
            size=head.size,
            leaf=leaf,
            path=self.path,
            root=head.root,
        )
