"""What the words around a number say it is.

A word is compared whole: `nip` is not found in `snippet`. Names of fields are
split where case or an underscore changes, so `userPhone` and `user_phone` say
`phone`. Chinese and Japanese have no spaces; there a phrase is looked for.
"""

import re
from dataclasses import dataclass

BEFORE, AFTER, LABEL = 48, 16, 32
"""How many characters before and after a number count, and how near a label stands."""
RECORD = "\x1e"
"""Separates fields of a record; context never crosses it."""

_WORD = re.compile(r"[A-ZÀ-ÞĄĆĘŁŃÓŚŹŻ]?[^\W\d_A-Z]+|[A-Z]+")
_CAMEL = re.compile(r"[a-z][A-Z]")
_BLANKS = {code: " " for code in range(128) if not chr(code).isalpha()}
_NOT_ASIAN = re.compile(r"[\u0000-\u10ff\u1e00-\u2fff]")


@dataclass(frozen=True, slots=True)
class Topic:
    """Words that say what a number nearby is: whole words, and phrases of any script."""

    words: frozenset[str]
    phrases: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Topic":
        """Read a topic from words separated by blanks."""
        words = text.casefold().split()
        latin = {word for word in words if _NOT_ASIAN.match(word)}
        return cls(frozenset(latin), tuple(word for word in words if word not in latin))


def words(text: str) -> frozenset[str]:
    """Return the words of a text, names of fields taken apart."""
    if text.isascii() and _CAMEL.search(text) is None:
        return frozenset(text.casefold().translate(_BLANKS).split())
    return frozenset(word.casefold() for word in _WORD.findall(text))


class Around:
    """The words around one place of a text, read when first asked for."""

    __slots__ = ("_after", "_before", "_end", "_label", "_start", "_text", "_words")

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text, self._start, self._end = text, start, end
        self._words: frozenset[str] | None = None
        self._label: frozenset[str] | None = None
        self._before = self._after = ""

    def _read(self) -> frozenset[str]:
        before = self._text[max(0, self._start - BEFORE) : self._start]
        after = self._text[self._end : self._end + AFTER]
        before = before[before.rfind(RECORD) + 1 :]
        after = after.partition(RECORD)[0]
        self._before, self._after = before.casefold(), after.casefold()
        self._words = words(before + " " + after)
        return self._words

    def mentions(self, topic: Topic) -> bool:
        """Whether a word of the topic stands before or shortly after."""
        words = self._words if self._words is not None else self._read()
        if not topic.words.isdisjoint(words):
            return True
        return any(phrase in self._before or phrase in self._after for phrase in topic.phrases)

    def mentions_any(self, words: frozenset[str]) -> bool:
        """Whether one of `words`, or anything in a script without blanks, is near."""
        near = self._words if self._words is not None else self._read()
        return not words.isdisjoint(near) or not (self._before + self._after).isascii()

    def labelled(self, topic: Topic) -> bool:
        """Whether a word of the topic stands right before, as a label does."""
        if self._words is None:
            self._read()
        if self._label is None:
            near = self._text[max(0, self._start - LABEL) : self._start]
            near = near[near.rfind(RECORD) + 1 :]
            self._label = words(near)
        if not topic.words.isdisjoint(self._label):
            return True
        near_phrase = self._before[-LABEL:]
        return any(phrase in near_phrase for phrase in topic.phrases)
