"""Text inside text: percent signs, entities, JSON escapes, base64.

Each layer gives the decoded text and, for every character, where it came from.
What is found inside is masked outside: the whole encoded stretch goes.
"""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Base64 of a text mixes capitals with small letters and digits; a word of prose does not.
_MIXED = r"[A-Z][a-z]{0,6}[A-Z0-9+/_\-][A-Za-z0-9+/_\-]{6}"
GATE = rf"{_MIXED}|%[0-9A-Fa-f]{{2}}|&[#A-Za-z]|\\[ux]"
"""What a text must hold for any layer to be opened."""
MOST_DEPTH = 2
MOST_DECODED = 1 << 20
"""Largest text in characters that is decoded; a longer one is scanned as it is written."""


@dataclass(frozen=True, slots=True)
class View:
    """A decoded text; character `i` was written at `starts[i]:ends[i]` of the text it came from."""

    layer: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    whole: bool = False
    """Whether one finding inside condemns the whole stretch."""

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where `text[start:end]` was written."""
        if self.whole:
            return self.starts[0], self.ends[-1]
        return self.starts[start], self.ends[end - 1]

    def through(self, outer: "View") -> "View":
        """Return this view with its places in the text that `outer` was made of."""
        starts = tuple(outer.place(s, e)[0] for s, e in zip(self.starts, self.ends, strict=True))
        ends = tuple(outer.place(s, e)[1] for s, e in zip(self.starts, self.ends, strict=True))
        return View(
            f"{outer.layer}+{self.layer}", self.text, starts, ends, self.whole or outer.whole
        )


_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_ESCAPE = re.compile(
    r"(?:\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2})|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{15,}+={0,2}")
_MAY_BE_BASE64 = re.compile(_MIXED)
_BLANK = re.compile(r"[ \t\r\n\x1e\x1f]")
_CONTEXT = 110
"""Characters around an encoded stretch that are read with it."""
_HEX = re.compile(r"[0-9a-fA-F\-]+|[0-9]+")


def _percent(raw: str) -> list[tuple[str, int, int]]:
    data = bytes.fromhex(raw.replace("%", ""))
    pieces, at = [], 0
    for char in data.decode("utf-8", "replace"):
        size = len(char.encode("utf-8")) if char != "\ufffd" else 1
        pieces.append((char, at * 3, min((at + size) * 3, len(raw))))
        at += size
    return pieces


def _whole(decode: Callable[[str], str]) -> Callable[[str], list[tuple[str, int, int]]]:
    return lambda raw: [(char, 0, len(raw)) for char in decode(raw)]


def _escape(raw: str) -> str:
    if raw.startswith("\\x"):
        return chr(int(raw[2:], 16))
    codes = [int(part, 16) for part in raw.split("\\u")[1:]]
    if len(codes) == 2:
        return chr(0x10000 + (codes[0] - 0xD800 << 10) + (codes[1] - 0xDC00))
    return chr(codes[0])


_LAYERS = (
    ("percent", "%", _PERCENT, _percent),
    ("entity", "&", _ENTITY, _whole(html.unescape)),
    ("json", "\\", _ESCAPE, _whole(_escape)),
)


def may_hold(text: str) -> bool:
    """Whether `text` may hold a layer; quicker than a search for `GATE`, and true as often."""
    if "%" in text or "&" in text or "\\" in text:
        return True
    return _MAY_BE_BASE64.search(text) is not None


def views(text: str, depth: int = MOST_DEPTH) -> Iterator[View]:
    """Give every decoded view of `text`, and of those, at most `depth` deep."""
    if not depth or len(text) > MOST_DECODED:
        return
    found = [view for layer in _LAYERS for view in _substituted(text, *layer)]
    found.extend(_encoded(text))
    for view in found:
        yield view
        for inner in views(view.text, depth - 1):
            yield inner.through(view)


def _substituted(
    text: str,
    name: str,
    mark: str,
    pattern: re.Pattern[str],
    decode: Callable[[str], list[tuple[str, int, int]]],
) -> Iterator[View]:
    """Give the stretches of `text` that hold `pattern`, decoded, with what stands around them."""
    if mark not in text:
        return
    matches: list[re.Match[str]] = []
    left = right = -1
    for match in pattern.finditer(text):
        if match.start() > right:
            if matches:
                yield _decoded(text, (left, right), name, matches, decode)
                matches = []
            least = max(right, 0)
            word = max(text.rfind(blank, least, match.start()) for blank in " \t\n\x1e\x1f")
            left = max(word + 1 - _CONTEXT, least)
        if match.end() > right - _CONTEXT:
            blank = _BLANK.search(text, match.end())
            right = min((blank.start() if blank else len(text)) + _CONTEXT, len(text))
        matches.append(match)
    if matches:
        yield _decoded(text, (left, right), name, matches, decode)


def _decoded(
    text: str,
    stretch: tuple[int, int],
    name: str,
    matches: list[re.Match[str]],
    decode: Callable[[str], list[tuple[str, int, int]]],
) -> View:
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at, last = stretch
    for match in matches:
        begin = match.start()
        out.append(text[at:begin])
        starts.extend(range(at, begin))
        ends.extend(range(at + 1, begin + 1))
        for char, start, end in decode(match.group()):
            out.append(char)
            starts.append(begin + start)
            ends.append(begin + end)
        at = match.end()
    out.append(text[at:last])
    starts.extend(range(at, last))
    ends.extend(range(at + 1, last + 1))
    return View(name, "".join(out), tuple(starts), tuple(ends))


def _encoded(text: str) -> Iterator[View]:
    for match in _BASE64.finditer(text):
        raw = match.group()
        if _MAY_BE_BASE64.search(raw) is None or _HEX.fullmatch(raw):
            continue
        plain = _base64(raw)
        if plain is not None:
            size = len(plain)
            yield View("base64", plain, (match.start(),) * size, (match.end(),) * size, whole=True)


def _base64(raw: str) -> str | None:
    """Return the text in a base64 stretch, or None where there is none."""
    body = raw.rstrip("=").replace("-", "+").replace("_", "/")
    if len(body) % 4 == 1:
        return None
    try:
        plain = base64.b64decode(body + "=" * (-len(body) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return plain if plain and all(c.isprintable() or c in "\t\r\n" for c in plain) else None
