"""The typed values of GGUF metadata, read in order with a bound on each.

Arrays (a vocabulary has 10^5 strings) are checked and passed over, not kept:
what they hold is bound by the digest of the file.
"""

import re
from struct import Struct

from audit.model._refused import Refused, quoted
from audit.model._source import BLOCK, Source

MAX_KEY = 256
MAX_STRING = 16 << 20
MAX_ARRAY = 1 << 22
MAX_HEADER = 256 << 20
"""Bounds of ours, far above what real files have; the specification has none that small."""

Value = int | float | bool | str | None
"""A metadata value; None stands for an array that was checked and passed over."""

UINT32, BOOL, STRING, ARRAY = 4, 7, 8, 9
SCALARS: dict[int, Struct] = {
    0: Struct("<B"),
    1: Struct("<b"),
    2: Struct("<H"),
    3: Struct("<h"),
    UINT32: Struct("<I"),
    5: Struct("<i"),
    6: Struct("<f"),
    BOOL: Struct("<B"),
    10: Struct("<Q"),
    11: Struct("<q"),
    12: Struct("<d"),
}
U32, U64 = SCALARS[UINT32], SCALARS[10]
KEY = re.compile(rb"[0-9A-Za-z_\-]+(?:\.[0-9A-Za-z_\-]+)*")
"""The specification asks for lower snake case; upper case and `-` occur in real files."""


class Cursor:
    """A place in the header of a GGUF file; every read moves it on."""

    def __init__(self, source: Source, at: int) -> None:
        self.source = source
        self.at = at

    def u32(self) -> int:
        """Return the next 32-bit number."""
        return int(self._next(U32))

    def u64(self) -> int:
        """Return the next 64-bit number."""
        return int(self._next(U64))

    def key(self) -> str:
        """Return the next metadata key."""
        length = self.u64()
        if length > MAX_KEY:
            raise Refused("key-invalid", f"metadata key of {length} bytes at {self.at}")
        name = self._bytes(length)
        if not KEY.fullmatch(name):
            raise Refused("key-invalid", f"{quoted(name)} at {self.at} is no metadata key")
        return name.decode("ascii")

    def text(self, reason: str, limit: int) -> str:
        """Return the next string, refused for `reason` when longer than `limit` bytes."""
        length = self.u64()
        if length > limit:
            raise Refused(reason, f"{length} bytes of text at {self.at}; at most {limit}")
        data = self._bytes(length)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("not-utf8", f"text at {self.at - length} is not UTF-8") from None

    def value(self, key: str, kind: int) -> Value:
        """Return the value of `key`, which is of type `kind`, or None for an array."""
        if kind == STRING:
            return self.text("string-too-long", MAX_STRING)
        if kind == ARRAY:
            self._skip_array(key)
            return None
        if kind not in SCALARS:
            raise Refused("value-type-unknown", f"{quoted(key)} is of value type {kind}")
        found = self._next(SCALARS[kind])
        if kind != BOOL:
            return found
        if found > 1:
            raise Refused("bool-invalid", f"{quoted(key)} is a boolean of {found}")
        return bool(found)

    def _skip_array(self, key: str) -> None:
        kind, count = self.u32(), self.u64()
        if count > MAX_ARRAY:
            raise Refused("array-too-long", f"{quoted(key)} has {count} elements")
        if kind == ARRAY:
            raise Refused("array-nested", f"{quoted(key)} is an array of arrays")
        if kind == STRING:
            self._skip_strings(key, count)
        elif kind in SCALARS:
            self._skip_scalars(key, kind, count)
        else:
            raise Refused("value-type-unknown", f"{quoted(key)} has elements of type {kind}")

    def _skip_scalars(self, key: str, kind: int, count: int) -> None:
        end = self.at + count * SCALARS[kind].size
        if end > self.source.size:
            raise Refused("truncated", f"{quoted(key)} runs past the end of the file")
        if kind == BOOL:
            for piece in self.source.chunks(self.at, end):
                if piece.translate(None, b"\0\1"):
                    raise Refused("bool-invalid", f"{quoted(key)} holds a boolean above 1")
        self._move(end)

    def _skip_strings(self, key: str, count: int) -> None:
        """Check a vocabulary; strings are cut from a window, which is what makes it quick."""
        at, window, base = self.at, b"", self.at
        for _ in range(count):
            begin = at - base + 8
            if begin > len(window):
                window, base, begin = self._window(at), at, 8
            (length,) = U64.unpack_from(window, begin - 8)
            if length > MAX_STRING:
                raise Refused("string-too-long", f"{quoted(key)} has a string of {length} bytes")
            end = begin + length
            text = window[begin:end] if end <= len(window) else self.source.read(at + 8, length)
            try:
                text.decode("utf-8")
            except UnicodeDecodeError:
                raise Refused("not-utf8", f"{quoted(key)} has a string at {at + 8}") from None
            at += 8 + length
        self._move(at)

    def _window(self, at: int) -> bytes:
        """Return the bytes from `at`, at least the 8 of a length."""
        return self.source.read(at, max(8, min(BLOCK, self.source.size - at)))

    def _next(self, kind: Struct) -> int:
        data = self._bytes(kind.size)
        return kind.unpack(data)[0]  # type: ignore[no-any-return]  # a float goes to a Value

    def _bytes(self, count: int) -> bytes:
        data = self.source.read(self.at, count)
        self._move(self.at + count)
        return data

    def _move(self, at: int) -> None:
        if at > MAX_HEADER:
            raise Refused("header-too-long", f"the header is longer than {MAX_HEADER} bytes")
        self.at = at
