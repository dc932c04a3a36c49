"""Synonym shift, for answers of models that give no hand in sampling. Off unless a policy asks.

* `shift`: a text and a receipt's key -> the text with the key's words
* `agreement`: how far a text's words are those of a key, with an exact p-value
"""

from audit.watermark.synonyms._lexicon import CHINESE, ENGLISH, Pair
from audit.watermark.synonyms._shift import (
    LABEL,
    Agreement,
    Shifted,
    agreement,
    shift,
    synonym_key,
)

__all__ = [
    "CHINESE",
    "ENGLISH",
    "LABEL",
    "Agreement",
    "Pair",
    "Shifted",
    "agreement",
    "shift",
    "synonym_key",
]
