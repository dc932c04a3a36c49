"""GGUF files, from parts that can be wrong one at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import pack

from tests.crafted import Case, one

U32, BOOL, STRING, ARRAY, I32, U64 = 4, 7, 8, 9, 5, 10


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return pack("<Q", len(data)) + data


def key(name: str | bytes, kind: int, value: bytes) -> bytes:
    return text(name) + pack("<I", kind) + value


def tensor(name: str, dims: Sequence[int] = (8,), kind: int = 0, offset: int = 0) -> bytes:
    return text(name) + pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)


ARCHITECTURE = key("general.architecture", STRING, text("llama"))
VALUES = bytes(range(32))


@dataclass(frozen=True)
class Gguf:
    """A GGUF file; the counts follow from the parts unless they are given."""

    keys: Sequence[bytes] = (ARCHITECTURE,)
    tensors: Sequence[bytes] = (tensor("t"),)
    data: bytes = VALUES
    version: int = 3
    key_count: int | None = None
    tensor_count: int | None = None
    padding: bytes = field(default=b"\0")

    def bytes(self, alignment: int = 32) -> bytes:
        counts = (
            len(self.tensors) if self.tensor_count is None else self.tensor_count,
            len(self.keys) if self.key_count is None else self.key_count,
        )
        head = b"GGUF" + pack("<IQQ", self.version, *counts)
        head += b"".join(self.keys) + b"".join(self.tensors)
        return head + self.padding * (-len(head) % alignment) + self.data


GOOD = {
    "plain": Gguf().bytes(),
    "version 2": Gguf(version=2).bytes(),
    "two tensors, padded": Gguf(
        tensors=(tensor("t", (3,)), tensor("u", (8,), offset=32)),
        data=VALUES[:12] + bytes(20) + VALUES,
    ).bytes(),
    "alignment of 8": Gguf(
        keys=(ARCHITECTURE, key("general.alignment", U32, pack("<I", 8))),
        tensors=(tensor("t", (2,)), tensor("u", (2,), offset=8)),
        data=VALUES[:16],
    ).bytes(8),
    "quantised": Gguf(tensors=(tensor("t", (32, 2), kind=2),), data=bytes(36)).bytes(),
    "arrays": Gguf(
        keys=(
            ARCHITECTURE,
            key("a.strings", ARRAY, pack("<IQ", STRING, 3) + text("a") + text("你好") + text("")),
            key("a.flags", ARRAY, pack("<IQ", BOOL, 3) + b"\0\1\0"),
            key("a.scores", ARRAY, pack("<IQ", 6, 2) + pack("<2f", 0.5, -1)),
        )
    ).bytes(),
}


def _keys(*keys: bytes) -> bytes:
    return Gguf(keys=(ARCHITECTURE, *keys)).bytes()


def _case(data: bytes, reason: str, detail: str) -> Case:
    return one("model.gguf", data, reason, detail)


def _long(kind: int, count: int) -> bytes:
    return key("tokenizer.ggml.tokens", ARRAY, pack("<IQ", kind, count))


BAD = {
    "magic": _case(b"GGUQ" + GOOD["plain"][4:], "format-mismatch", "GGUF"),
    "only the magic": _case(b"GGUF", "truncated", "20 bytes at 4"),
    "version 9": _case(Gguf(version=9).bytes(), "version-unknown", "version 9"),
    "big-endian": _case(Gguf(version=3 << 24).bytes(), "big-endian", "version 3"),
    "key count bomb": _case(Gguf(key_count=1 << 63).bytes(), "count-too-large", "metadata keys"),
    "tensor count bomb": _case(
        Gguf(tensor_count=1 << 62).bytes(), "count-too-large", "tensors; at most"
    ),
    "no tensors": _case(Gguf(tensors=(), data=b"").bytes(), "no-tensors", "no tensors"),
    "key length bomb": _case(
        Gguf(keys=(pack("<Q", 2**64 - 1) + b"abc",)).bytes(), "key-invalid", "18446744073709551615"
    ),
    "key with a space": _case(
        _keys(key("general name", U32, bytes(4))), "key-invalid", "general n"
    ),
    "key that is not ASCII": _case(_keys(key("général", U32, bytes(4))), "key-invalid", "général"),
    "key twice": _case(
        _keys(key("general.name", STRING, text("good")), key("general.name", STRING, text("evil"))),
        "key-duplicate",
        "'general.name'",
    ),
    "no architecture": _case(Gguf(keys=()).bytes(), "key-missing", "general.architecture"),
    "string length bomb": _case(
        _keys(text("general.name") + pack("<IQ", STRING, 2**63 - 1)), "string-too-long", "of text"
    ),
    "string past the end": _case(
        _keys(text("general.name") + pack("<IQ", STRING, 1 << 20)), "truncated", "1048576 bytes"
    ),
    "string not UTF-8": _case(
        _keys(key("general.name", STRING, text(b"\xff\xfe"))), "not-utf8", "text at"
    ),
    "value type": _case(_keys(key("general.name", 13, bytes(4))), "value-type-unknown", "type 13"),
    "boolean of 2": _case(_keys(key("a.b", BOOL, b"\2")), "bool-invalid", "boolean of 2"),
    "boolean in an array": _case(
        _keys(key("a.b", ARRAY, pack("<IQ", BOOL, 2) + b"\0\2")), "bool-invalid", "above 1"
    ),
    "array length bomb": _case(_keys(_long(U32, 1 << 61)), "array-too-long", "elements"),
    "array past the end": _case(_keys(_long(U32, 1 << 20)), "truncated", "tokenizer.ggml.tokens"),
    "array of arrays": _case(
        _keys(key("x.y", ARRAY, pack("<IQ", ARRAY, 1) * 3000 + pack("<IQ", U32, 1) + bytes(4))),
        "array-nested",
        "'x.y'",
    ),
    "array of an unknown type": _case(_keys(_long(99, 1)), "value-type-unknown", "elements of"),
    "array with a string bomb": _case(
        _keys(_long(STRING, 2) + pack("<Q", 2**63)), "string-too-long", "has a string of"
    ),
    "array with bad text": _case(
        _keys(_long(STRING, 1) + text(b"\xc3\x28")), "not-utf8", "tokenizer.ggml.tokens"
    ),
    "alignment of 0": _case(
        _keys(key("general.alignment", U32, pack("<I", 0))), "alignment-invalid", "is 0"
    ),
    "alignment of 24": _case(
        _keys(key("general.alignment", U32, pack("<I", 24))), "alignment-invalid", "is 24"
    ),
    "alignment as a signed number": _case(
        _keys(key("general.alignment", I32, pack("<i", 8))), "alignment-invalid", "value type 5"
    ),
    "alignment as text": _case(
        _keys(key("general.alignment", STRING, text("32"))), "alignment-invalid", "value type 8"
    ),
    "dimension bomb": _case(
        Gguf(tensors=(text("t") + pack("<I", 0xFFFF),)).bytes(), "dims-invalid", "65535 dimensions"
    ),
    "no dimensions": _case(Gguf(tensors=(tensor("t", ()),)).bytes(), "dims-invalid", "0 dim"),
    "dimension of 0": _case(Gguf(tensors=(tensor("t", (8, 0)),)).bytes(), "dims-invalid", "of 0"),
    "dimensions overflow": _case(
        Gguf(tensors=(tensor("t", (2**62, 2**10, 1, 1)),)).bytes(), "dims-overflow", "'t'"
    ),
    "type of the future": _case(
        Gguf(tensors=(tensor("t", kind=0xFFFFFFFF),)).bytes(), "type-unknown", "cannot verify"
    ),
    "type that was removed": _case(
        Gguf(tensors=(tensor("t", kind=31),)).bytes(), "type-unknown", "ggml type 31"
    ),
    "row of half a block": _case(
        Gguf(tensors=(tensor("t", (33,), kind=2),)).bytes(), "row-not-blocks", "blocks of 32"
    ),
    "tensor name too long": _case(
        Gguf(tensors=(tensor("t" * 65),)).bytes(), "tensor-name-invalid", "65 bytes"
    ),
    "tensor name with a newline": _case(
        Gguf(tensors=(tensor("a\nb"),)).bytes(), "tensor-name-invalid", "'a\\nb'"
    ),
    "tensor twice": _case(
        Gguf(tensors=(tensor("t"), tensor("t", offset=32)), data=VALUES * 2).bytes(),
        "tensor-duplicate",
        "'t'",
    ),
    "tensor off its alignment": _case(
        Gguf(tensors=(tensor("t", offset=4),)).bytes(), "tensor-misaligned", "offset 4"
    ),
    "tensors overlap": _case(
        Gguf(tensors=(tensor("t"), tensor("u"))).bytes(), "tensor-overlap", "32 bytes inside"
    ),
    "tensor beyond the file": _case(
        Gguf(tensors=(tensor("t", offset=1 << 40),)).bytes(), "tensor-outside", "'t' takes"
    ),
    "last tensor cut short": _case(Gguf(data=VALUES[:-1]).bytes(), "tensor-outside", "file of 159"),
    "hole": _case(
        Gguf(
            tensors=(tensor("t"), tensor("u", offset=96)), data=VALUES + bytes(64) + VALUES
        ).bytes(),
        "tensor-hole",
        "64 bytes",
    ),
    "something in the padding": _case(
        Gguf(
            tensors=(tensor("t", (3,)), tensor("u", offset=32)),
            data=VALUES[:12] + b"smuggled".ljust(20) + VALUES,
        ).bytes(),
        "padding-not-zero",
        "padding at",
    ),
    "something before the data": _case(
        Gguf(padding=b"!").bytes(), "padding-not-zero", "after the header"
    ),
    "trailer": _case(Gguf(data=VALUES + b"EVIL" * 64).bytes(), "trailing-bytes", "256 bytes"),
    "header without its data": _case(Gguf(data=b"").bytes()[:-1], "truncated", "would start at"),
}
