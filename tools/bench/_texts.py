"""Texts that are like each other, as answers of one model are: common words, set phrases."""

import numpy as np

_SOUNDS = [a + b for a in "bcdfglmnprst" for b in "aeiou"]
_PHRASES = 400
_COMMON = 0.25


def texts(rng: np.random.Generator, count: int, words: int) -> list[str]:
    """Return `count` texts of about `words` words.

    Words follow Zipf's law over 20,000; a quarter of each text is set phrases
    of four to eight words that all texts draw from the same 400.
    """
    vocabulary = np.array([_word(number) for number in range(20_000)])
    phrases = [_some(rng, vocabulary, int(rng.integers(4, 9))) for _ in range(_PHRASES)]
    return [_text(rng, vocabulary, phrases, words) for _ in range(count)]


def _text(
    rng: np.random.Generator, vocabulary: np.ndarray, phrases: list[list[str]], words: int
) -> str:
    parts: list[str] = []
    own = _some(rng, vocabulary, words)
    at = 0
    while len(parts) < words:
        if rng.random() < _COMMON / 3:
            parts += phrases[min(int(rng.zipf(1.4)), _PHRASES) - 1]
        else:
            parts += own[at : at + 2]
            at += 2
    return " ".join(parts[:words])


def _some(rng: np.random.Generator, vocabulary: np.ndarray, count: int) -> list[str]:
    ranks = np.minimum(rng.zipf(1.15, count), len(vocabulary)) - 1
    chosen: list[str] = vocabulary[ranks].tolist()
    return chosen


def _word(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, sound = divmod(number, len(_SOUNDS))
        letters += _SOUNDS[sound]
    return letters
