"""Trails: what the ledger says about one release, step by step.

Steps before packaging do not know the artifact's digest. They are found the
way the gate finds them: through the digests that the packaging entry took in.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from audit.documents import LedgerEntry

FINGERPRINTED = "dataset.fingerprinted"
INSPECTED = "model.inspected"
DESCRIBED = "release.described"
PACKAGED = "release.packaged"
SIGNED = "release.signed"
DECIDED = "gate.decided"
_BEFORE = (FINGERPRINTED, INSPECTED, DESCRIBED)

History = Callable[..., Iterator[LedgerEntry]]


@dataclass(slots=True)
class Trail:
    """One release, by the digest of its manifest, and its entries.

    `before` holds the steps that led to packaging, by event type. A release
    that was only decided on, for example a foreign one, has no `packaged`.
    """

    subject: str
    packaged: LedgerEntry | None = None
    before: dict[str, LedgerEntry] = field(default_factory=dict)
    signed: list[LedgerEntry] = field(default_factory=list)
    decided: list[LedgerEntry] = field(default_factory=list)

    @property
    def model_id(self) -> str | None:
        """The model, as the packaging entry or a decision names it."""
        named = [self.packaged, *self.decided, *self.signed]
        return next((entry.event.model_id for entry in named if entry), None)

    @property
    def version(self) -> str | None:
        """The version that was packaged."""
        return fact_text(self.packaged, "version") if self.packaged else None

    @property
    def was_allowed(self) -> bool:
        """Whether some decision allowed it."""
        return any(fact_text(entry, "outcome") == "allow" for entry in self.decided)

    @property
    def seqs(self) -> list[int]:
        """The entries of the trail, in order."""
        ours = [self.packaged, *self.before.values(), *self.signed, *self.decided]
        return sorted(entry.number for entry in ours if entry)


def follow(history: History, *, start: int) -> tuple[Trail, ...]:
    """Return the releases packaged or decided on since `start`, in order of their first entry."""
    trails: dict[str, Trail] = {}
    made: dict[tuple[str, str], LedgerEntry] = {}
    for entry in history(*_BEFORE, PACKAGED, SIGNED, DECIDED):
        event = entry.event
        if event.type in _BEFORE:
            made |= {(event.type, output.digest): entry for output in event.outputs}
        elif event.subject is not None:
            trail = trails.setdefault(event.subject, Trail(event.subject))
            if event.type == PACKAGED:
                trail.packaged = entry
                trail.before = _led_to(entry, made)
            else:
                (trail.signed if event.type == SIGNED else trail.decided).append(entry)
    return tuple(trail for trail in trails.values() if _touched(trail, start))


def _led_to(packaged: LedgerEntry, made: dict[tuple[str, str], LedgerEntry]) -> dict[str, Any]:
    digests = [one.digest for one in packaged.event.inputs]
    return {
        kind: made[kind, digest] for kind in _BEFORE for digest in digests if (kind, digest) in made
    }


def _touched(trail: Trail, start: int) -> bool:
    ends = [trail.packaged, *trail.decided]
    return any(entry is not None and entry.ts_ns >= start for entry in ends)


def fact_text(entry: LedgerEntry, name: str) -> str | None:
    """Return a fact that is text, or None."""
    value = entry.event.facts.get(name)
    return value if isinstance(value, str) else None


def fact_texts(entry: LedgerEntry, name: str) -> list[str]:
    """Return a fact that is a list of text; of anything else the parts that are text."""
    value = entry.event.facts.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def fact_count(entry: LedgerEntry, name: str) -> int | None:
    """Return a fact that is a count, written as an integer or as digits, or None."""
    value = entry.event.facts.get(name)
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        return int(value)
    return value if isinstance(value, int) else None
