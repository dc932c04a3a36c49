"""Which part of a text which model reads."""

import re
from collections.abc import Iterator

HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002a6df]")
_LINE = re.compile(r"[^\x1e\x1f]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]{2,}")
_NOT_HAN = re.compile(r"[^\u3000-\u303f\u3400-\u9fff\uff00-\uffef\U00020000-\U0002a6df]+")
_MACHINE = re.compile(r"[{}<>\[\]|=\\/_#%]")


def stretches(text: str) -> Iterator[tuple[str, int, int]]:
    """Give `han` or `latin` stretches of `text` that are prose, with their places."""
    for record in _LINE.finditer(text):
        start, end = record.span()
        if HAN.search(text, start, end) is None:
            if is_prose(text[start:end]):
                yield "latin", start, end
            continue
        yield "han", start, end
        for piece in _NOT_HAN.finditer(text, start, end):
            if len(_LATIN.findall(piece.group())) >= 4 and is_prose(piece.group()):
                yield "latin", *piece.span()


def is_prose(text: str) -> bool:
    """Whether people wrote `text` for people: words, and not mostly marks and numbers."""
    words = _LATIN.findall(text)
    if not words:
        return False
    letters = sum(map(len, words))
    return len(_MACHINE.findall(text)) <= max(2, letters // 12)
