"""safetensors: the length of a JSON header, the header, then tensors side by side.

Source: the format section of the safetensors project and the checks of its
reference reader. Stricter than that: no duplicate key, no white space before the
header, a header of at most 16 MiB.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.documents import FileRole
from audit.model._refused import Refused, clip, quoted
from audit.model._source import Source
from audit.model._spans import Span, require_tiling
from audit.model.formats._reading import Reading

MAX_HEADER = 16 << 20
MAX_TENSORS = 1 << 16
MAX_NAME = 512
MAX_DIMENSIONS = 64
MAX_BITS = 1 << 63
METADATA = "__metadata__"
FIELDS = {"dtype", "shape", "data_offsets"}

# Bits of an element. Source: `enum Dtype` of the reference reader.
BITS: dict[str, int] = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    dtype: str
    elements: int
    span: Span


def read_safetensors(source: Source) -> Reading:
    """Return what the header of a safetensors file says; its tensors are placed, not read.

    Raises:
        Refused: the file breaks a rule of docs/model-formats.md.
    """
    header, begin = _header(source)
    metadata = _metadata(header.pop(METADATA, {}))
    if not header:
        raise Refused("no-tensors", "the header names no tensors")
    if len(header) > MAX_TENSORS:
        raise Refused("count-too-large", f"{len(header)} tensors; at most {MAX_TENSORS} are read")
    tensors = [_tensor(name, entry, begin) for name, entry in header.items()]
    require_tiling((one.span for one in tensors), source, begin=begin, slack=0)
    types = Counter(one.dtype for one in tensors)
    facts = {
        "tensors": str(len(tensors)),
        "tensor_types": " ".join(f"{name}:{count}" for name, count in sorted(types.items())),
        "parameters": str(sum(one.elements for one in tensors)),
    }
    if "format" in metadata:
        facts["framework"] = clip(metadata["format"], 40)
    return Reading(
        format="safetensors",
        role=FileRole.WEIGHT,
        facts=facts,
        tensors=frozenset(header),
    )


def read_shapes(source: Source) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor by its name.

    Raises:
        Refused: as `read_safetensors`.
    """
    read_safetensors(source)
    header, _ = _header(source)
    return {name: tuple(entry["shape"]) for name, entry in header.items() if name != METADATA}


def _header(source: Source) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(source.read(0, 8), "little")
    if length > MAX_HEADER:
        raise Refused("header-too-long", f"a header of {length} bytes; at most {MAX_HEADER}")
    text = source.read(8, length)
    if not text.startswith(b"{"):
        raise Refused("format-mismatch", "the header of a safetensors file starts with {")
    body = text.rstrip(b" ")
    if not body.endswith(b"}"):
        raise Refused("header-invalid", "the header does not end with } and spaces")
    try:
        header = strict_json.loads(body, source="header")
    except ConfigError as exc:
        reason = "key-duplicate" if "duplicate key" in str(exc) else "header-invalid"
        raise Refused(reason, str(exc)) from None
    if not isinstance(header, dict):
        raise Refused("header-invalid", "the header is not one JSON object")
    return header, 8 + length


def _metadata(found: object) -> Mapping[str, str]:
    if not isinstance(found, dict) or not all(type(value) is str for value in found.values()):
        raise Refused("metadata-invalid", f"{METADATA} is not an object of strings")
    return found


def _tensor(name: str, entry: object, begin: int) -> _Tensor:
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise Refused("tensor-name-invalid", f"{quoted(name)} is empty, long or not printable")
    if not isinstance(entry, dict) or set(entry) != FIELDS:
        raise Refused("tensor-fields", f"{quoted(name)} has other fields than {sorted(FIELDS)}")
    dtype, shape = entry["dtype"], entry["shape"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise Refused("type-unknown", f"{quoted(name)} is of dtype {quoted(str(dtype))}")
    if not _counts(shape) or len(shape) > MAX_DIMENSIONS:
        raise Refused("dims-invalid", f"{quoted(name)}: shape is not a list of counts")
    elements = math.prod(shape)
    bits = elements * BITS[dtype]
    if bits >= MAX_BITS:
        raise Refused("dims-overflow", f"{quoted(name)}: the shape's product overflows 64 bits")
    if bits % 8:
        raise Refused("tensor-size", f"{quoted(name)} does not end on a byte")
    start, end = _offsets(name, entry["data_offsets"])
    if end - start != bits // 8:
        raise Refused(
            "tensor-size",
            f"{quoted(name)} has {end - start} bytes, its dtype and shape need {bits // 8}",
        )
    return _Tensor(name, dtype, elements, Span(begin + start, begin + end, name))


def _offsets(name: str, found: object) -> tuple[int, int]:
    if not isinstance(found, list) or len(found) != 2 or not _counts(found) or found[0] > found[1]:
        raise Refused("offsets-invalid", f"{quoted(name)}: data_offsets are not [begin, end]")
    return found[0], found[1]


def _counts(found: object) -> bool:
    """Whether this is a list of counts that fit 63 bits; true and 1.0 are not counts."""
    return isinstance(found, list) and all(
        type(one) is int and 0 <= one < MAX_BITS for one in found
    )
