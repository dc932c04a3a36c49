"""What a scan gives: spans, and the text with them replaced."""

from collections import Counter
from typing import NamedTuple

from audit.documents import FoundSpan, RedactionReport


class Span(NamedTuple):
    """One place that holds personal data or a secret, in code points of the original text."""

    start: int
    end: int
    type: str
    score: float
    """0 to 1: structure, check digit and context taken together; see docs/redaction.md."""


class Coverage(NamedTuple):
    """What the scan looked at. Counts only, never text."""

    characters: int
    layers: tuple[str, ...] = ()
    """Encodings that were opened: json, percent, entity, base64."""
    refused: str | None = None
    """Why the whole text was masked instead of scanned, or None."""


class RedactedText(NamedTuple):
    """A text with its personal data replaced, and where it was."""

    text: str
    spans: tuple[Span, ...]
    recognisers: tuple[str, ...]
    """Digests of the recogniser sets that looked at the text."""
    coverage: Coverage = Coverage(0)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was replaced."""
        return not self.spans

    def report(self) -> RedactionReport:
        """Return what was found and looked at, with no text in it."""
        return RedactionReport(
            recognisers=self.recognisers,
            spans=tuple(
                FoundSpan(start=s.start, end=s.end, type=s.type, score=round(s.score * 100))
                for s in self.spans
            ),
            counts=dict(sorted(Counter(span.type for span in self.spans).items())),
            characters=self.coverage.characters,
            layers=self.coverage.layers,
            refused=self.coverage.refused,
        )
