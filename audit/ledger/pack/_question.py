"""Which entries a pack is about, and finding them in a tree."""

from bisect import bisect_left
from dataclasses import dataclass, field

from audit.core.errors import EntryExpired, UsageError
from audit.core.standalone import MAX_PACK, holds_value
from audit.documents import LedgerEntry
from audit.ledger._leaf import read_leaf
from audit.ledger.tiles import TiledTree

_SECOND = 10**9


@dataclass(frozen=True, slots=True)
class Question:
    """A half-open period, and what the events must hold somewhere (one of `subjects`).

    A subject is any text an event can hold: a release digest, a model id, a receipt id, a
    pseudonym. `whole`: give the entries of the period that hold none of them as well, so that
    anybody can see that they do not.

    Raises:
        UsageError: a period that does not begin and end with a second, or an empty subject.
    """

    from_ns: int | None = None
    until_ns: int | None = None
    subjects: tuple[str, ...] = ()
    whole: bool = False

    def __post_init__(self) -> None:
        if any(one is not None and one % _SECOND for one in (self.from_ns, self.until_ns)):
            raise UsageError("the period of a pack begins and ends with a second")
        if not all(self.subjects):
            raise UsageError("a subject is a digest, an id or another text, not nothing")
        object.__setattr__(self, "subjects", tuple(sorted(set(self.subjects))))

    def wants(self, entry: LedgerEntry) -> bool:
        """Whether an entry of the period is selected."""
        event = entry.event.model_dump(mode="json")
        return not self.subjects or any(holds_value(event, one) for one in self.subjects)


@dataclass(frozen=True, slots=True)
class Selection:
    """The entries from `first` to before `end` are of the period; `selected` are wanted."""

    first: int
    end: int
    selected: tuple[int, ...]
    leaves: dict[int, bytes] = field(repr=False)
    """The leaves that are given, by number."""
    receipts: dict[str, str] = field(repr=False)
    """The digest of each receipt that a selected entry names, by the receipt's id."""

    @property
    def whole(self) -> bool:
        """Whether every entry of the period is given."""
        return len(self.leaves) == self.end - self.first


def select(tree: TiledTree, question: Question, *, minimum: int = 0) -> Selection:
    """Return what answers a question; entries below `minimum` expired.

    Raises:
        EntryExpired: the period may reach into what expired.
        UsageError: more than a pack can hold.
        VerificationError, EvidenceError: the tiles do not hold the entries.
    """
    from_ns, until_ns = question.from_ns, question.until_ns
    first = _position(tree, from_ns, minimum) if from_ns is not None else minimum
    end = _position(tree, until_ns, minimum) if until_ns is not None else tree.size
    if minimum and first == minimum:
        raise EntryExpired(
            f"entries below {minimum} expired, and the period may reach into them",
            hint=f"ask for a period that begins after entry {minimum}: --period",
        )
    found = Selection(first, max(first, end), (), {}, {})
    selected: list[int] = []
    held = 0
    for number, leaf in enumerate(tree.leaves(first, found.end), first):
        entry = read_leaf(leaf)
        wanted = question.wants(entry)
        if wanted:
            selected.append(number)
            found.receipts.update(_receipt(entry))
        if wanted or question.whole:
            found.leaves[number] = leaf
            held += len(leaf)
        if held > MAX_PACK:
            raise UsageError(
                f"more than the {MAX_PACK >> 20} MiB that a pack can hold",
                hint="ask for a shorter period or a subject",
            )
    return Selection(first, found.end, tuple(selected), found.leaves, found.receipts)


def _position(tree: TiledTree, ns: int, minimum: int) -> int:
    """Return the number of the first entry that is kept, at `ns` or later; times only grow."""
    kept = range(minimum, tree.size)
    return minimum + bisect_left(kept, ns, key=lambda one: read_leaf(tree.leaf(one)).ts_ns)


def _receipt(entry: LedgerEntry) -> dict[str, str]:
    receipt_id = entry.event.facts.get("receipt_id")
    named = [one.digest for one in entry.event.outputs if one.name == "receipt"]
    return {receipt_id: named[0]} if isinstance(receipt_id, str) and named else {}
