"""A reference to a receipt that travels inside a text, in the encoding of C2PA for plain text.

Each byte is one variation selector after U+FEFF, so nothing of it is seen (C2PA 2.x,
A.8: magic, version, length, content). The content is 24 bytes of ours, a receipt id and
a code under the epoch's key, and no manifest: readers of manifests find none.

Copying a text keeps it, cleaning a text removes it, and a model that reads the
text pays some hundred tokens for it; so it is off unless a policy asks for it.
"""

import hmac
import re
from dataclasses import dataclass

from audit.core.errors import ConfigError

_MAGIC = b"C2PATXT\0"
_VERSION = 1
_HEAD = len(_MAGIC) + 1 + 4
REFERENCE = 24
_ID, _CODE = 16, 8
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"


def _encoded(data: bytes) -> str:
    return "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in data)


_WRAPPER = re.compile(f"\ufeff({_encoded(_MAGIC)}[{_SELECTORS}]*)")


@dataclass(frozen=True, slots=True)
class Reference:
    """Which receipt a text says it has, and the code that vouches for the saying."""

    receipt_id: str
    code: bytes

    @property
    def content(self) -> bytes:
        """The 24 bytes."""
        number = 0
        for letter in self.receipt_id:
            number = number << 5 | _LETTERS.index(letter)
        return number.to_bytes(_ID) + self.code


def make_reference(receipt_id: str, key: bytes) -> Reference:
    """Return the reference to a receipt under a key; whoever has the key can check it."""
    message = b"lastmile-audit/reference/v1\0" + receipt_id.encode("ascii")
    return Reference(receipt_id, hmac.digest(key, message, "sha256")[:_CODE])


def reference_holds(reference: Reference, key: bytes) -> bool:
    """Whether the code of a reference was made with this key."""
    return hmac.compare_digest(make_reference(reference.receipt_id, key).code, reference.code)


def wrapped(reference: Reference) -> str:
    """Return the 38 unseen characters that carry a reference."""
    content = reference.content
    return "\ufeff" + _encoded(_MAGIC + bytes([_VERSION]) + len(content).to_bytes(4) + content)


def find_reference(text: str) -> Reference | None:
    """Return the reference in a text, if there is one; manifests of others are passed over.

    Raises:
        ConfigError: there are several wrappers, or one that is not whole.
    """
    found = [_decoded(match) for match in _WRAPPER.findall(text)]
    if len(found) > 1:
        raise ConfigError(f"the text has {len(found)} wrappers, which may say different things")
    if not found:
        return None
    data = found[0]
    size = int.from_bytes(data[_HEAD - 4 : _HEAD])
    if len(data) < _HEAD or data[len(_MAGIC)] != _VERSION or len(data) != _HEAD + size:
        raise ConfigError("the wrapper in the text is not whole")
    content = data[_HEAD:]
    if size != REFERENCE or content[0] >> 3 >= 1 << 5:
        return None
    number = int.from_bytes(content[:_ID])
    letters = (_LETTERS[number >> shift & 31] for shift in range(125, -1, -5))
    return Reference("".join(letters), content[_ID:])


def without_wrapper(text: str) -> str:
    """Return a text without wrappers."""
    return _WRAPPER.sub("", text)


def _decoded(text: str) -> bytes:
    return bytes(
        ord(char) - 0xFE00 if ord(char) < 0xE0100 else ord(char) - 0xE0100 + 16 for char in text
    )
