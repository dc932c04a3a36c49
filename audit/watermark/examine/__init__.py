"""Examining a text: which key marked it, which receipt it belongs to, and how sure that is.

* `Examiner.examine`: a text -> a `Detection`, never a bare yes or no
* `Sources`: the registry, its keys, the receipt shelf, and the receipt keys that are trusted
* `tokenizer_digest`: names a tokenizer by what it does
"""

from audit.watermark.examine._candidates import Candidate, Sources
from audit.watermark.examine._examine import MOST_CHARACTERS, Examiner, Span
from audit.watermark.examine._tokenizer import PROBE, Tokenizer, encode, tokenizer_digest
from audit.watermark.examine._verdict import is_near_copy, log10_text

__all__ = [
    "MOST_CHARACTERS",
    "PROBE",
    "Candidate",
    "Examiner",
    "Sources",
    "Span",
    "Tokenizer",
    "encode",
    "is_near_copy",
    "log10_text",
    "tokenizer_digest",
]
