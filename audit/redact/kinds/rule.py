"""One row of the table of identifiers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from audit.redact._context import Topic

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of identifier is recognised.

    `forms` are the compact shapes, `9` for a digit and `A` for a letter. With
    `check`, a value whose check holds scores `alone` (0: the check is too weak
    to count without context) or 0.95 beside a word of `topic`. With `labelled`,
    a value that has its label right before it counts even when the check fails,
    if `looks` allows it: a mistyped number is still a person's number.
    """

    type: str
    countries: str
    forms: tuple[str, ...]
    topic: Topic
    check: Check | None = None
    alone: float = 0.0
    labelled: bool = False
    looks: Check | None = None
    source: str = field(default="")


def digits(*sizes: int) -> tuple[str, ...]:
    """Return the forms of plain numbers of these lengths."""
    return tuple("9" * size for size in sizes)
