"""The table that `make interop` prints: who signed what, and who verified it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

WORDS = {"passed": "yes", "failed": "NO", "skipped": "skipped"}


@dataclass
class Matrix:
    """Cells by (signed by, verified by); a cell of several tests shows the worst of them."""

    cells: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, row: str, column: str, outcome: str) -> None:
        order = ["passed", "skipped", "failed"]
        before = self.cells.get((row, column), "passed")
        self.cells[row, column] = max(before, outcome, key=order.index)

    def lines(self) -> Iterator[str]:
        """Give the table, one line at a time, rows and columns in the order they came."""
        rows = list(dict.fromkeys(row for row, _ in self.cells))
        columns = list(dict.fromkeys(column for _, column in self.cells))
        first = max(map(len, ["signed by / verified by", *rows]))
        yield "  ".join(["signed by / verified by".ljust(first), *columns])
        for row in rows:
            words = [
                WORDS.get(self.cells.get((row, column), ""), "-").ljust(len(column))
                for column in columns
            ]
            yield "  ".join([row.ljust(first), *words]).rstrip()
