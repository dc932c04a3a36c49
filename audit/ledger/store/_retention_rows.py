"""Rows of retention: what was expired under whose word, and the hashes that stay.

Of an entry that expired its leaf hash is kept, 256 in a row as in a C2SP tile.
So every root that was ever signed can still be recomputed.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from typing_extensions import override

from audit.ledger.store._statements import Statements


class ExpiryRow(NamedTuple):
    """Entries below `minimum` expired; `note` says so, signed by the log."""

    number: int
    minimum: int
    vkey: str
    note: bytes


class StubRow(NamedTuple):
    """The leaf hashes of 256 entries that expired."""

    tile: int
    hashes: bytes


EXPIRY = ", ".join(ExpiryRow._fields)
STUB = ", ".join(StubRow._fields)


class RetentionReading(Protocol):
    """What a snapshot tells of entries that expired."""

    def expiries(self) -> list[ExpiryRow]:
        """Return all expiries, in order of their number."""

    def stubs(self) -> Iterator[StubRow]:
        """Give the hashes that were kept, in order."""

    def partition_size(self) -> int:
        """Return how many entries expire together at least."""


class RetentionWriting(RetentionReading, Protocol):
    """What expiry does inside a transaction."""

    def add_expiry(self, row: ExpiryRow) -> None:
        """Store the log's word that entries expired."""

    def add_stubs(self, rows: Sequence[StubRow]) -> None:
        """Keep hashes of entries that expire."""

    def drop_below(self, minimum: int) -> None:
        """Drop the entries below `minimum`, and the keys they were recorded under.

        Raises:
            LedgerUnavailable: this user of the database may not.
        """


class RetentionStatements(RetentionWriting, Statements):
    """The statements, the same for every database."""

    @override
    def expiries(self) -> list[ExpiryRow]:
        query = f"SELECT {EXPIRY} FROM expiries ORDER BY number"
        return [ExpiryRow(*row) for row in self.all(query)]

    @override
    def stubs(self) -> Iterator[StubRow]:
        yield from map(StubRow._make, self.stream(f"SELECT {STUB} FROM stubs ORDER BY tile", ()))

    @override
    def add_expiry(self, row: ExpiryRow) -> None:
        self.run(f"INSERT INTO expiries ({EXPIRY}) VALUES (?, ?, ?, ?)", row)

    @override
    def add_stubs(self, rows: Sequence[StubRow]) -> None:
        self.many(f"INSERT INTO stubs ({STUB}) VALUES (?, ?)", rows)
