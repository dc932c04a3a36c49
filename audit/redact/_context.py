"""What the words around a number say it is.

A word is compared whole: `nip` is not found in `snippet`. Names of fields are
split where case or an underscore changes, so `userPhone` and `user_phone` say
`phone`. Chinese and Japanese have no spaces; there a phrase is looked for.
"""

import re
from dataclasses import dataclass

BEFORE, AFTER, LABEL, NEAR = 48, 16, 32, 20
"""How many characters before and after a number count, and how near a label stands."""
_NUMBERED = r"(?:[ _\-]?(?:no|number|num|nr|id))?[ :=#\"'\x1f.(\[]{0,4}$"
_VERSIONS = re.compile(
    rf"(?:^|[^a-z])(?:version|firmware|fw|build|release|revision|serial){_NUMBERED}"
)
_COUNTED = re.compile(
    r"(?:^|[^a-z])(?:offsets?|seq|sequence|epoch|lsn|xid|txid|sku|partition|shard|bucket|revision|rev|ts|timestamp|nanos|millis"
    r"|duration|elapsed|latency|wait|uptime|bytes|size|rows|tokens|batch|steps?|snowflake|checksum|isbn|ean|barcode|rss|pid|tid"
    rf"|height|block|nonce|counter|count|version|firmware|build|release|serial){_NUMBERED}"
)
_FILED = re.compile(
    rf"(?:^|[^a-z])(?:orders?|invoice|tracking|parcel|shipment|ticket|job|snowflake id|bill){_NUMBERED}|(?:订单|运单|单据|流水|批次|快递)(?:号码?|编号)?[:： ]?$"
)
_UNIT = re.compile(r" ?(?:ns|us|µs|ms|bytes|rows|tokens|items|points|parameters|iops|hz)(?![a-z])")
RECORD = "\x1e"
"""Separates fields of a record; context never crosses it."""

_WORD = re.compile(r"[A-ZÀ-ÞĄĆĘŁŃÓŚŹŻ]?[^\W\d_A-Z]+|[A-Z]+")
_WHOLE = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"[A-Z](?:(?<=[a-z].)|(?<=[A-Z].)(?=[a-z]))")
_APART = r" \g<0>"
_BLANKS = "".join(chr(code) if chr(code).isalpha() else " " for code in range(128))
_HAN = re.compile("[\u3400-\u9fff]")
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
    """Return the words of a text, names of fields whole and taken apart."""
    if text.isascii():
        low = text.lower()
        if low != text and _CAMEL.search(text) is not None:
            low = f"{low} {_CAMEL.sub(_APART, text).lower()}"
        return frozenset(low.translate(_BLANKS).split())
    found = {word.casefold() for word in _WORD.findall(text)}
    found.update(_WHOLE.findall(text.casefold()))
    return frozenset(found)


class Around:
    """The words around one place of a text, read when first asked for."""

    __slots__ = ("_after", "_before", "_end", "_is_ascii", "_label", "_start", "_text", "_words")

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text, self._start, self._end = text, start, end
        self._words: frozenset[str] | None = None
        self._label: frozenset[str] | None = None
        self._before = self._after = ""
        self._is_ascii = True

    def _read(self) -> frozenset[str]:
        before = self._text[max(0, self._start - BEFORE) : self._start]
        after = self._text[self._end : self._end + AFTER]
        if RECORD in before:
            before = before[before.rfind(RECORD) + 1 :]
        if RECORD in after:
            after = after.partition(RECORD)[0]
        self._before, self._after = before, after
        near = f"{before} {after}"
        self._is_ascii = near.isascii()
        if not self._is_ascii:
            self._before, self._after = before.casefold(), after.casefold()
        self._words = words(near)
        return self._words

    def mentions(self, topic: Topic) -> bool:
        """Whether a word of the topic stands before or shortly after."""
        words = self._words if self._words is not None else self._read()
        if not topic.words.isdisjoint(words):
            return True
        if self._is_ascii or not topic.phrases:
            return False
        return any(phrase in self._before or phrase in self._after for phrase in topic.phrases)

    def mentions_any(self, words: frozenset[str]) -> bool:
        """Whether one of `words`, or anything in a script without blanks, is near."""
        near = self._words if self._words is not None else self._read()
        return not self._is_ascii or not words.isdisjoint(near)

    def counts(self, *, is_solid: bool, is_mobile: bool = False) -> bool:
        """Whether the word right before says that a machine counts, measures or numbers things.

        Numbers of orders and the like may be a mobile number too, and then are one.
        """
        before = self._text[max(0, self._start - NEAR) : self._start]
        before = before[before.rfind(RECORD) + 1 :].casefold()
        if not is_solid:
            return _VERSIONS.search(before) is not None
        if _COUNTED.search(before) or (not is_mobile and _FILED.search(before)):
            return True
        return _UNIT.match(self._text[self._end : self._end + 12]) is not None

    @property
    def is_asian(self) -> bool:
        """Whether Han characters stand before or after."""
        if self._words is None:
            self._read()
        return not self._is_ascii and _HAN.search(self._before + self._after) is not None

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
        if self._is_ascii:
            return False
        near_phrase = self._before[-LABEL:]
        return any(phrase in near_phrase for phrase in topic.phrases)
