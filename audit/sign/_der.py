"""DER (X.690, clause 10), as far as walking into a structure takes.

Definite lengths in their one spelling; what is inside is the caller's to judge.
"""

from dataclasses import dataclass

SEQUENCE, SET, OCTETS, OID = 0x30, 0x31, 0x04, 0x06
MAX_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Item:
    """One value: its tag, and the bytes inside."""

    tag: int
    data: bytes

    def inside(self, tag: int) -> list["Item"]:
        """Return the values inside one that must have this tag.

        Raises:
            ValueError: it has another, or holds something other than values.
        """
        if self.tag != tag:
            raise ValueError("a value is of another kind")
        return items(self.data)


def items(data: bytes) -> list[Item]:
    """Return the values that `data` is made of, one behind the other.

    Raises:
        ValueError: it is made of something else, or a length has a second spelling.
    """
    found, at = [], 0
    while at < len(data):
        item, at = _item(data, at)
        found.append(item)
    return found


def only(found: list[Item]) -> Item:
    """Return the one value in a list.

    Raises:
        ValueError: there are none or several.
    """
    if len(found) != 1:
        raise ValueError(f"{len(found)} values, not one")
    return found[0]


def _item(data: bytes, at: int) -> tuple[Item, int]:
    head = data[at : at + 2]
    if len(head) < 2 or head[0] & 0x1F == 0x1F:  # no structure we read has tags of many bytes
        raise ValueError("a value is cut off")
    tag, length, at = head[0], head[1], at + 2
    if length >= 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[at : at + size], "big")
        at += size
        if not 0 < size <= MAX_LENGTH_BYTES or length < 0x80 or length >> (8 * (size - 1)) == 0:
            raise ValueError("a length is not in its one spelling")
    if len(data) < at + length:
        raise ValueError("a value is cut off")
    return Item(tag, data[at : at + length]), at + length
