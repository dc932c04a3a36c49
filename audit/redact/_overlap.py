"""One span per place: the strongest gives the type, and nothing that any span covers is left."""

from collections.abc import Iterable

from audit.redact._types import Span


def resolve(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order that do not overlap and together cover what `spans` covered.

    Where two meet, the higher score gives the type, then the longer span, then the
    one that begins first.
    """
    out: list[Span] = []
    for span in sorted(spans):
        if not out or span.start >= out[-1].end:
            out.append(span)
            continue
        last = out[-1]
        best = max(last, span, key=lambda s: (s.score, s.end - s.start, -s.start))
        out[-1] = Span(last.start, max(last.end, span.end), best.type, best.score)
    return out
