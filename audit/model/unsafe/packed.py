"""Compressed files: a pickle in them is named, the rest is refused as an archive."""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable

from audit.model._refused import Refused
from audit.model._source import Source
from audit.model.unsafe.pickles import read_program, refusal
from audit.model.unsafe.zips import MAX_INFLATED, inflate

MAX_PACKED = 1 << 20
TAR = slice(257, 262)


def _bunzip(data: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, MAX_INFLATED)


def _unxz(data: bytes) -> bytes:
    return lzma.LZMADecompressor(memlimit=64 << 20).decompress(data, MAX_INFLATED)


def _gunzip(data: bytes) -> bytes:
    return inflate(data, 16 + zlib.MAX_WBITS)


def _inflate(data: bytes) -> bytes:
    return inflate(data, zlib.MAX_WBITS)


def _sealed(data: bytes) -> bytes:
    return data[:0]


# How it begins: what it is, and how its first bytes are unpacked.
KINDS: dict[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": ("gzip", _gunzip),
    b"x\x01": ("zlib", _inflate),
    b"x\x5e": ("zlib", _inflate),
    b"x\x9c": ("zlib", _inflate),
    b"x\xda": ("zlib", _inflate),
    b"BZh": ("bzip2", _bunzip),
    b"\xfd7zXZ\0": ("xz", _unxz),
    b"]\0\0": ("lzma", _unxz),
    b"\x28\xb5\x2f\xfd": ("zstd", _sealed),
    b"\x04\x22\x4d\x18": ("lz4", _sealed),
    b"7z\xbc\xaf\x27\x1c": ("7-zip", _sealed),
    b"Rar!\x1a\x07": ("RAR", _sealed),
    b"PK\x03\x04": ("ZIP without an end", _sealed),
}


def packed_refusal(source: Source) -> Refused | None:
    """Return why a compressed file is refused, or None if it is not one."""
    data = source.head(MAX_PACKED)
    if data[TAR] == b"ustar":
        return Refused("archive", "a tar archive")
    for start, (kind, unpack) in KINDS.items():
        if data.startswith(start):
            return _refusal(kind, data, unpack)
    return None


def _refusal(kind: str, data: bytes, unpack: Callable[[bytes], bytes]) -> Refused:
    try:
        inner = unpack(data)
    except (OSError, ValueError, EOFError, lzma.LZMAError):
        inner = b""
    program = read_program(io.BytesIO(inner), head=inner[:2])
    if program.acts or program.marked:
        return refusal(program, f"{kind} data around ")
    return Refused("archive", f"{kind} data")
