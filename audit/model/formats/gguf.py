"""GGUF: one little-endian header of typed metadata and tensor entries, then tensors.

Source: the GGUF specification (ggml, docs/gguf.md), versions 2 and 3. Where the
readers in use are stricter than the text, so are we: the alignment is a power of
two, names fit 64 bytes, arrays do not nest.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from struct import unpack

from audit.documents import FileRole
from audit.model._refused import Refused, clip, quoted
from audit.model._source import Source
from audit.model._spans import Span, require_tiling
from audit.model.formats._ggml import FILE_TYPES, TYPES
from audit.model.formats._gguf_values import UINT32, Cursor, Value
from audit.model.formats._reading import Reading

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_KEYS = 1 << 16
MAX_TENSORS = 1 << 16
MAX_NAME = 64
MAX_DIMENSIONS = 4
MAX_ELEMENTS = 1 << 60
ALIGNMENTS = frozenset(1 << power for power in range(3, 17))
DEFAULT_ALIGNMENT = 32

ARCHITECTURE = "general.architecture"
ALIGNMENT = "general.alignment"
TEMPLATE = "tokenizer.chat_template"


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    type: str
    elements: int
    offset: int
    size: int


def read_gguf(source: Source) -> Reading:
    """Return what the header of a GGUF file says; its tensors are placed, not read.

    Raises:
        Refused: the file breaks a rule of docs/model-formats.md.
    """
    version, tensor_count, key_count = _counts(source)
    cursor = Cursor(source, 24)
    keys = _keys(cursor, key_count)
    alignment = _alignment(keys)
    tensors = _tensors(cursor, tensor_count, alignment)
    begin = -(-cursor.at // alignment) * alignment
    _require_padding(source, cursor.at, begin)
    spans = [Span(begin + one.offset, begin + one.offset + one.size, one.name) for one in tensors]
    require_tiling(spans, source, begin=begin, slack=alignment)
    return Reading(
        format="gguf",
        role=FileRole.WEIGHT,
        facts=_facts(version, keys, tensors),
        tensors=frozenset(one.name for one in tensors),
    )


def _counts(source: Source) -> tuple[int, int, int]:
    if source.head(4) != MAGIC:
        raise Refused("format-mismatch", "a GGUF file starts with the bytes GGUF")
    version, tensors, keys = unpack("<IQQ", source.read(4, 20))
    if version not in VERSIONS:
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
        if swapped in VERSIONS:
            raise Refused("big-endian", f"version {swapped} is stored big-endian")
        raise Refused("version-unknown", f"GGUF version {version}; 2 and 3 are known")
    if tensors > MAX_TENSORS:
        raise Refused("count-too-large", f"{tensors} tensors; at most {MAX_TENSORS} are read")
    if keys > MAX_KEYS:
        raise Refused("count-too-large", f"{keys} metadata keys; at most {MAX_KEYS} are read")
    if tensors == 0:
        raise Refused("no-tensors", "the header announces no tensors")
    return version, tensors, keys


def _keys(cursor: Cursor, count: int) -> dict[str, Value]:
    keys: dict[str, Value] = {}
    for _ in range(count):
        name = cursor.key()
        if name in keys:
            raise Refused("key-duplicate", f"metadata key {quoted(name)} appears twice")
        kind = cursor.u32()
        if name == ALIGNMENT and kind != UINT32:
            raise Refused("alignment-invalid", f"{ALIGNMENT} is of value type {kind}")
        keys[name] = cursor.value(name, kind)
    if not isinstance(keys.get(ARCHITECTURE), str):
        raise Refused("key-missing", f"{ARCHITECTURE} is not there as a string")
    return keys


def _alignment(keys: Mapping[str, Value]) -> int:
    found = keys.get(ALIGNMENT, DEFAULT_ALIGNMENT)
    if not isinstance(found, int) or found not in ALIGNMENTS:
        raise Refused("alignment-invalid", f"{ALIGNMENT} is {found}")
    return found


def _tensors(cursor: Cursor, count: int, alignment: int) -> list[_Tensor]:
    tensors: dict[str, _Tensor] = {}
    for _ in range(count):
        one = _tensor(cursor)
        if one.name in tensors:
            raise Refused("tensor-duplicate", f"tensor {quoted(one.name)} appears twice")
        if one.offset % alignment:
            raise Refused(
                "tensor-misaligned",
                f"{quoted(one.name)} at offset {one.offset}, not a multiple of {alignment}",
            )
        tensors[one.name] = one
    return list(tensors.values())


def _tensor(cursor: Cursor) -> _Tensor:
    name = cursor.text("tensor-name-invalid", MAX_NAME)
    if not name or not name.isprintable():
        raise Refused("tensor-name-invalid", f"{quoted(name)} is empty or not printable")
    dimensions = cursor.u32()
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise Refused("dims-invalid", f"{quoted(name)} has {dimensions} dimensions")
    shape = [cursor.u64() for _ in range(dimensions)]
    code, offset = cursor.u32(), cursor.u64()
    if not all(shape):
        raise Refused("dims-invalid", f"{quoted(name)} has a dimension of 0")
    elements = math.prod(shape)
    if elements > MAX_ELEMENTS:
        raise Refused("dims-overflow", f"{quoted(name)} has more than {MAX_ELEMENTS} elements")
    if code not in TYPES:
        raise Refused("type-unknown", f"{quoted(name)} is of ggml type {code}: cannot verify")
    type_name, block, block_bytes = TYPES[code]
    if shape[0] % block:
        raise Refused(
            "row-not-blocks",
            f"{quoted(name)}: rows of {shape[0]} elements in {type_name} blocks of {block}",
        )
    return _Tensor(name, type_name, elements, offset, elements // block * block_bytes)


def _require_padding(source: Source, begin: int, end: int) -> None:
    if end > source.size:
        raise Refused("truncated", f"the tensors would start at {end}, the file ends before")
    if source.read(begin, end - begin).strip(b"\0"):
        raise Refused("padding-not-zero", f"padding after the header at {begin} is not zero")


def _facts(version: int, keys: Mapping[str, Value], tensors: list[_Tensor]) -> dict[str, str]:
    architecture = str(keys[ARCHITECTURE])
    types = Counter(one.type for one in tensors)
    file_type = keys.get("general.file_type")
    quantization = (
        FILE_TYPES.get(file_type, str(file_type))
        if isinstance(file_type, int)
        else types.most_common(1)[0][0]
    )
    found = {
        "gguf_version": version,
        "architecture": architecture,
        "name": keys.get("general.name"),
        "license": keys.get("general.license"),
        "context_length": keys.get(f"{architecture}.context_length"),
        "quantization": quantization,
        "tensors": len(tensors),
        "tensor_types": " ".join(f"{name}:{count}" for name, count in sorted(types.items())),
        "parameters": sum(one.elements for one in tensors),
        "split": _split(keys),
    }
    facts = {name: clip(str(value)) for name, value in found.items() if value is not None}
    return facts | _templates(keys)


def _split(keys: Mapping[str, Value]) -> str | None:
    number, count = keys.get("split.no"), keys.get("split.count")
    if isinstance(number, int) and isinstance(count, int) and count > 1:
        return f"{number + 1} of {count}"
    return None


def _templates(keys: Mapping[str, Value]) -> dict[str, str]:
    """Return what is to be said of each chat template: part of the model that is a program."""
    named = {
        name[len(TEMPLATE) :]: value
        for name, value in keys.items()
        if name.startswith(TEMPLATE) and isinstance(value, str)
    }
    if not named:
        return {}
    from audit.model.formats._template import template_facts  # jinja2, when needed

    return template_facts(named)
