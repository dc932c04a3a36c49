"""One byte string per value: the bytes that are hashed and signed.

The restricted profile of RFC 8785 (JCS): sorted ASCII keys, no white space,
UTF-8, no floats, integers within 53 bits. Within it, sorting by code point and
by UTF-16 unit agree, so the standard library writes exactly the JCS bytes.
"""

import json
from collections.abc import Mapping, Sequence

MAX_SAFE_INT = 2**53 - 1

JsonValue = None | bool | int | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]
"""What canonical JSON may hold: no floats, which have no single decimal spelling."""


def canonical_bytes(value: Mapping[str, JsonValue]) -> bytes:
    """Encode `value` so that equal values always give equal bytes.

    Raises:
        TypeError: a float, or a value JSON does not know; store it as a string.
        ValueError: an integer beyond 53 bits, a key that is not ASCII, a lone surrogate.
    """
    _check(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")  # a lone surrogate ends here, as UnicodeEncodeError


def _check(value: object) -> None:
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INT:
            raise ValueError(f"integer {value} does not survive a JSON reader; store it as digits")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise ValueError(f"key {key!r} is not ASCII text")
            _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    else:
        raise TypeError(f"{type(value).__name__} has no canonical form; store it as a string")
