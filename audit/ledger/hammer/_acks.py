"""Acknowledgements, written down outside the ledger by whoever got them.

One file per writer, one line per acknowledgement, written before the next
attempt. A line without its end was cut by the death of its writer and counts
for nothing.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.documents import Event, LedgerEntry, leaf_hash
from audit.ledger._leaf import encode_event

HAMMER_TYPE = "ledger.hammer"
"""The type of the events that writers record, and of nothing else."""
_SUFFIX = ".acks"


def hammer_event(writer: str, number: int) -> Event:
    """Return the event that `writer` records as its `number`th; no other is the same."""
    digest = "sha256:" + hashlib.sha256(f"{writer} {number}".encode()).hexdigest()
    return Event(type=HAMMER_TYPE, subject=digest, facts={"n": number, "writer": writer})


def event_digest(event: bytes) -> bytes:
    """Return what names a canonical event in these files."""
    return hashlib.sha256(event).digest()


class AckFile:
    """Where one writer writes down what was acknowledged to it."""

    def __init__(self, folder: Path, writer: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(folder / f"{writer}{_SUFFIX}", flags, 0o600)

    def sequenced(self, entries: Sequence[LedgerEntry]) -> None:
        """Write down entries that have their place."""
        self._write([f"s {one.seq} {leaf_hash(one.leaf()).hex()}" for one in entries])

    def durable(self, events: Sequence[Event]) -> None:
        """Write down events that will have a place."""
        self._write([f"d {event_digest(encode_event(one)).hex()}" for one in events])

    def refused(self) -> None:
        """Write down that an attempt was refused."""
        self._write(["r"])

    def _write(self, lines: Sequence[str]) -> None:
        os.write(self._file, "".join(f"{line}\n" for line in lines).encode())


@dataclass(slots=True)
class Acks:
    """All acknowledgements: leaf hashes by place, events without one, attempts refused."""

    sequenced: dict[int, bytes] = field(default_factory=dict)
    durable: list[bytes] = field(default_factory=list)
    refused: int = 0
    forked: int = 0
    """Places that were acknowledged to two entries."""


def read_acks(folder: Path) -> Acks:
    """Return what all writers wrote down."""
    acks = Acks()
    for kind, *words in _lines(folder):
        if kind == "s":
            seq, found = int(words[0]), bytes.fromhex(words[1])
            acks.forked += acks.sequenced.setdefault(seq, found) != found
        elif kind == "d":
            acks.durable.append(bytes.fromhex(words[0]))
        else:
            acks.refused += 1
    return acks


def _lines(folder: Path) -> Iterator[list[str]]:
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with path.open(encoding="ascii") as file:
            for line in file:
                if line.endswith("\n"):
                    yield line.split()
