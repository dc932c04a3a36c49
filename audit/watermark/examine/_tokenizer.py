"""Tokenizers, as far as an examination needs one."""

import hashlib
import json
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

PROBE = (
    "The quick brown fox doesn't jump over 1234567 lazy dogs — naïve façade, 50% of €9.99!\n"
    "\tdef f(x):\n        return x ** 2  # ok\n"
    "人工智能生成的文本需要标识。日本語のテキスト、한국어 텍스트. Привет, мир! مرحبا 🙂\u200d🙂\n"
)
"""A text in several scripts on which different tokenizers part."""


class Tokenizer(Protocol):
    """Cuts a text into the tokens its model knows, without adding special ones."""

    def encode(self, text: str) -> Sequence[int]:
        """Return the ids of the text's tokens."""


def tokenizer_digest(tokenizer: Tokenizer) -> str:
    """Return a digest of what a tokenizer does, whatever file it was read from.

    SHA-256 over the ids of a fixed probe text. Equal tokenizers have equal
    digests in every format; it tells a wrong tokenizer from the right one and
    is no protection against one made to deceive.
    """
    ids = json.dumps([int(token) for token in tokenizer.encode(PROBE)])
    return "sha256:" + hashlib.sha256(ids.encode()).hexdigest()


def encode(tokenizer: Tokenizer, text: str) -> NDArray[np.int64]:
    """Return the tokens of any text; lone surrogates become U+FFFD."""
    clean = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return np.array(tokenizer.encode(clean), dtype=np.int64)
