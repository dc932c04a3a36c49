"""The redactor: settings in, texts in, redacted texts out, and nothing else when it fails.

* Whatever goes wrong inside, the text is masked whole or refused; it is never passed on.
* A message of ours holds no part of a text.

Trust: the patterns see what they describe. Personal data in words they do not
know is not found; docs/limitations.md says which.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from audit.core.errors import AuditError, RedactionFailed
from audit.redact._gate import Engine
from audit.redact._leaves import Known
from audit.redact._overlap import resolve
from audit.redact._replace import WHOLE, Replacement, placeholder, replaced
from audit.redact._scan import BudgetSpent, Deadline, Scanner
from audit.redact._types import Coverage, RedactedText, Span
from audit.redact.shapes import Shape


class Recogniser(Protocol):
    """Finds more than identifiers, such as names; called after the scan, within the budget."""

    digests: tuple[str, ...]
    """Name the models or tables it looks with."""

    def spans(self, text: str, deadline: Deadline) -> Iterable[Span]:
        """Return what is found in `text`; offsets are code points."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a redactor works. Times are seconds, sizes are characters."""

    threshold: float = 0.5
    """Spans with a lower score are left alone."""
    keep: frozenset[str] = frozenset()
    """Entity types that are left alone."""
    on_failure: Literal["mask", "refuse"] = "mask"
    budget: float = 2.0
    """Longest time for one text."""
    most: int = 4 << 20
    """Longest text that is scanned; a longer one is masked or refused."""
    engine: Engine = "auto"
    replacement: Replacement = placeholder


class Redactor:
    """Redacts texts. Make one and keep it; it is safe to share between threads."""

    def __init__(
        self,
        settings: Settings | None = None,
        recognisers: Sequence[Recogniser] = (),
        shapes: Sequence[Shape] = (),
    ) -> None:
        self.settings = settings or Settings()
        self._scanner = Scanner(self.settings.engine, shapes)
        self._recognisers = tuple(recognisers)
        self.known = None if recognisers else Known()
        self.recognisers = (
            self._scanner.digest,
            *(d for r in self._recognisers for d in r.digests),
        )

    @property
    def engine(self) -> str:
        """The engine in use: hyperscan, re2 or re."""
        return self._scanner.engine

    @property
    def looks_for_names(self) -> bool:
        """Whether anything beyond identifiers and secrets is looked for."""
        return bool(self._recognisers)

    def redact(self, text: str) -> RedactedText:
        """Return `text` with personal data and secrets replaced.

        Raises:
            RedactionFailed: the text could not be scanned whole and the settings say refuse.
        """
        try:
            spans, layers = self._found(text)
            out = replaced(text, spans, self.settings.replacement) if spans else text
            return RedactedText(out, tuple(spans), self.recognisers, Coverage(len(text), layers))
        except Exception as exc:  # noqa: BLE001  a failed scan must not pass the text on
            return self.failed(text, exc)

    def look(self, text: str) -> RedactedText:
        """Return where personal data is in `text`, which comes back unchanged.

        Raises:
            Exception: whatever went wrong; the caller decides what becomes of the text.
        """
        spans, layers = self._found(text)
        return RedactedText(text, tuple(spans), self.recognisers, Coverage(len(text), layers))

    def spans(self, text: str) -> list[Span]:
        """Return where personal data is, in order and without overlaps.

        Raises:
            RedactionFailed: the text could not be scanned whole, whatever the settings say.
        """
        try:
            return self._found(text)[0]
        except Exception as exc:  # noqa: BLE001  no answer must not look like no finding
            raise RedactionFailed(f"a text could not be scanned whole: {_reason(exc)}") from None

    def failed(self, text: str, exc: BaseException) -> RedactedText:
        """Return what a text becomes that could not be scanned: nothing of it.

        Raises:
            RedactionFailed: the settings say refuse.
        """
        reason = _reason(exc)
        if self.settings.on_failure == "refuse":
            raise RedactionFailed(f"a text could not be scanned whole: {reason}") from None
        span = Span(0, len(text), "REDACTED", 1.0)
        return RedactedText(WHOLE, (span,), self.recognisers, Coverage(0, refused=reason))

    def _found(self, text: str) -> tuple[list[Span], tuple[str, ...]]:
        settings = self.settings
        if len(text) > settings.most:
            raise RedactionFailed(f"longer than the {settings.most} characters scanned at most")
        deadline = Deadline(settings.budget)
        spans, layers = self._scanner.scan(text, deadline)
        for recogniser in self._recognisers:
            spans.extend(recogniser.spans(text, deadline))
            deadline.check()
        if self._recognisers:
            spans = resolve(spans)
        return [
            s for s in spans if s.score >= settings.threshold and s.type not in settings.keep
        ], layers


def _reason(exc: BaseException) -> str:
    """Say why without the text: our own message, else only the exception's class."""
    if isinstance(exc, BudgetSpent):
        return "time budget spent"
    return str(exc) if isinstance(exc, AuditError) else type(exc).__name__


@functools.cache
def default() -> Redactor:
    """Return the redactor of `redact`: identifiers and secrets, placeholders."""
    return Redactor()


def redact(text: str) -> RedactedText:
    """Return `text` with identifiers and secrets replaced by `***FIELD***`."""
    return default().redact(text)


@functools.cache
def everything() -> Redactor:
    """Return a redactor that looks for names and addresses too.

    Raises:
        ExtraMissing: a model is not installed.
    """
    from audit.redact.names import Names

    return Redactor(Settings(budget=600.0), recognisers=[Names()])


def spans(text: str) -> list[Span]:
    """Return where personal data is in `text`, names and addresses included.

    Raises:
        ExtraMissing: a model is not installed.
        RedactionFailed: the text could not be scanned whole.
    """
    return everything().spans(text)
