"""A census: what the queries about every single entry count, counted in one pass."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from audit.documents import LedgerEntry
from audit.report._trail import DECIDED, SIGNED, fact_text

FIELDS: dict[str, Callable[[LedgerEntry], bool]] = {
    "time": lambda entry: entry.ts_ns > 0,
    "type": lambda entry: bool(entry.event.type),
    "model": lambda entry: entry.event.model_id is not None,
    "actor": lambda entry: (actor_of(entry) or key_of(entry)) is not None,
    "outcome": lambda entry: entry.event.type != DECIDED or fact_text(entry, "outcome") is not None,
}
"""What an audit record has to name, and when an entry does. Only decisions have an outcome."""


@dataclass(slots=True)
class Census:
    """Counts over entries: fields that are there, actors and keys named, algorithms used."""

    entries: int = 0
    present: Counter[str] = field(default_factory=Counter)
    actors: Counter[str] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    algorithms: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def silent(self) -> int:
        """The entries that name neither an actor nor a signing key."""
        return self.entries - self.present["actor"]


def take_census(entries: Iterable[LedgerEntry]) -> Census:
    """Return the counts over `entries`."""
    census = Census()
    for entry in entries:
        census.entries += 1
        census.present.update(name for name, holds in FIELDS.items() if holds(entry))
        if actor := actor_of(entry):
            census.actors[actor] += 1
        elif key := key_of(entry):
            census.keys[key] += 1
        census.algorithms["entry_hash", "sha256"] += 1
        for one in (*entry.event.inputs, *entry.event.outputs):
            census.algorithms["file_digest", one.digest.partition(":")[0]] += 1
        if entry.event.type == SIGNED:
            used = fact_text(entry, "algorithm") or "not_recorded"
            census.algorithms["release_signature", used] += 1
    return census


def actor_of(entry: LedgerEntry) -> str | None:
    """Return who acted, if the entry says so."""
    return fact_text(entry, "actor") or None


def key_of(entry: LedgerEntry) -> str | None:
    """Return the key that signed a release, which stands for whoever holds it."""
    return fact_text(entry, "key") or None if entry.event.type == SIGNED else None
