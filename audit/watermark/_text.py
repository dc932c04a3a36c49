"""The spelling of a text that is committed to, and the other spellings that are tried.

A text that is copied out of a page loses its line ends, its edges, its label and
sometimes its composed characters, without anybody having altered it. The
canonical text is what such a copy keeps: no wrapper, no front matter with a label,
none of our explicit words at the edges, NFC, line feeds, no white space at the edges.
"""

import re
import unicodedata

from audit.watermark.labels import without_explicit, without_front_matter, without_wrapper

_EDITED = {"Cf", "Mn"}
"""Categories of characters that can be added without being seen."""

# Letters of Cyrillic and Greek that look like Latin ones (Unicode TR39, the unambiguous few).
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТХУаеѕіјорсухԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοα",
    "ABESIJKMHOPCTXYaesijopcyxdhqwABEZHIKMNOPTYXoa",
)
_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " "})
_LATIN = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"\w+")


def canonical_text(text: str) -> bytes:
    """Return the bytes a receipt commits to.

    Lone surrogates, which no encoding can carry, become U+FFFD.
    """
    clean = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    unified = clean.replace("\r\n", "\n").replace("\r", "\n")
    bare = without_explicit(without_front_matter(without_wrapper(unified)))
    return unicodedata.normalize("NFC", bare).strip().encode("utf-8")


def spellings(text: str) -> tuple[str, ...]:
    """Return the text as it is and, when it differs, without what an evader may have added.

    The second has compatibility forms folded (NFKC), invisible characters
    removed, typographic quotes made plain, and look-alike letters made Latin
    in words that mix alphabets.
    """
    folded = unicodedata.normalize("NFKC", text.translate(_TYPOGRAPHY))
    visible = "".join(char for char in folded if unicodedata.category(char) not in _EDITED)
    plain = _WORD.sub(_latin, visible)
    return (text,) if plain == text else (text, plain)


def _latin(word: re.Match[str]) -> str:
    mixed = _LATIN.search(word.group())
    return word.group().translate(_LOOKALIKES) if mixed else word.group()
