"""Text that arrives in pieces: decided as early as it can be, the same however it was cut.

The text itself says where it may be decided: behind a blank or a sentence mark,
once nothing that an identifier is made of stood in the last few characters.
Each such place is taken in turn, with the same text before it, so the outcome
does not depend on the pieces. Only an open identifier is held back.

* Nothing is decided inside what a scan of the text up to there calls a span.
* A number too long to hold, a key without its end: replaced, and swallowed.
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from audit.redact._redactor import Redactor
from audit.redact._replace import WHOLE
from audit.redact._types import Span

LEFT = 96
"""Characters of decided text that a scan still sees."""
QUIET = 18
"""Characters without any mark of an identifier that must stand before a cut."""
_FIRST, _STEP, _CLAUSE = 1, 12, 64
_HELD, _AHEAD, _LONGEST = 256, 64, 4096
_NUMERALS = "〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖"
_PLACE = re.compile(
    r"(?<=[ \n\t，。！？；：、）」』”])|(?<=[\u3400-\u9fff])(?=[\u3400-\u9fff])", re.DOTALL
)
_HOT = re.compile(
    r"[0-9@+%&=\\~_/#$^*<>{}\[\]|`\x1e\x1f\xa0\xad]|[A-Z](?![a-z])|--"
    rf"|[{_NUMERALS}]{{3}}|(?<![a-z])(?:at|dot)(?![a-z])"
    r"|[^\x00-\u024f\u0370-\u052f\u2018-\u201f\u2026\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af，；：！？（）]"
)
_SPOKEN = re.compile(r"[(\[{<]? ?(?:at|dot)(?![a-z])", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[，。！？；：,.;:!?\n][ \"'”’）)]*$")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY[A-Z ]{0,10}-----")
_STRING = re.compile(r'\\.|"', re.DOTALL)


Found = Callable[[Span], object]
"""Told of every value that is replaced."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`start:end` of the whole stream is written as `text`."""

    start: int
    end: int
    text: str


class Decider:
    """Decides a text that grows: `decided` says how far, `edits` what changes up to there."""

    def __init__(
        self, redactor: Redactor, found: Found | None = None, *, json_text: bool = False
    ) -> None:
        self._redactor = redactor
        self._found = found
        self._names = redactor.looks_for_names
        self._json = json_text
        self._in_string = False
        self._left = ""
        self._held = ""
        self._searched = 0
        self._swallow: re.Pattern[str] | None = None
        self.decided = 0
        self.edits: deque[Edit] = deque()

    def feed(self, text: str, *, final: bool = False) -> None:
        """Take the next piece; `final` decides all that is held.

        Raises:
            RedactionFailed: a part could not be scanned and the settings say refuse.
        """
        self._held += text
        while self._held:
            if self._swallow is not None:
                if not self._swallowed(final=final):
                    return
                continue
            cut = self._cut()
            if cut is None and not final:
                return
            self._decide(len(self._held) if cut is None else cut)

    def _cut(self) -> int | None:
        """Return where the held text may be decided next, or None while that is open."""
        held, text = self._held, self._left + self._held
        offset = len(self._left)
        least = _FIRST if self.decided == 0 else _STEP
        for place in _PLACE.finditer(held, self._searched, max(len(held) - 4, 0)):
            at = place.start()
            if at < least or at > _HELD:
                continue
            self._searched = at
            if self._may_cut(text, offset + at, at):
                return at
        if len(held) < _HELD + _AHEAD:
            return None
        return self._forced()

    def _may_cut(self, text: str, at: int, size: int) -> bool:
        if _HOT.search(text, max(0, at - QUIET), at) or _SPOKEN.match(text, at):
            return False
        if text[at] in _NUMERALS and text[at - 1] in _NUMERALS:
            return False
        return (
            not self._names or size >= _CLAUSE or _CLAUSE_END.search(text[at - 6 : at]) is not None
        )

    def _forced(self) -> int | None:
        """Cut a long busy stretch at a blank outside every span of what is seen so far."""
        seen = self._held[: _HELD + _AHEAD]
        blank = max(seen.rfind(" ", LEFT, _HELD), seen.rfind("\n", LEFT, _HELD)) + 1
        if not blank:
            return _LONGEST if len(self._held) >= _LONGEST + _AHEAD else None
        for span in self._scan(seen):
            if span.start < blank < span.end:
                return span.start if span.start > 0 else span.end
        return blank

    def _scan(self, part: str) -> list[Span]:
        """Return the spans that reach into `part`, with their offsets in it."""
        offset = len(self._left)
        found = self._redactor.look(self._left + part).spans
        return [
            Span(max(s - offset, 0), e - offset, kind, score)
            for s, e, kind, score in found
            if e > offset
        ]

    def _decide(self, size: int) -> None:
        part = self._held[:size]
        try:
            spans = self._scan(part)
        except Exception as exc:  # noqa: BLE001  what was not scanned is masked or refused
            self._redactor.failed(part, exc)
            spans = [Span(0, size, "REDACTED", 1.0)]
        if size >= _LONGEST and " " not in part:
            spans = [Span(0, size, "REDACTED", 1.0)]
            self._swallow = re.compile(r"(?=\s)")
        at = 0
        for span in spans:
            self._edit(part, at, span)
            at = span.end
        self._quotes(part[at:])
        last = spans[-1] if spans else None
        if last and last.type == "PRIVATE_KEY" and last.end == size and "-----END" not in part:
            self._swallow = _KEY_END
        self._moved(size)

    def _edit(self, part: str, at: int, span: Span) -> None:
        """Note that a span is replaced; what a cut left of the same value only disappears."""
        self._quotes(part[at : span.start])
        start, end = self.decided + span.start, self.decided + span.end
        value = part[span.start : span.end]
        written = (
            WHOLE if span.type == "REDACTED" else self._redactor.settings.replacement(span, value)
        )
        if span.start == 0 and self.edits and self.edits[-1].end == start:
            written = ""
        elif self._json and not self._in_string:
            written = f'"{written}"'
        self._quotes(value)
        if self._found is not None and written:
            self._found(span)
        self.edits.append(Edit(start, end, written))

    def _quotes(self, text: str) -> None:
        if self._json:
            for mark in _STRING.findall(text):
                if mark == '"':
                    self._in_string = not self._in_string

    def _moved(self, size: int) -> None:
        self._left = (self._left + self._held[:size])[-LEFT:]
        self._held = self._held[size:]
        self._searched = 0
        self.decided += size

    def _swallowed(self, *, final: bool) -> bool:
        """Drop held text up to the awaited end; whether that end was seen or nothing is left."""
        end = self._swallow.search(self._held) if self._swallow else None
        keep = 0 if final else 80
        size = end.end() if end else max(len(self._held) - keep, 0)
        if size:
            self.edits.append(Edit(self.decided, self.decided + size, ""))
            self._moved(size)
        if end:
            self._swallow = None
            self._left = ""
        return bool(end)


class StreamRedactor:
    """Redacts a text that arrives in pieces: what `feed` and `close` return, joined, is it."""

    def __init__(self, redactor: Redactor, found: Found | None = None) -> None:
        self._decider = Decider(redactor, found)
        self._text = ""
        self._at = 0

    def feed(self, text: str) -> str:
        """Take a piece and return what can be given out now.

        Raises:
            RedactionFailed: a part could not be scanned and the settings say refuse.
        """
        self._text += text
        self._decider.feed(text)
        return self._drained()

    def close(self) -> str:
        """Return the rest."""
        self._decider.feed("", final=True)
        return self._drained()

    def _drained(self) -> str:
        decider = self._decider
        out = apply_edits(self._text, self._at, decider.decided, decider.edits)
        self._text = self._text[decider.decided - self._at :]
        self._at = decider.decided
        return out


def apply_edits(text: str, start: int, end: int, edits: deque[Edit]) -> str:
    """Return `start:end` of a stream with edits applied and taken off; `text` begins at `start`.

    An edit that goes on beyond `end` stays in the queue, without its text.
    """
    out: list[str] = []
    at = start
    while edits and edits[0].start < end:
        edit = edits.popleft()
        out.append(text[at - start : max(edit.start, at) - start])
        out.append(edit.text)
        at = min(edit.end, end)
        if edit.end > end:
            edits.appendleft(Edit(end, edit.end, ""))
            break
    out.append(text[at - start : end - start])
    return "".join(out)
