"""How a database runs statements; what the rows of the rooms beside the log are read with."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any


class Statements(ABC):
    """Statements inside one transaction, with the database's own mark for values."""

    @abstractmethod
    def run(self, statement: str, values: Sequence[object] = ()) -> Any:
        """Run a statement and return the driver's cursor."""

    @abstractmethod
    def many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once per row."""

    @abstractmethod
    def all(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a query."""

    @abstractmethod
    def stream(self, query: str, values: Sequence[object]) -> Iterator[Any]:
        """Give the rows of a query, a part of them in memory at a time."""
