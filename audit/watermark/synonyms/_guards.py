"""Where no word is ever changed: code, quotes, numbers, names, addresses, tables, markup."""

import re

_CLOSED = re.compile(
    r"""
      ```.*?(?:```|\Z) | ~~~.*?(?:~~~|\Z)         # fenced code
    | `[^`\n]+`                                   # inline code
    | ^(?:\ {4}|\t).*$                            # indented code
    | ^[ ]*(?:>|\#|\|).*$                         # block quotes, headings, tables
    | \$\$.*?\$\$ | \$[^$\n]+\$                   # formulas
    | <[^<>\n]{1,400}>                            # markup, addresses in brackets
    | \]\([^)\n]*\)                               # targets of links
    | \b[a-z][a-z0-9+.-]*://\S+ | \b\S+@\S+       # addresses
    | "[^"\n]{0,2000}" | “[^”]{0,2000}” | ‘[^’\n]{0,2000}’
    | «[^»]{0,2000}» | 「[^」]{0,2000}」 | 『[^』]{0,2000}』 | 《[^》]{0,2000}》
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_SENTENCE = re.compile(r"(?:\A|[.!?。！？:：]|\n)[\s*_\-–—(\d.]*\Z")
_DIGIT = re.compile(r"[\d零一二三四五六七八九十百千万亿%％]")
_ARTICLE = re.compile(r"\b(?:an?)[ \n]+\Z", re.IGNORECASE)


def closed_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text that are left alone, in order."""
    return [match.span() for match in _CLOSED.finditer(text)]


def may_change(text: str, start: int, end: int) -> bool:
    """Whether the word at this place is plain prose.

    A word with a capital within a sentence may be a name; one in capitals, one
    beside a number and one after an article, which its first sound decides, stay.
    """
    word, before = text[start:end], text[max(0, start - 40) : start]
    if _DIGIT.search(text[max(0, start - 2) : start] + text[end : end + 2]):
        return False
    if word.isascii():
        if _ARTICLE.search(before) or (word.isupper() and len(word) > 1):
            return False
        if word[0].isupper():
            return word[1:].islower() and _SENTENCE.search(before) is not None
        return True
    return True
