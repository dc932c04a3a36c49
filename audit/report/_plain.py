"""What may be printed of a ledger: short, visible text without personal data shapes.

Reports leave the house. A fact that somebody wrote into the ledger may hold
anything, so every text from it passes here before it is printed.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from audit.core.errors import PersonalDataLeft
from audit.documents import is_digest

MAX_TEXT = 300
"""Longest text of a fact that is printed, in characters; a longer one is named by digest."""
MAX_ITEMS = 200
"""Longest list that is printed; of a longer one the first and the number."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

Row = dict[str, Any]


def plain(text: str) -> str:
    r"""Return `text` with nothing invisible in it, or its digest if it is long.

    Control and direction characters would let a value look like another one;
    they are written out as `\u{202e}`.
    """
    if len(text) > MAX_TEXT:
        data = text.encode("utf-8", "surrogatepass")
        return f"sha256:{hashlib.sha256(data).hexdigest()} ({len(data)} bytes)"
    return "".join(
        f"\\u{{{ord(char):x}}}" if unicodedata.category(char) in _HIDDEN else char for char in text
    )


def plain_row(row: Row) -> Row:
    """Return a row of which every text can be printed."""
    return {key: _plain_value(value) for key, value in row.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list | tuple):
        kept = [_plain_value(item) for item in value[:MAX_ITEMS]]
        return [*kept, f"+{len(value) - MAX_ITEMS}"] if len(value) > MAX_ITEMS else kept
    if isinstance(value, dict):
        return {plain(str(key)): _plain_value(item) for key, item in value.items()}
    return value


def refuse_personal_data(query: str, row: Row) -> None:
    """Raise if a text of a row has the shape of personal data.

    A small net for the obvious, not a detector: e-mail addresses, Chinese
    resident numbers and mobile numbers, payment cards, IBANs, private keys.

    Raises:
        PersonalDataLeft: names the query, the entry and the shape, never the value.
    """
    for column, text in _texts(row):
        if is_digest(text):
            continue
        for shape, found in _SHAPES.items():
            if found(text):
                seq = row.get("seq")
                where = f"{query}: {column}" + ("" if seq is None else f" of ledger entry {seq}")
                raise PersonalDataLeft(f"{where} has the shape of {shape}")


def _texts(value: Any, column: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield column, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield column or "a name", str(key)
            yield from _texts(item, column or str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, column)


_EMAIL = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}\b"
)
_RESIDENT = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{9}[0-9Xx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9A-Za-z.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![0-9A-Za-z])")
_CARD = re.compile(
    r"(?<![0-9A-Za-z])(?:4|5[1-5]|2[2-7]|3[47]|6[0-9])(?:[ -]?\d){12,17}(?![0-9A-Za-z])"
)
_IBAN = re.compile(
    r"(?<![0-9A-Za-z])[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?(?![0-9A-Za-z])"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _resident(text: str) -> bool:
    """Whether a Chinese resident number with a right check digit (GB 11643) stands in `text`."""
    return any(
        "10X98765432"[sum(int(d) * w for d, w in zip(one, _WEIGHTS, strict=False)) % 11]
        == one[17].upper()
        for one in _RESIDENT.findall(text)
    )


def _card(text: str) -> bool:
    """Whether a card number with a right check digit (ISO/IEC 7812-1, Luhn) stands in `text`."""
    for match in _CARD.finditer(text):
        digits = [int(char) for char in match.group() if char.isdigit()][::-1]
        doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
        if (sum(digits[::2]) + sum(doubled)) % 10 == 0:
            return True
    return False


def _iban(text: str) -> bool:
    """Whether an IBAN with right check digits (ISO 13616) stands in `text`."""
    for match in _IBAN.finditer(text):
        code = match.group().replace(" ", "")
        moved = "".join(str(int(char, 36)) for char in code[4:] + code[:4])
        if int(moved) % 97 == 1:
            return True
    return False


_SHAPES: dict[str, Callable[[str], bool]] = {
    "an e-mail address": lambda text: _EMAIL.search(text) is not None,
    "a resident identity number": _resident,
    "a mobile number": lambda text: _MOBILE.search(text) is not None,
    "a payment card number": _card,
    "an IBAN": _iban,
    "a private key": lambda text: "PRIVATE KEY-----" in text,
}
