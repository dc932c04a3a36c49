"""Judge what is attached to checkpoints, one by one."""

from collections.abc import Iterator, Sequence

from audit.core.errors import AuditError, ConfigError
from audit.documents import AnchorKind, AnchorVerifier, Checkpoint, OutsideKind, OutsideWord
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._note import parse_note, parse_signatures
from audit.ledger._outside import ANCHOR, Outside, digest_of, outside_word
from audit.ledger.store._rows import AttachmentRow


def judge_anchor(
    row: AttachmentRow, note: bytes, verifier: AnchorVerifier | None
) -> tuple[str, OutsideWord | None, list[str]]:
    """Return an anchor's digest, what it says if that counts, and what is wrong with it."""
    digest, name = digest_of(row.data), row.kind.removeprefix(ANCHOR)
    if name not in set(AnchorKind):
        return digest, None, [f"attachment {row.number} is an anchor of an unknown kind"]
    if verifier is None:
        return digest, None, []
    try:
        checkpoint = read_checkpoint(note, vkeys=None)
        word = verifier.verify(AnchorKind(name), row.data, note)
    except AuditError as exc:
        return digest, None, [f"attachment {row.number}: {exc}"]
    if word is None:
        return digest, None, []
    return digest, outside_word(OutsideKind(name), checkpoint, word), []


def judge_cosignature(row: AttachmentRow, note: bytes, outside: Outside) -> list[str]:
    """Return what is wrong with a cosignature: no line, or not by the witness the policy names."""
    policy = outside.policy
    keys = (
        {}
        if policy is None
        else {(one.key.name, one.key.key_id): one.key for one in policy.witnesses.values()}
    )
    try:
        text = parse_note(note).text
        for line in parse_signatures(row.data):
            if (key := keys.get((line.name, line.key_id))) is not None:
                key.check(text, line.signature)
    except AuditError as exc:
        return [f"{row.number}: {exc}"]
    return []


def kept_words(outside: Outside, vkeys: Sequence[str]) -> Iterator[tuple[Checkpoint, OutsideWord]]:
    """Give the checkpoint and the word of every anchor that was brought along.

    Raises:
        SignatureMismatch: one does not hold.
        ConfigError: nobody whose word counts made one.
    """
    for anchor in outside.anchors:
        checkpoint = read_checkpoint(anchor.note, vkeys=vkeys or None)
        word = outside.verifier and outside.verifier.verify(anchor.kind, anchor.raw, anchor.note)
        if not word:
            raise ConfigError(f"nobody whose word counts here made the {anchor.kind} anchor")
        yield checkpoint, outside_word(OutsideKind(anchor.kind.value), checkpoint, word)
