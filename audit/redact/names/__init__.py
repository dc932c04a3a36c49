"""Names and addresses, with models that come in packages (the extra `names`).

`Names` is a recogniser for `audit.redact.Redactor`. Chinese goes to LAC, Latin
script to Rampart; machine-shaped text goes to neither. A missing model is an
error when `Names` is made, never a weaker scan.
"""

from collections.abc import Iterator

from audit.redact._overlap import resolve
from audit.redact._scan import Deadline
from audit.redact._types import Span
from audit.redact.names.addresses import addresses
from audit.redact.names.countries import countries
from audit.redact.names.lac import Lac
from audit.redact.names.latin import people_and_places
from audit.redact.names.people import chinese_people
from audit.redact.names.rampart import Rampart
from audit.redact.names.route import stretches

__all__ = ["Lac", "Names", "Rampart"]


class Names:
    """Finds people and addresses. Loads its models at once; safe to share between threads."""

    def __init__(self) -> None:
        self._lac = Lac()
        self._rampart = Rampart()
        self.digests: tuple[str, ...] = (self._lac.digest, self._rampart.digest)

    def spans(self, text: str, deadline: Deadline) -> Iterator[Span]:
        """Give names and addresses of `text`."""
        for script, start, end in stretches(text):
            part = text[start:end]
            found = self._han(part, deadline) if script == "han" else self._latin(part, deadline)
            for span in found:
                yield Span(span.start + start, span.end + start, span.type, span.score)

    def _han(self, text: str, deadline: Deadline) -> Iterator[Span]:
        words = list(self._lac.words(text, deadline))
        yield from chinese_people(text, words)
        yield from addresses(text, words)

    def _latin(self, text: str, deadline: Deadline) -> Iterator[Span]:
        pieces = [*self._rampart.spans(text, deadline), *countries(text)]
        yield from people_and_places(text, resolve(pieces))
