"""Who outside the database saw this history, and how far.

Timestamp authorities, transparency logs, witnesses, and checkpoints kept
elsewhere. What they saw is a tree of some size; the entries under it cannot be
changed any more without contradicting them, not even with the log's key.

Trust: a word counts only for the authorities, logs and witnesses that the
caller names. What nobody named says is counted as stored, and as nothing else.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from audit.core.errors import AnchorMissing, AuditError, ConfigError, QuorumMissing
from audit.documents import (
    Anchor,
    AnchorKind,
    AnchorVerifier,
    AnchorWord,
    Checkpoint,
    OutsideKind,
    OutsideWord,
)
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._note import parse_signatures
from audit.ledger._policy import NONE, CountedCheckpoint, LogPolicy
from audit.ledger.store._rows import AttachmentRow, CheckpointRow, Snapshot

COSIGNATURE = "cosignature"
"""The kind of attachment that holds a witness's signature line."""
ANCHOR = "anchor."
"""How the kind of an attachment that holds an anchor begins; the anchor's own kind follows."""
_SECOND = 10**9


@dataclass(frozen=True, slots=True)
class Outside:
    """What a verifier brings along: whose word counts, and what he kept himself."""

    verifier: AnchorVerifier | None = None
    anchors: Sequence[Anchor] = ()
    policy: LogPolicy | None = None
    within_ns: int | None = None
    """How long after its own time an entry must be under a word with a time."""
    now_ns: int = 0

    def __post_init__(self) -> None:
        """Refuse what could not be checked.

        Raises:
            ConfigError: anchors and nobody whose word counts.
        """
        if self.verifier is None and (self.anchors or self.within_ns is not None):
            raise ConfigError("anchors count only with the authorities that are trusted for them")


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint and who saw it; `is_stored` if it is one of the ledger's own."""

    checkpoint: Checkpoint
    word: OutsideWord
    is_stored: bool


@dataclass(slots=True)
class Words:
    """Every word that counts, and how many stored anchors do not."""

    seen: list[Seen] = field(default_factory=list)
    uncounted: int = 0
    stored: set[str] = field(default_factory=set)
    """Digests of all stored anchors."""

    @property
    def sizes(self) -> set[int]:
        """The sizes of the trees that somebody saw."""
        return {one.word.size for one in self.seen}

    def sorted(self) -> tuple[OutsideWord, ...]:
        """Return the words, smallest tree first."""
        return tuple(sorted((one.word for one in self.seen), key=_order))


def read_words(
    snapshot: Snapshot, outside: Outside, kept: Sequence[Checkpoint], vkeys: Sequence[str]
) -> Words:
    """Return who vouches for which tree; that the ledger has these trees is not checked here.

    Raises:
        SignatureMismatch: an anchor by somebody whose word counts does not hold.
        QuorumMissing: a policy was given, and no checkpoint counts under it.
    """
    words, stored, attached = Words(), snapshot.checkpoints(), snapshot.attachments()
    for checkpoint in kept:
        own = AnchorWord(checkpoint.origin, None)
        said = outside_word(OutsideKind.CHECKPOINT, checkpoint, own)
        words.seen.append(Seen(checkpoint, said, is_stored=False))
    for anchor in outside.anchors:
        checkpoint = read_checkpoint(anchor.note, vkeys=vkeys or None)
        if (word := _word(outside, anchor.kind, anchor.raw, checkpoint)) is None:
            raise ConfigError(
                f"nobody whose word counts here made the {anchor.kind} anchor over "
                f"{checkpoint.size} entries",
                hint="name its authority: --trusted-root FILE, or --tsa-chain FILE",
            )
        words.seen.append(Seen(checkpoint, word, is_stored=False))
    _stored_anchors(words, outside, stored, attached)
    if outside.policy is not None:
        words.seen += _cosigned(outside, outside.policy, stored, attached)
    return words


def _stored_anchors(
    words: Words,
    outside: Outside,
    stored: Sequence[CheckpointRow],
    attached: Sequence[AttachmentRow],
) -> None:
    notes = {row.number: row.note for row in stored}
    kinds = {ANCHOR + kind: kind for kind in AnchorKind}
    for row in attached:
        kind = kinds.get(row.kind)
        if kind is None or row.checkpoint not in notes:
            continue
        words.stored.add(digest_of(row.data))
        checkpoint = read_checkpoint(notes[row.checkpoint], vkeys=None)
        word = _word(outside, kind, row.data, checkpoint) if outside.verifier else None
        if word is None:
            words.uncounted += 1
        else:
            words.seen.append(Seen(checkpoint, word, is_stored=True))


def _word(
    outside: Outside, kind: AnchorKind, data: bytes, checkpoint: Checkpoint
) -> OutsideWord | None:
    if outside.verifier is None:
        return None
    found = outside.verifier.verify(kind, data, checkpoint.note.encode("utf-8"))
    return None if found is None else outside_word(OutsideKind(kind.value), checkpoint, found)


def outside_word(kind: OutsideKind, checkpoint: Checkpoint, found: AnchorWord) -> OutsideWord:
    """Return a word about the tree of a checkpoint."""
    return OutsideWord(kind=kind, size=checkpoint.size, by=found.by, at_ns=found.at_ns)


def _cosigned(
    outside: Outside,
    policy: LogPolicy,
    stored: Sequence[CheckpointRow],
    attached: Sequence[AttachmentRow],
) -> list[Seen]:
    if policy.quorum == NONE:
        return []
    seen: list[Seen] = []
    failure: AuditError = QuorumMissing("the ledger has no checkpoint that a witness could cosign")
    for row in stored:
        lines = [
            one.data for one in attached if (one.checkpoint, one.kind) == (row.number, COSIGNATURE)
        ]
        try:
            counted = policy.count(cosigned_note(row.note, lines), now_ns=outside.now_ns)
        except AuditError as exc:
            failure = exc
            continue
        seen.append(Seen(counted.checkpoint, _witnessed(counted), is_stored=True))
    if not seen:
        raise failure
    return seen


def _witnessed(counted: CountedCheckpoint) -> OutsideWord:
    latest = max(at for _, at in counted.witnesses)
    names = ", ".join(name for name, _ in counted.witnesses)
    size = counted.checkpoint.size
    return OutsideWord(kind=OutsideKind.WITNESS, size=size, by=names, at_ns=latest * _SECOND)


def cosigned_note(note: bytes, cosignatures: Iterable[bytes]) -> bytes:
    """Return a note with the last cosignature of each witness below it."""
    lines: dict[tuple[str, bytes], str] = {}
    for data in cosignatures:
        for line in parse_signatures(data):
            lines[line.name, line.key_id] = str(line)
    return note + "".join(f"{one}\n" for one in lines.values()).encode()


def check_times(
    words: Sequence[OutsideWord], size: int, first_ns: Callable[[int], int], outside: Outside
) -> None:
    """Return if every entry came under a word with a time soon after its own time.

    `first_ns` gives the own time of the first entry beyond a tree that somebody
    saw. Whoever rewrites a ledger can give its entries any times; he cannot
    have somebody outside say that he saw them then.

    Raises:
        AnchorMissing: one did not, or its own time is well after that of the word over it.
    """
    if outside.within_ns is None:
        return
    start = 0
    timed = [(one.size, one.at_ns, one) for one in words if one.at_ns is not None]
    for end in sorted({one for one, _, _ in timed if one}):
        at, word = min(((at, one) for reach, at, one in timed if reach >= end), key=_first)
        _check_gap(start, first_ns(start), at, outside.within_ns, f"{word.by} saw it at")
        start = end
    if start < size:
        _check_gap(start, first_ns(start), outside.now_ns, outside.within_ns, "it is")


def _check_gap(seq: int, own_ns: int, at_ns: int, within_ns: int, who: str) -> None:
    if at_ns - own_ns <= within_ns:
        return
    raise AnchorMissing(
        f"nobody outside vouches that ledger entry {seq} is as old as it says: it says "
        f"{instant(own_ns)}, and {who} {instant(at_ns)}, more than {within_ns // _SECOND} s later",
        hint="anchor more often: audit ledger anchor --help; or the ledger was written anew",
    )


def describe(word: OutsideWord) -> str:
    """Return a word as part of a sentence."""
    at = "" if word.at_ns is None else f" at {instant(word.at_ns)}"
    return f"{word.kind} by {word.by}{at}"


def instant(ns: int) -> str:
    """Return a time as RFC 3339, in whole seconds."""
    return datetime.fromtimestamp(ns // _SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def digest_of(data: bytes) -> str:
    """Return the digest by which an entry names an anchor or a checkpoint."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _first(pair: tuple[int, OutsideWord]) -> int:
    return pair[0]


def _order(word: OutsideWord) -> tuple[int, int, str, str]:
    return (word.size, word.at_ns or 0, word.kind, word.by)
