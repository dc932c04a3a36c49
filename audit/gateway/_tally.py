"""Counts of what was redacted, for Prometheus and for the ledger. No text, ever."""

import threading
from collections import Counter
from collections.abc import Callable

from audit.redact import RedactedText, Span

Record = Callable[[RedactedText], None]
"""Told of every text in which something was replaced; what it raises refuses the text."""


class Tally:
    """Counts by entity type and by failure; safe to share between threads."""

    def __init__(self, record: Record | None = None) -> None:
        self._lock = threading.Lock()
        self._values: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._texts = 0
        self._record = record

    def add(self, result: RedactedText) -> None:
        """Count the spans of a text."""
        with self._lock:
            self._texts += 1
            self._values.update(span.type for span in result.spans)
        if self._record is not None and not result.is_clean:
            self._record(result)

    def found(self, span: Span) -> None:
        """Count one value of a stream."""
        with self._lock:
            self._values[span.type] += 1

    def failed(self, exc: BaseException) -> None:
        """Count a failure by the class of its exception."""
        with self._lock:
            self._failures[type(exc).__name__] += 1

    def exposition(self) -> str:
        """Return the counts in the Prometheus text format, version 0.0.4."""
        with self._lock:
            values, failures, texts = dict(self._values), dict(self._failures), self._texts
        lines = [
            "# HELP audit_redaction_texts_total Texts that were scanned.",
            "# TYPE audit_redaction_texts_total counter",
            f"audit_redaction_texts_total {texts}",
            "# HELP audit_redactions_total Values that were replaced, by entity type.",
            "# TYPE audit_redactions_total counter",
            *(f'audit_redactions_total{{type="{kind}"}} {n}' for kind, n in sorted(values.items())),
            "# HELP audit_redaction_failures_total Texts that were refused, by cause.",
            "# TYPE audit_redaction_failures_total counter",
            *(
                f'audit_redaction_failures_total{{cause="{c}"}} {n}'
                for c, n in sorted(failures.items())
            ),
        ]
        return "\n".join(lines) + "\n"
