"""One written form per value: full width, invisible characters, other scripts' digits.

Two steps, so that offsets stay cheap. First a translation that keeps length.
Then characters that show nothing are deleted, and only then is an offset map
needed. ASCII text takes neither.

Sources: Unicode 15.1 (general category Nd, Zs, Pd; Default_Ignorable_Code_Point;
half- and full-width forms FF01-FF5E), GB/T 15835 for Chinese digits.
"""

import re
import unicodedata
from typing import NamedTuple

_HAN_DIGITS = {
    **{c: str(i) for i, c in enumerate("零一二三四五六七八九")},
    **{c: str(i) for i, c in enumerate("零壹贰叁肆伍陆柒捌玖")},
    **{c: str(i) for i, c in enumerate("零壹貳參肆伍陸柒捌玖")},
    "〇": "0", "○": "0", "幺": "1", "么": "1", "两": "2", "兩": "2", "叄": "3",
}  # fmt: skip
_HAN = "".join(_HAN_DIGITS)
_SEPARATORS = r"[ \-.·]?"
_HAN_RUN = re.compile(rf"[0-9{_HAN}](?:{_SEPARATORS}[0-9{_HAN}]){{6,40}}")
_HAN_TABLE = {ord(c): d for c, d in _HAN_DIGITS.items()}
_IGNORED = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\ufffd\U000e0000-\U000e0fff"
)
_LAST_DIGIT = 0x1FBF9  # Unicode 15.1: no digit, blank or dash has a higher code
_PUNCTUATION = frozenset(map(ord, "，；：！？（）"))  # every pattern takes these as they are
_INVISIBLE = re.compile(f"[{_IGNORED}]")
_VISIBLE = re.compile(f"[^{_IGNORED}]+")


def _same_length_table() -> dict[int, str]:
    """Map every digit, blank and dash of Unicode to the ASCII one, and full width to narrow."""
    table = {}
    for code in range(0x80, _LAST_DIGIT + 1):
        char = chr(code)
        category = unicodedata.category(char)
        if category in ("Nd", "No"):
            digit = unicodedata.digit(char, None)
            if digit is not None:
                table[code] = str(digit)
        elif category == "Zs":
            table[code] = " "
        elif category == "Pd":
            table[code] = "-"
    table |= {c: chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F) if c not in _PUNCTUATION}
    for code in [*range(0x1D400, 0x1D7CE), *range(0x24B6, 0x24EA)]:  # mathematical, circled letters
        plain = unicodedata.normalize("NFKC", chr(code))
        if len(plain) == 1 and plain.isascii():
            table[code] = plain
    return table | {0x017F: "s", 0x212A: "K", 0x2212: "-", 0x30FB: "·", 0x2022: "·", 0xFF65: "·"}


_TABLE = _same_length_table()
# Two classes: one that mixes planes is searched character by character, fifty times slower.
_MARKED = re.compile(f"[{re.escape(''.join(chr(code) for code in _TABLE if code < 0x10000))}]")
_ODD = re.compile(
    "[^\x00-\x7f\u00bf-\u017e\u0180-\u024f\u0391-\u03c9\u0400-\u045f\u2018-\u201f\u2026\u3001-\u3003\u3008-\u3011"
    "\u4e00-\u9fff，；：！？（）]"
)
_ASTRAL = re.compile("[\U00010000-\U0001fbff]")


class Normal(NamedTuple):
    """Text in one written form, and where its characters were in the original."""

    text: str
    origin: tuple[int, ...] | None = None
    """Offset in the original of each character; None when they are the same."""
    length: int = 0

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original of `text[start:end]`, invisible marks included."""
        if self.origin is None:
            return start, end
        last = self.origin[end] if end < len(self.origin) else self.length
        return self.origin[start], last


def normalise(text: str) -> Normal:
    """Return `text` in one written form; ASCII text comes back as it is."""
    if text.isascii():
        return Normal(text)
    if _ODD.search(text) is None:  # letters of Europe and Han with ordinary punctuation
        if _HAN_RUN.search(text):
            text = _HAN_RUN.sub(_digits, text)
        return Normal(text)
    plain = text.translate(_TABLE) if _MARKED.search(text) or _ASTRAL.search(text) else text
    origin = None
    if _INVISIBLE.search(plain):
        pieces = list(_VISIBLE.finditer(plain))
        origin = tuple(i for piece in pieces for i in range(piece.start(), piece.end()))
        plain = "".join(piece.group() for piece in pieces)
    if _HAN_RUN.search(plain):
        plain = _HAN_RUN.sub(_digits, plain)
    return Normal(plain, origin, len(text))


def _digits(run: re.Match[str]) -> str:
    return run.group().translate(_HAN_TABLE)
