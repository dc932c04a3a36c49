"""JSON, redacted at its leaves and given back as it was written, but for what was found.

The leaves of a text are laid out in a row, each behind its key, and scanned at
once: a key is context for its value and for nothing else. What is found is
replaced in the original text, so numbers, blanks and order stay untouched, and
a text in which nothing is found comes back byte for byte.
"""

import json
import re

from audit.redact._leaves import Piece, Row, row
from audit.redact._redactor import Redactor
from audit.redact._replace import Replacement, replaced
from audit.redact._types import Coverage, RedactedText, Span

_SURROGATE = re.compile("[\ud800-\udfff]")
MOST_NESTED = 2
"""How deep JSON inside a JSON string is opened."""


def redact_json(redactor: Redactor, text: str, depth: int = MOST_NESTED) -> RedactedText | None:
    """Return a JSON text with its leaves redacted, or None when `text` is not JSON.

    Offsets of spans are those of `text`; a leaf with escapes is one span.

    Raises:
        RedactionFailed: a leaf could not be scanned whole and the settings say refuse.
    """
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    try:
        return _redacted(redactor, text, depth)
    except Exception as exc:  # noqa: BLE001  a failed scan must not pass the text on
        return _masked(redactor.failed(text, exc))


def _redacted(redactor: Redactor, text: str, depth: int) -> RedactedText:
    leaves = row(text, names=redactor.looks_for_names, known=redactor.known)
    found = redactor.look(leaves.text)
    leaves.learn(found.spans)
    layers = found.coverage.layers
    if not (found.spans or leaves.nested):
        return RedactedText(text, (), redactor.recognisers, Coverage(len(text), layers))
    edits = _edits(leaves, found.spans, redactor.settings.replacement)
    for piece in leaves.nested:
        inner = redact_json(redactor, piece.text, depth - 1) if depth else None
        inner = inner or redactor.redact(piece.text)
        layers = (*layers, "json", *inner.coverage.layers)
        if not inner.is_clean:
            edits.append(
                (Span(piece.start, piece.end, inner.spans[0].type, 1.0), _quoted(inner.text))
            )
    edits.sort()
    spans = tuple(span for span, _ in edits)
    written = iter([value for _, value in edits])
    out = replaced(text, spans, lambda span, value: next(written)) if edits else text  # noqa: ARG005
    return RedactedText(out, spans, redactor.recognisers, Coverage(len(text), layers))


def _edits(
    leaves: Row, spans: tuple[Span, ...], replacement: Replacement
) -> list[tuple[Span, str]]:
    """Return what is replaced in the JSON text, and by what."""
    edits: list[tuple[Span, str]] = []
    others: dict[int, tuple[Piece, list[Span]]] = {}
    for span in spans:
        for piece in leaves.pieces(span.start, span.end):
            at, value = piece.at, piece.text
            start, end = max(span.start - at, 0), min(span.end - at, len(value))
            if start >= end:
                continue
            if piece.form != "plain":
                inside = others.setdefault(piece.start, (piece, []))[1]
                inside.append(Span(start, end, span.type, span.score))
                continue
            begin = piece.start
            place = Span(begin + start, begin + end, span.type, span.score)
            edits.append((place, _quoted(replacement(place, value[start:end]))))
    edits.extend(_rewritten(piece, found, replacement) for piece, found in others.values())
    return edits


def _rewritten(piece: Piece, found: list[Span], replacement: Replacement) -> tuple[Span, str]:
    """Return a number or a string with escapes written anew."""
    whole = Span(piece.start, piece.end, found[0].type, found[0].score)
    text = _quoted(replaced(piece.text, found, replacement))
    return whole, f'"{text}"' if piece.form == "number" else text


def _quoted(text: str) -> str:
    """Return `text` as it is written between the quotes of a JSON string."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    return quoted if quoted.isascii() else _SURROGATE.sub(_escaped, quoted)


def _escaped(match: re.Match[str]) -> str:
    """Return a surrogate, which UTF-8 cannot write, as an escape."""
    return f"\\u{ord(match.group()):04x}"


def _masked(failed: RedactedText) -> RedactedText:
    return RedactedText(f'"{failed.text}"', failed.spans, failed.recognisers, failed.coverage)
