"""The anchors in a pack: made over a checkpoint that the pack's tree extends."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.core.errors import SignatureMismatch, VerificationError
from audit.documents import AnchorKind, AnchorVerifier, Checkpoint, OutsideKind, OutsideWord
from audit.ledger._base64 import encode_base64
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._ledger import Ledger
from audit.ledger._outside import ANCHOR, outside_word
from audit.ledger._policy import LogPolicy
from audit.ledger.tiles import TiledTree

_ENDINGS = {AnchorKind.TIMESTAMP: "tsr", AnchorKind.LOG: "json"}
_NAME = re.compile(r"anchors/([0-9]+)-(timestamp|log)-[0-9]+\.(?:tsr|json)")


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A checkpoint and the anchors over it."""

    checkpoint: Checkpoint
    anchors: tuple[tuple[AnchorKind, bytes], ...]


def anchor_members(
    ledger: Ledger, tree: TiledTree, policy: LogPolicy, end: int
) -> dict[str, bytes]:
    """Return the anchors that say most about the entries before `end`, as members of a pack.

    Those over the first anchored checkpoint that is over them all, which says
    how old they are, and those over the last one the tree extends. Checkpoints by
    other keys than the policy's are left out.
    """
    found = sorted(_anchored(ledger, tree.size, policy), key=lambda one: one.checkpoint.size)
    covering = [one for one in found if one.checkpoint.size >= end]
    chosen = {one.checkpoint.size: one for one in (*covering[:1], *found[-1:])}
    members: dict[str, bytes] = {}
    for size, one in chosen.items():
        path = [encode_base64(node) + "\n" for node in tree.consistency(size)]
        members[f"anchors/{size}.checkpoint"] = one.checkpoint.note.encode()
        members[f"anchors/{size}.consistency"] = "".join(path).encode()
        for kind in AnchorKind:
            data = sorted(raw for other, raw in one.anchors if other is kind)
            for number, raw in enumerate(data, 1):
                members[f"anchors/{size}-{kind}-{number}.{_ENDINGS[kind]}"] = raw
    return members


def _anchored(ledger: Ledger, most: int, policy: LogPolicy) -> Iterator[_Anchored]:
    vkeys = [str(key) for key in policy.logs]
    for checkpoint in ledger.checkpoints():
        try:
            read_checkpoint(checkpoint.note.encode(), vkeys=vkeys)
        except SignatureMismatch:
            continue
        if checkpoint.size > most:
            continue
        anchors = tuple(
            (kind, raw)
            for kind in AnchorKind
            for raw in ledger.attachments(checkpoint, ANCHOR + kind.value)
        )
        if anchors:
            yield _Anchored(checkpoint, anchors)


def verify_anchors(members: dict[str, bytes], verifier: AnchorVerifier) -> list[OutsideWord]:
    """Return whose word counts for which tree; the trees are checked elsewhere.

    Raises:
        SignatureMismatch: an anchor by somebody whose word counts does not hold.
        VerificationError: nobody whose word counts made any of the anchors.
    """
    words = []
    named = [match for match in map(_NAME.fullmatch, members) if match]
    for match in named:
        checkpoint = read_checkpoint(members[f"anchors/{match[1]}.checkpoint"], vkeys=None)
        kind = AnchorKind(match[2])
        word = verifier.verify(kind, members[match[0]], checkpoint.note.encode())
        if word is not None:
            words.append(outside_word(OutsideKind(kind.value), checkpoint, word))
    if not words:
        raise VerificationError(
            f"none of the {len(named)} anchors in the pack is by somebody whose word counts here"
        )
    return words
