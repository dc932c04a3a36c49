"""One row of the table of shapes that are not plain numbers."""

import re
from collections.abc import Callable, Iterable, Iterator
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
    near: tuple[int, int] | None = None
    """How far before and behind one of `hints` a match may reach, where only there is searched."""

    def find(self, text: str, emit: Callable[[Span], object]) -> None:
        """Give `emit` every place of `text` that has this shape."""
        if self.scan is not None:
            self.scan(text, emit)
            return
        accept = self.accept
        for start, end in self._places(text):
            for match in self.pattern.finditer(text, start, end):
                if accept is None:
                    emit(Span(*match.span(), self.type, self.score))
                elif (span := accept(match)) is not None:
                    emit(span)

    def _places(self, text: str) -> list[tuple[int, int]]:
        """Return the stretches to search: around the hints, where the shape has a reach."""
        if self.near is None or len(low := text.lower()) != len(text):
            return [(0, len(text))]
        before, behind = self.near
        found = sorted(places(low, self.hints))
        return list(joined((at - before, at + behind) for at in found))


def places(text: str, words: Iterable[str]) -> Iterator[int]:
    """Give where any of `words` begins in `text`, word by word."""
    for word in words:
        at = text.find(word)
        while at >= 0:
            yield at
            at = text.find(word, at + 1)


def joined(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Give stretches in order with those that meet made one; none begins before zero."""
    start = end = -1
    for left, right in stretches:
        if left > end:
            if end >= 0:
                yield start, end
            start = max(left, 0)
        end = max(end, right)
    if end >= 0:
        yield start, end


def group_span(match: re.Match[str], group: int | str, kind: str, score: float) -> Span:
    """Return the span of one group of a match."""
    return Span(*match.span(group), kind, score)
