"""Synonym shift: of each pair of words, the one a receipt's key chooses.

The key gives each pair one bit, for the whole text, so words may be deleted,
moved and inserted without harm to the rest. A bit is as good as a coin's for who
has no key, so the number of pairs that agree is binomial with one half.

It is weak: a pair that occurs is one bit at most, and an editor who prefers a
word undoes it. docs/watermark-quality.md has the figures.
"""

import bisect
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.watermark._keys import EpochKeys
from audit.watermark.mark import log10_binomial_tail
from audit.watermark.synonyms._guards import closed_spans, may_change
from audit.watermark.synonyms._lexicon import CHINESE, ENGLISH, Pair

LABEL = "synonym-shift"
"""What a receipt says when words were chosen by its key."""

_BY_WORD: dict[str, tuple[Pair, int]] = {
    word: (pair, side) for pair in (*ENGLISH, *CHINESE) for side, word in enumerate(pair.words)
}


def _any_of(pairs: tuple[Pair, ...]) -> str:
    words = sorted((word for pair in pairs for word in pair.words), key=len, reverse=True)
    return "|".join(re.escape(word) for word in words)


_WORDS = re.compile(
    rf"(?<![\w'’-])(?:{_any_of(ENGLISH)})(?![\w'’-])|(?:{_any_of(CHINESE)})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Shifted:
    """A text with its words chosen, and what was done."""

    text: str
    slots: int
    """Places where a pair's word stands in open text."""
    changed: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many pairs of a text agree with a key."""

    pairs: int
    agreeing: int
    log10_p: float


def synonym_key(keys: EpochKeys, receipt_id: str) -> bytes:
    """Return the key that chooses the words of one response."""
    return hmac.digest(
        keys.payload, b"lastmile-audit/synonyms/v1\0" + receipt_id.encode(), "sha256"
    )


def shift(text: str, key: bytes) -> Shifted:
    """Return the text with the key's word of each pair, outside of all that is guarded."""
    parts, at, slots, changed = [], 0, 0, 0
    for start, end, pair, side in _slots(text):
        slots += 1
        wanted = _bit(key, pair)
        if wanted == side:
            continue
        word = pair.words[wanted]
        parts += [text[at:start], word.capitalize() if text[start].isupper() else word]
        at, changed = end, changed + 1
    return Shifted("".join([*parts, text[at:]]), slots, changed)


def agreement(text: str, key: bytes) -> Agreement:
    """Return how far a text's words are those of a key; exact for any text made without it.

    A pair counts once, and agrees only when each place of it does.
    """
    agrees: dict[str, bool] = {}
    for _, _, pair, side in _slots(text):
        agrees[pair.name] = agrees.get(pair.name, True) and side == _bit(key, pair)
    hits = sum(agrees.values())
    return Agreement(len(agrees), hits, log10_binomial_tail(len(agrees), hits, 0.5))


def _slots(text: str) -> Iterator[tuple[int, int, Pair, int]]:
    closed = closed_spans(text)
    starts = [start for start, _ in closed]
    for match in _WORDS.finditer(text):
        start, end = match.span()
        pair, side = _BY_WORD[match.group().lower()]
        at = bisect.bisect_left(starts, end) - 1
        if at >= 0 and closed[at][1] > start:
            continue
        beside = text[start - 1 : start] in pair.not_before if pair.not_before and start else False
        beside |= bool(pair.not_after) and end < len(text) and text[end] in pair.not_after
        if not beside and may_change(text, start, end):
            yield start, end, pair, side


def _bit(key: bytes, pair: Pair) -> int:
    return hmac.digest(key, pair.name.encode(), "sha256")[0] & 1
