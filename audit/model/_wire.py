"""Protocol Buffers on the wire, walked without building messages.

A schema names the fields of a message; what it does not name is refused, since
a reader that skips it and one that knows it would disagree. A long field is
never read to walk over it, so memory does not depend on its size.

Source: the Protocol Buffers encoding guide. A singular field that comes twice is
refused (readers keep the last, or merge), groups are refused, and depth is bounded
by 100 as in the reference readers.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from audit.model._refused import Refused
from audit.model._source import Source

MAX_DEPTH = 100
MAX_FIELDS = 4_000_000
MAX_TEXT = 1 << 10
MAX_NUMBER = (1 << 29) - 1


class Wire(IntEnum):
    """How a field is stored."""

    VARINT = 0
    FIXED64 = 1
    LENGTH = 2
    FIXED32 = 5


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message; `packs` says how the elements of a packed list are stored.

    Fields with one `choice` exclude each other (a oneof).
    """

    name: str
    wire: Wire
    repeated: bool = False
    message: str | None = None
    packs: Wire | None = None
    choice: str | None = None


Schema = Mapping[str, Mapping[int, Field]]
"""Message name to its fields by number."""


class Found(NamedTuple):
    """A field that was found: its number, or where its bytes lie."""

    name: str
    field: Field
    number: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Message:
    """The bytes of one message of type `name`, `depth` messages below the top."""

    name: str
    begin: int
    end: int
    depth: int = 0


class Walker:
    """Walks messages of one schema in one source, within one budget of fields."""

    def __init__(self, source: Source, schema: Schema) -> None:
        self.source = source
        self._schema = schema
        self._left = MAX_FIELDS

    def top(self, name: str) -> Message:
        """Return the whole file as one message."""
        return Message(name, 0, self.source.size)

    def fields(self, message: Message) -> Iterator[Found]:
        """Give the fields of a message in order, each checked against the schema."""
        known = self._schema[message.name]
        seen: set[str] = set()
        at = message.begin
        while at < message.end:
            self._spend(message)
            tag, at = self._varint(at, message)
            field = known.get(tag >> 3)
            if field is None:
                raise self._unknown(tag, message, at)
            found, at = self._content(field, tag & 7, at, message)
            if not field.repeated:
                _once(field, seen, message)
            yield found

    def inside(self, found: Found, message: Message) -> Message:
        """Return the message that a field of `message` holds."""
        if found.field.message is None:
            raise TypeError(f"{message.name}.{found.name} is no message")
        if message.depth >= MAX_DEPTH:
            raise Refused("nested-too-deep", f"messages nest deeper than {MAX_DEPTH}")
        return Message(found.field.message, found.begin, found.end, message.depth + 1)

    def text(self, found: Found) -> str:
        """Return the text of a short field."""
        length = found.end - found.begin
        if length > MAX_TEXT:
            raise Refused("string-too-long", f"{found.name} of {length} bytes at {found.begin}")
        try:
            return self.source.read(found.begin, length).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("not-utf8", f"{found.name} at {found.begin} is not UTF-8") from None

    def check(self, message: Message) -> None:
        """Walk a message that is only checked, with all that it holds."""
        for found in self.fields(message):
            if found.field.message is not None:
                self.check(self.inside(found, message))

    def count(self, found: Found) -> int:
        """Return how many elements a repeated number field adds."""
        packs = found.field.packs
        length = found.end - found.begin
        if packs is None or found.begin == found.end == -1:
            return 1
        if packs is Wire.VARINT:
            return self._packed_varints(found)
        size = 8 if packs is Wire.FIXED64 else 4
        if length % size:
            raise Refused("length-invalid", f"{found.name}: {length} bytes of {size}-byte numbers")
        return length // size

    def numbers(self, found: Found) -> Iterator[int]:
        """Give the numbers of a repeated varint field, packed or not."""
        if found.begin < 0:
            yield found.number
            return
        message = Message(found.name, found.begin, found.end)
        at = found.begin
        while at < found.end:
            self._spend(message)
            number, at = self._varint(at, message)
            yield number

    def _content(self, field: Field, wire: int, at: int, message: Message) -> tuple[Found, int]:
        if field.packs is not None and wire == field.packs:
            wire_of_one = field.packs  # a packed list may also be stored element by element
        elif wire == field.wire:
            wire_of_one = field.wire
        else:
            raise self._wrong_wire(field, wire, message, at)
        if wire_of_one is Wire.VARINT:
            number, at = self._varint(at, message)
            return Found(field.name, field, number, -1, -1), at
        if wire_of_one is Wire.LENGTH:
            length, at = self._varint(at, message)
            end = at + length
            if end > message.end:
                raise Refused(
                    "length-outside",
                    f"{message.name}.{field.name} of {length} bytes at {at} leaves its message",
                )
            return Found(field.name, field, 0, at, end), end
        end = at + (8 if wire_of_one is Wire.FIXED64 else 4)
        if end > message.end:
            raise Refused("truncated", f"{message.name}.{field.name} at {at} is cut off")
        return Found(field.name, field, 0, -1, -1), end

    def _varint(self, at: int, message: Message) -> tuple[int, int]:
        piece = self.source.read(at, min(10, message.end - at))
        value = 0
        for place, byte in enumerate(piece):
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                if value >= 1 << 64:
                    break
                if byte == 0 and place:
                    raise Refused("varint-padded", f"a number at {at} of {message.name}")
                return value, at + place + 1
        if len(piece) < 10:
            raise Refused("truncated", f"a number at {at} of {message.name} is cut off")
        raise Refused("varint-overflow", f"a number at {at} of {message.name} exceeds 64 bits")

    def _packed_varints(self, found: Found) -> int:
        """Count packed numbers by their last bytes, a block at a time."""
        count, run = 0, b""
        for piece in self.source.chunks(found.begin, found.end):
            count += len(piece.translate(None, _CONTINUED))
            run = run[-9:] + piece
            if _TOO_LONG.search(run):
                raise Refused("varint-overflow", f"a number of {found.name} exceeds 64 bits")
        if run and run[-1] >= 0x80:
            raise Refused("truncated", f"the last number of {found.name} is cut off")
        return count

    def _spend(self, message: Message) -> None:
        self._left -= 1
        if self._left < 0:
            raise Refused("count-too-large", f"more than {MAX_FIELDS} fields, in {message.name}")

    def _unknown(self, tag: int, message: Message, at: int) -> Refused:
        number, wire = tag >> 3, tag & 7
        if wire in (3, 4):
            return Refused("wire-group", f"a group in {message.name} at {at}")
        if not 0 < number <= MAX_NUMBER:
            return Refused("field-number", f"field number {number} in {message.name} at {at}")
        return Refused("field-unknown", f"field {number} of {message.name}: cannot verify")

    def _wrong_wire(self, field: Field, wire: int, message: Message, at: int) -> Refused:
        if wire in (3, 4):
            return Refused("wire-group", f"{message.name}.{field.name} is a group at {at}")
        return Refused("wire-type", f"{message.name}.{field.name} is stored as type {wire} at {at}")


_TOO_LONG = re.compile(rb"[\x80-\xff]{10}")
_CONTINUED = bytes(range(0x80, 0x100))


def _once(field: Field, seen: set[str], message: Message) -> None:
    key = field.choice or field.name
    if key in seen:
        raise Refused("field-duplicate", f"{message.name}.{key} is there twice")
    seen.add(key)
