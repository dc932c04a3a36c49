"""Personal data and secrets in text: found, replaced, counted, never passed on by accident.

Start here: `redact(text)` for identifiers and secrets; `Redactor` for anything else.
"""

from audit.redact._files import FileJob, redact_file
from audit.redact._gate import Engine
from audit.redact._leaves import is_machine_value
from audit.redact._lines import LineSettings, opened, redact_lines
from audit.redact._patterns import user_shapes
from audit.redact._pseudonyms import TOKEN_SHAPE, FileKeyRing, KeyRing, Pseudonyms
from audit.redact._redactor import Recogniser, Redactor, Settings, everything, redact, spans
from audit.redact._replace import Replacement, placeholder, typed
from audit.redact._scan import Deadline
from audit.redact._sinks import (
    OtelLogProcessor,
    RedactingFormatter,
    RedactingHandler,
    StructlogProcessor,
)
from audit.redact._stream import Decider, Edit, Found, StreamRedactor, apply_edits
from audit.redact._structured import redact_json
from audit.redact._types import Coverage, RedactedText, Span

__all__ = [
    "TOKEN_SHAPE",
    "Coverage",
    "Deadline",
    "Decider",
    "Edit",
    "Engine",
    "FileJob",
    "FileKeyRing",
    "Found",
    "KeyRing",
    "LineSettings",
    "OtelLogProcessor",
    "Pseudonyms",
    "Recogniser",
    "RedactedText",
    "RedactingFormatter",
    "RedactingHandler",
    "Redactor",
    "Replacement",
    "Settings",
    "Span",
    "StreamRedactor",
    "StructlogProcessor",
    "apply_edits",
    "everything",
    "is_machine_value",
    "opened",
    "placeholder",
    "redact",
    "redact_file",
    "redact_json",
    "redact_lines",
    "spans",
    "typed",
    "user_shapes",
]
