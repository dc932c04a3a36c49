"""A witness (C2SP tlog-witness): cosigns a checkpoint that extends the one before.

The rules:

* A log is known by its origin and key. A checkpoint of another is not cosigned.
* What is cosigned extends what was cosigned last, or is it again.
* The new state is durable before the cosignature leaves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit.core.errors import SignatureMismatch, VerificationError
from audit.ledger._base64 import decode_base64
from audit.ledger._keys import VerifierKey
from audit.ledger._merkle import verify_consistency
from audit.ledger._note import parse_note, verify_note
from audit.ledger._treehead import TreeHead, parse_tree_head
from audit.ledger.witness._cosigner import Cosigner
from audit.ledger.witness._state import WitnessState

MAX_REQUEST = 1 << 18
_MAX_PATH = 63
_SECOND = 10**9


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness says, as HTTP would carry it."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness for some logs, with one key or more."""

    cosigners: Sequence[Cosigner]
    logs: Sequence[VerifierKey]
    state: WitnessState
    clock_ns: Callable[[], int]

    def add_checkpoint(self, request: bytes) -> Answer:
        """Answer one request: cosignatures, or why there are none.

        Raises:
            LedgerUnavailable: the state cannot be read or written; nothing was cosigned.
        """
        try:
            old_size, path, note = _parse(request)
            head = parse_tree_head(parse_note(note).text)
        except (SignatureMismatch, ValueError) as exc:
            return Answer(400, f"{exc}\n".encode())
        keys = [str(key) for key in self.logs if key.name == head.origin]
        if not keys:
            return Answer(404, b"this witness does not know the log\n")
        try:
            verify_note(note, keys)
        except SignatureMismatch as exc:
            return Answer(403, f"{exc}\n".encode())
        if old_size > head.size:
            return Answer(400, b"the old size is above the new one\n")
        return self._cosign(old_size, path, head)

    def _cosign(self, old_size: int, path: list[bytes], head: TreeHead) -> Answer:
        last = self.state.last(head.origin)
        if last.size != old_size:
            return _conflict(last)
        if old_size == head.size and last.root != head.root:
            return _conflict(last)
        try:
            verify_consistency(
                old_size=old_size, size=head.size, old_root=last.root, root=head.root, path=path
            )
        except VerificationError as exc:
            return Answer(422, f"{exc}\n".encode())
        if not self.state.swap(last, head):  # another request was quicker
            return _conflict(self.state.last(head.origin))
        at = self.clock_ns() // _SECOND
        lines = [f"{one.cosign(head.text(), at=at)}\n" for one in self.cosigners]
        return Answer(200, "".join(lines).encode())


def _conflict(last: TreeHead) -> Answer:
    return Answer(409, f"{last.size}\n".encode(), "text/x.tlog.size")


def _parse(request: bytes) -> tuple[int, list[bytes], bytes]:
    """Return the old size, the proof and the note of a request.

    Raises:
        ValueError: not in the form of C2SP tlog-witness.
    """
    head, blank, note = request.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    word, _, digits = lines[0].partition(" ")
    if not blank or word != "old" or not digits.isdigit() or str(int(digits[:19])) != digits:
        raise ValueError("the first line must be `old` and a size")
    path = [decode_base64(line) for line in lines[1:]]
    if len(path) > _MAX_PATH or not all(path):
        raise ValueError("a line of the proof is no hash, or there are more than 63")
    return int(digits), path, note
