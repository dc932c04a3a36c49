"""Have the last checkpoint anchored outside, keep the anchors, and record them.

The rules:

* An anchor is verified before it is kept; one that could not be had is a failure, never a
  warning. Those of other services that were had are kept all the same.
* It lies beside its checkpoint and proves itself. An entry of type `ledger.anchored` has its
  digest, so that one which is taken away is missed.

Trust: whoever holds database and log key can take the anchors away and write
another history. He cannot have it anchored in the past; and anchors kept
elsewhere (`Anchor`) contradict him.
"""

from collections.abc import Callable, Sequence

from audit.core.errors import EvidenceError, SigningFailed
from audit.documents import (
    ANCHORED,
    Anchor,
    AnchorMaker,
    AnchorWord,
    Checkpoint,
    Event,
    Named,
    OutsideKind,
    OutsideWord,
)
from audit.ledger._ledger import Ledger
from audit.ledger._outside import ANCHOR, digest_of, outside_word


def anchor_checkpoint(
    ledger: Ledger,
    makers: Sequence[AnchorMaker],
    *,
    made: Callable[[Anchor, OutsideWord], None] = lambda *_: None,
) -> list[Anchor]:
    """Have the ledger's largest checkpoint anchored by every maker, and return the anchors.

    `made` is told of each one as soon as it is kept.

    Raises:
        EvidenceError: the ledger has no checkpoint yet.
        SigningFailed: a service failed; the anchors of the others are kept.
        LedgerUnavailable: the database cannot be written.
    """
    checkpoint = max(ledger.checkpoints(), key=lambda one: one.size, default=None)
    if checkpoint is None:
        raise EvidenceError(
            f"{ledger.url} has no checkpoint to anchor",
            hint="sign one: audit ledger checkpoint --ledger URL --key FILE",
        )
    note = checkpoint.note.encode("utf-8")
    anchors: list[Anchor] = []
    failures: list[str] = []
    for maker in makers:
        try:
            data, word = maker.make(note)
        except SigningFailed as exc:
            failures.append(str(exc))
            continue
        anchor = Anchor.of(maker.kind, note, data)
        _keep(ledger, checkpoint, anchor, word)
        anchors.append(anchor)
        made(anchor, outside_word(OutsideKind(anchor.kind.value), checkpoint, word))
    if failures:
        raise SigningFailed(
            f"the checkpoint over {checkpoint.size} entries was anchored by {len(anchors)} of "
            f"{len(makers)} services: {'; '.join(failures)}",
            hint="run it again; what was anchored is kept",
        )
    return anchors


def _keep(ledger: Ledger, checkpoint: Checkpoint, anchor: Anchor, word: AnchorWord) -> None:
    ledger.attach(checkpoint, ANCHOR + anchor.kind.value, anchor.raw)
    ledger.append(
        Event(
            type=ANCHORED,
            inputs=(Named(name="checkpoint", digest=digest_of(anchor.note)),),
            outputs=(Named(name=anchor.kind.value, digest=anchor.digest),),
            facts={
                "at_ns": None if word.at_ns is None else str(word.at_ns),
                "by": word.by,
                "size": str(checkpoint.size),
            },
        )
    )
