"""From what was found in the ranges to what was done to the ledger."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audit.core.errors import (
    AnchorMissing,
    AuditError,
    CheckpointStale,
    QuorumMissing,
    VerificationError,
)
from audit.documents import Checkpoint, Damage, LedgerCheck, LedgerDamage, OutsideWord
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._leaf import read_leaf
from audit.ledger._merkle import Frontier
from audit.ledger._note import parse_note
from audit.ledger._outside import ANCHOR, COSIGNATURE, check_times, cosigned_note, describe
from audit.ledger._treehead import TreeHead, parse_tree_head
from audit.ledger.fsck._attached import judge_anchor, judge_cosignature, kept_words
from audit.ledger.fsck._range import RangeFound, Spot
from audit.ledger.fsck._tiles import upper_damage
from audit.ledger.store._rows import (
    NO_NOTES,
    CheckpointRow,
    EntryRow,
    Head,
    Snapshot,
    Store,
    add_note,
)
from audit.ledger.tiles._open import open_tiles
from audit.ledger.vault import Vault, VaultKey

if TYPE_CHECKING:
    from audit.ledger.fsck._fsck import Brought

LISTED = 1000
"""Findings that are listed; the rest is counted."""


@dataclass(slots=True)
class Trees:
    """The tree at the sizes that somebody speaks of, where no entry below is lost."""

    at: dict[int, Frontier]
    first_ns: dict[int, int] = field(default_factory=dict)
    is_whole: bool = True


class Judge:
    """Collects what is wrong."""

    def __init__(self, snapshot: Snapshot, head: Head, trees: Trees, vkeys: Sequence[str]) -> None:
        self._snapshot, self._head, self._trees, self._vkeys = snapshot, head, trees, vkeys
        self._stored, self._attached = snapshot.checkpoints(), snapshot.attachments()
        self._damage: list[LedgerDamage] = []
        self._unlisted = 0
        self._words: list[OutsideWord] = []
        self._signed: list[tuple[CheckpointRow, TreeHead]] = []
        """Stored checkpoints whose signature and root are right."""
        self._recorded: dict[str, int] = {}
        self._tiles: int | None = None
        self._payloads: int | None = None

    def report(
        self, kind: Damage, what: str, seq: int | None = None, until: int | None = None
    ) -> None:
        """List a finding, or count it."""
        if len(self._damage) >= LISTED:
            self._unlisted += 1
            return
        last = seq if until is None else until
        self._damage.append(LedgerDamage(kind=kind, seq=seq, until=last, what=what))

    def verdict(self) -> LedgerCheck:
        """Return everything that was found."""
        tree = self._trees.at.get(self._head.size) if self._trees.is_whole else None
        return LedgerCheck(
            size=self._head.size,
            root=None if tree is None else tree.root().hex(),
            damage=tuple(self._damage),
            unlisted=self._unlisted,
            outside=tuple(sorted(self._words, key=lambda one: (one.size, one.kind, one.by))),
            checkpoints=len(self._stored),
            attachments=len(self._attached),
            tiles=self._tiles,
            payloads=self._payloads,
        )

    def judge_entries(self, found: Sequence[RangeFound]) -> None:
        """Say what was done to entries: edited, swapped, doubled, taken away."""
        explained: set[int] = set()
        for part in found:
            self._unlisted += part.unlisted
            self._recorded |= part.anchors
        for spot in _joined(spot for part in found for spot in part.spots):
            if spot.seq not in explained:
                explained |= self._judge_spot(spot)

    def _judge_spot(self, spot: Spot) -> set[int]:
        """Report a finding, and return the other entries it explains."""
        kind, claims = spot.kind, spot.claims
        if kind is Damage.MISSING and spot.until == self._head.size - 1:
            what = f"missing: the head is over {self._head.size} entries"
            self.report(Damage.TRUNCATED, what, spot.seq, spot.until)
            return set()
        if claims is None or not 0 <= claims < self._head.size:
            self.report(kind, spot.what, spot.seq, spot.until)
            return set()
        here, there = self._snapshot.row_at(spot.seq), self._snapshot.row_at(claims)
        if here is not None and there is not None and there.leaf == here.leaf:
            self.report(Damage.DUPLICATED, f"is a copy of entry {claims}", spot.seq)
            return set()
        if there is not None and _number(there) == spot.seq:
            first, last = sorted((spot.seq, claims))
            self.report(Damage.SWAPPED, "in each other's place", first, last)
            return {claims}
        self.report(kind, f"{spot.what}; its leaf is entry {claims}", spot.seq)
        return set()

    def judge_head(self, last: tuple[bytes, int] | None, *, is_there: bool) -> None:
        """Compare the head with the tree over the entries."""
        head, trees = self._head, self._trees
        if not is_there or not trees.is_whole or head.size not in trees.at:
            return
        if not head.size:
            if head[:5] != Head()[:5]:
                self.report(Damage.HEAD, "is not that of an empty log")
            return
        tree, seq = trees.at[head.size], head.size - 1
        if last is not None and last[0] != head.last_hash and seq in trees.at:
            other = trees.at[seq].copy()
            other.add(head.last_hash)
            if other.root() == head.root:  # so it is the entry that was edited
                trees.at[head.size] = tree = other
                if not any(one.seq == seq for one in self._damage):
                    self.report(Damage.EDITED, "is not the entry that the head commits to", seq)
                last = (head.last_hash, head.last_ns)
        found = (tree.root(), tree.pack(), last)
        if found != (head.root, head.frontier, (head.last_hash, head.last_ns)):
            self.report(Damage.HEAD, "is not the one over these entries", seq)

    def judge_checkpoints(self) -> None:
        """Compare the stored checkpoints with the tree, and their table with the head."""
        notes_hash, good = NO_NOTES, 0
        for number, row in enumerate(self._stored):
            notes_hash = add_note(notes_hash, row.note) if type(row.note) is bytes else b""
            try:
                checkpoint = read_checkpoint(row.note, vkeys=(row.vkey,))
            except (AuditError, TypeError, ValueError, AttributeError) as exc:
                self.report(Damage.CHECKPOINT, f"{number}: {exc}", max(good - 1, 0))
                continue
            if (row.number, row.size) != (number, checkpoint.size):
                self.report(Damage.CHECKPOINT, f"{number}: its columns were edited")
            if self._holds(
                TreeHead(checkpoint.origin, checkpoint.size, bytes.fromhex(checkpoint.root)),
                f"stored checkpoint {number}",
                good,
            ):
                if (tree := self._trees.at.get(checkpoint.size)) and tree.pack() != row.frontier:
                    self.report(Damage.CHECKPOINT, f"{number}: its columns were edited")
                self._signed.append((row, parse_tree_head(parse_note(row.note).text)))
                good = checkpoint.size
        if (len(self._stored), notes_hash) != (self._head.checkpoints, self._head.notes_hash):
            self.report(Damage.CHECKPOINT, "they are not those that the head commits to")

    def _holds(self, said: TreeHead, who: str, good: int, *, outside: bool = False) -> bool:
        """Whether the tree is the one that `who` says; report what was done if it is not."""
        size, head = said.size, self._head
        if size > head.size:
            kind = Damage.ROLLED_BACK if outside else Damage.TRUNCATED
            what = f"missing: the {who} is over {size} entries"
            self.report(kind, what, head.size, size - 1)
            return False
        if (tree := self._trees.at.get(size)) is None:
            return False  # entries below are lost, and that is reported
        if tree.root() == said.root:
            return True
        kind, what = Damage.REWRITTEN, f"or a later one: the {who} over {size} entries differs"
        if outside and self._signed_both(said):
            kind, what = Damage.FORK, f"{what}, and the log's key signed both histories"
        self.report(kind, what, good, size - 1)
        return False

    def _signed_both(self, said: TreeHead) -> bool:
        """Whether the log signed what is stored here as well as what was brought along."""
        return any(one.origin == said.origin and one.size >= said.size for _, one in self._signed)

    def judge_outside(self, brought: "Brought", published: Checkpoint | None) -> None:
        """Compare the tree with what others saw of it."""
        heads = [(_head_of(one), "checkpoint kept outside") for one in brought.checkpoints]
        for checkpoint, word in kept_words(brought.anchors, self._vkeys):
            heads.append((_head_of(checkpoint), f"checkpoint with a {describe(word)}"))
            self._words.append(word)
        if brought.last_signed is not None:
            heads.append((brought.last_signed, "tree that the log's key signed last"))
        if published is not None:
            heads.append((_head_of(published), "checkpoint published with the tiles"))
        good = 0
        for said, who in sorted(heads, key=lambda one: one[0].size):
            if self._holds(said, who, good, outside=True):
                good = said.size

    def judge_rest(self, brought: "Brought", published: Checkpoint | None) -> None:
        """Look at attachments, policy, tiles, names of events and the tables themselves."""
        self._judge_attached(brought)
        self._judge_policy(brought)
        if brought.tiles is not None and published is None:
            self.report(Damage.TILE, f"no checkpoint is published in {brought.tiles}")
        if brought.tiles is not None and published is not None:
            self._tiles = published.size
            for first, last, what in upper_damage(open_tiles(brought.tiles), published.size):
                self.report(Damage.TILE, what, first, last)
        if strays := self._snapshot.stray_keys():
            self.report(Damage.KEY, f"{strays} names of events lead to no entry")
        if (problem := self._snapshot.problem()) is not None:
            self.report(Damage.TABLES, problem)

    def _judge_attached(self, brought: "Brought") -> None:
        notes = {row.number: row.note for row in self._stored}
        kept: set[str] = set()
        for one in self._attached:
            note = notes.get(one.checkpoint)
            if note is None:
                what = f"{one.number} belongs to checkpoint {one.checkpoint}, which is not stored"
                self.report(Damage.ATTACHMENT, what)
            elif one.kind.startswith(ANCHOR):
                digest, word, problem = judge_anchor(one, note, brought.anchors.verifier)
                kept.add(digest)
                self._words += [word] if word else []
                self._report_all(Damage.ANCHOR, problem)
            elif one.kind == COSIGNATURE:
                self._report_all(Damage.ATTACHMENT, judge_cosignature(one, note, brought.anchors))
        for digest, seq in self._recorded.items():
            if digest not in kept:
                self.report(Damage.ANCHOR, f"records the anchor {digest}, which is not stored", seq)
        try:
            words = sorted(self._words, key=lambda one: one.size)
            size = self._head.size if self._trees.is_whole else 0
            check_times(words, size, self._first_ns(brought.anchors.now_ns), brought.anchors)
        except AnchorMissing as exc:
            self.report(Damage.ANCHOR, str(exc))

    def _first_ns(self, default: int) -> Callable[[int], int]:
        """Return what gives an entry's own time, and `default` for one that is not there."""
        return lambda seq: self._trees.first_ns.get(seq, default)

    def _report_all(self, kind: Damage, problems: Iterable[str]) -> None:
        for what in problems:
            self.report(kind, what)

    def _judge_policy(self, brought: "Brought") -> None:
        """Report if no checkpoint counts under the policy, or none that is young enough."""
        policy = brought.anchors.policy
        if policy is None:
            return
        failure: AuditError = QuorumMissing("there is no checkpoint that could count")
        for row, _ in sorted(self._signed, key=lambda one: one[1].size, reverse=True):
            lines = [
                one.data
                for one in self._attached
                if (one.checkpoint, one.kind) == (row.number, COSIGNATURE)
            ]
            try:
                policy.count(
                    cosigned_note(row.note, lines),
                    now_ns=brought.clock(),
                    max_age_ns=brought.max_age_ns,
                )
            except AuditError as exc:
                failure = exc if not isinstance(failure, CheckpointStale) else failure
                continue
            return
        kind = Damage.STALE if isinstance(failure, CheckpointStale) else Damage.QUORUM
        self.report(kind, str(failure))

    def judge_payloads(self, store: Store, key: VaultKey) -> None:
        """Open every payload that an entry commits to."""
        try:
            found = Vault(store, lambda: 0, key).verify()
        except VerificationError as exc:
            self.report(Damage.PAYLOAD, str(exc))
        else:
            self._payloads = found.held


def _joined(spots: Iterable[Spot]) -> list[Spot]:
    """Return findings with entries that are missing side by side as one."""
    joined: list[Spot] = []
    for spot in spots:
        last = joined[-1] if joined else None
        kinds = {last and last.kind, spot.kind}
        if last is not None and kinds == {Damage.MISSING} and last.until + 1 == spot.seq:
            joined[-1] = replace(last, until=spot.until)
            continue
        joined.append(spot)
    return joined


def _head_of(checkpoint: Checkpoint) -> TreeHead:
    return TreeHead(checkpoint.origin, checkpoint.size, bytes.fromhex(checkpoint.root))


def _number(row: EntryRow) -> int | None:
    try:
        return read_leaf(row.leaf).number
    except (TypeError, ValueError):
        return None
