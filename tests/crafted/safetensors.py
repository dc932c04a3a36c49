"""safetensors files, from parts that can be wrong one at a time."""

import json
from struct import pack
from typing import Any

from tests.crafted import Case, one

VALUES = bytes(range(16))


def entry(
    start: int = 0, end: int = 16, shape: object = None, dtype: object = "F32"
) -> dict[str, Any]:
    return {
        "dtype": dtype,
        "shape": [(end - start) // 4] if shape is None else shape,
        "data_offsets": [start, end],
    }


def raw(header: bytes, data: bytes = VALUES, length: int | None = None) -> bytes:
    return pack("<Q", len(header) if length is None else length) + header + data


def file(header: dict[str, Any], data: bytes = VALUES, spaces: int = 0) -> bytes:
    return raw(json.dumps(header).encode() + b" " * spaces, data)


def model(*names: str) -> bytes:
    """Return a sound file with tensors of these names, four floats each."""
    return file(
        {name: entry(16 * at, 16 * at + 16) for at, name in enumerate(names)}, VALUES * len(names)
    )


GOOD = {
    "plain": file({"a": entry()}),
    "padded header": file({"a": entry()}, spaces=7),
    "metadata": file({"__metadata__": {"format": "pt"}, "a": entry()}),
    "tensors out of order": file({"b": entry(16, 32), "a": entry()}, VALUES * 2),
    "empty tensor": file({"a": entry(), "b": entry(16, 16, [0, 4])}),
    "scalar": file({"a": entry(0, 4, [])}, VALUES[:4]),
    "four-bit": file({"a": entry(0, 16, [32], "F4")}),
}


def _case(data: bytes, reason: str, detail: str) -> Case:
    return one("model.safetensors", data, reason, detail)


_ENTRY = b'{"dtype":"F32","shape":[4],"data_offsets":[0,16]}'

BAD = {
    "shorter than a length": _case(b"\0\0\0", "truncated", "8 bytes at 0"),
    "length bomb": _case(pack("<Q", 2**63) + b"{}", "header-too-long", "9223372036854775808"),
    "length of 16 MiB": _case(pack("<Q", 1 << 24) + b"{}", "truncated", "16777216 bytes"),
    "no brace": _case(raw(b"[]"), "format-mismatch", "starts with {"),
    "white space first": _case(raw(b'  {"a":' + _ENTRY + b"}"), "format-mismatch", "starts"),
    "newline after the header": _case(
        raw(b'{"a":' + _ENTRY + b"}\n"), "header-invalid", "} and spaces"
    ),
    "not JSON": _case(raw(b'{"a":}'), "header-invalid", "header:1:6"),
    "not UTF-8": _case(raw(b'{"\xff":' + _ENTRY + b"}"), "header-invalid", "not UTF-8"),
    "NaN": _case(raw(b'{"a":NaN}'), "header-invalid", "NaN"),
    "nesting bomb": _case(
        raw(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "header-invalid", "nests deeper"
    ),
    "tensor twice": _case(
        raw(b'{"a":' + _ENTRY + b',"a":' + _ENTRY + b"}"), "key-duplicate", "duplicate key 'a'"
    ),
    "metadata twice": _case(
        raw(b'{"__metadata__":{"k":"good"},"a":' + _ENTRY + b',"__metadata__":{"k":"evil"}}'),
        "key-duplicate",
        "__metadata__",
    ),
    "metadata not of text": _case(
        file({"__metadata__": {"n": 1}, "a": entry()}), "metadata-invalid", "__metadata__"
    ),
    "no tensors": _case(file({}, b""), "no-tensors", "names no tensors"),
    "tensor without a name": _case(file({"": entry()}), "tensor-name-invalid", "''"),
    "tensor name with NUL": _case(file({"a\0": entry()}), "tensor-name-invalid", "'a\\x00'"),
    "unknown field": _case(
        file({"a": entry() | {"auto_map": "x"}}), "tensor-fields", "data_offsets"
    ),
    "unknown dtype": _case(file({"a": entry(dtype="F128")}), "type-unknown", "'F128'"),
    "dtype not text": _case(file({"a": entry(dtype=[1])}), "type-unknown", "'[1]'"),
    "shape with a fraction": _case(file({"a": entry(shape=[4.0])}), "dims-invalid", "'a'"),
    "shape with true": _case(file({"b": entry(0, 4, [True])}), "dims-invalid", "'b'"),
    "shape overflows": _case(file({"a": entry(shape=[2**62, 4])}), "dims-overflow", "64 bits"),
    "half a byte": _case(file({"a": entry(0, 1, [1], "F4")}), "tensor-size", "end on a byte"),
    "size and shape differ": _case(file({"a": entry(shape=[5])}), "tensor-size", "need 20"),
    "negative offset": _case(file({"a": entry(-16, 0, [4])}), "offsets-invalid", "'a'"),
    "offsets swapped": _case(file({"b": entry(16, 0, [4])}), "offsets-invalid", "'b'"),
    "three offsets": _case(
        file({"c": entry() | {"data_offsets": [0, 16, 16]}}), "offsets-invalid", "'c'"
    ),
    "tensors overlap": _case(
        file({"a": entry(), "b": entry(8, 24)}, VALUES + VALUES[:8]), "tensor-overlap", "8 bytes"
    ),
    "hole": _case(
        file({"a": entry(), "b": entry(32, 48)}, VALUES * 3), "tensor-hole", "16 bytes of no tensor"
    ),
    "hole at the start": _case(file({"a": entry(16, 32)}, VALUES * 2), "tensor-hole", "before 'a'"),
    "beyond the file": _case(file({"a": entry(0, 32)}), "tensor-outside", "'a' takes"),
    "trailer": _case(file({"a": entry()}, VALUES + b"#!/bin/sh"), "trailing-bytes", "9 bytes"),
}
