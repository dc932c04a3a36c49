"""Where the tensors of a file lie: side by side, with nothing hidden between them.

Overlapping tensors make two readers disagree about a model; bytes that belong
to no tensor can carry anything past a reader that looks only at tensors.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from audit.model._refused import Refused, quoted
from audit.model._source import Source


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The bytes `start` to `end` of a file, which one tensor owns."""

    start: int
    end: int
    name: str


def require_tiling(spans: Iterable[Span], source: Source, *, begin: int, slack: int) -> None:
    """Require that `spans` cover the file from `begin` to its end.

    Between two spans, and after the last, fewer than `slack` bytes may lie, and
    they must be zero.

    Raises:
        Refused: `tensor-outside`, `tensor-overlap`, `tensor-hole`, `trailing-bytes`
            or `padding-not-zero`.
    """
    at, last = begin, "the header"
    for span in sorted(spans):
        if span.start < begin or span.end > source.size:
            raise Refused(
                "tensor-outside",
                f"{quoted(span.name)} takes bytes {span.start} to {span.end}"
                f" of a file of {source.size}",
            )
        if span.start < at:
            raise Refused(
                "tensor-overlap",
                f"{quoted(span.name)} starts {at - span.start} bytes inside {last}",
            )
        if span.start - at >= max(slack, 1):
            raise Refused(
                "tensor-hole", f"{span.start - at} bytes of no tensor before {quoted(span.name)}"
            )
        _require_zero(source, at, span.start)
        at, last = span.end, quoted(span.name)
    if source.size - at >= max(slack, 1):
        raise Refused("trailing-bytes", f"{source.size - at} bytes follow {last}")
    _require_zero(source, at, source.size)


def _require_zero(source: Source, begin: int, end: int) -> None:
    for piece in source.chunks(begin, end):
        if piece.strip(b"\0"):
            raise Refused("padding-not-zero", f"padding at {begin} holds bytes that are not zero")
