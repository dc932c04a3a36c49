"""One row of the table of shapes that are not plain numbers."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from audit.redact._types import Span

Accept = Callable[[re.Match[str]], Span | None]


@dataclass(frozen=True, slots=True)
class Shape:
    """How something that is not a plain number is found.

    `pattern` is searched only in texts that may hold it: for hyperscan and RE2
    `gate` says so; for plain `re` one of `hints` must be there (lower case, where
    the gate ignores case) and one character of `needs`; without hints the gate is
    searched. All are necessary conditions, so every engine gives the same spans. A pattern
    starts behind a boundary and repeats within bounds: its work is linear.
    """

    type: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    gate: str
    accept: Accept | None = None
    score: float = 0.8
    about: str = ""
    needs: str = ""
    may: Callable[[str], bool] | None = None
    """For plain `re`, a quicker question than searching the gate."""
    scan: Callable[[str, Callable[[Span], object]], None] | None = None
    """Does the search itself, for what a pattern alone cannot find in one pass."""

    def find(self, text: str, emit: Callable[[Span], object]) -> None:
        """Give `emit` every place of `text` that has this shape."""
        if self.scan is not None:
            self.scan(text, emit)
            return
        for match in self.pattern.finditer(text):
            if self.accept is None:
                emit(Span(*match.span(), self.type, self.score))
            elif (span := self.accept(match)) is not None:
                emit(span)


def group_span(match: re.Match[str], group: int | str, kind: str, score: float) -> Span:
    """Return the span of one group of a match."""
    return Span(*match.span(group), kind, score)
