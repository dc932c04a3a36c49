"""One TensorProto: how many bytes it must have, and that it has them in one place.

Source: onnx.proto, message TensorProto, and "External Data" of the ONNX project.
"""

import math
from dataclasses import dataclass, field

from audit.model._refused import Refused, quoted
from audit.model._wire import Found, Message, Walker
from audit.model.formats._reading import DataSpan

MAX_BITS = 1 << 62
MAX_DIMENSIONS = 64
STRING = 8
EXTERNAL = 1

# Type: bits of an element, the field that may hold it, and how many entries of that
# field how many elements take: two for one complex number, one for two 4-bit numbers.
TYPES: dict[int, tuple[int, str, int, int]] = {
    1: (32, "float_data", 1, 1),
    2: (8, "int32_data", 1, 1),
    3: (8, "int32_data", 1, 1),
    4: (16, "int32_data", 1, 1),
    5: (16, "int32_data", 1, 1),
    6: (32, "int32_data", 1, 1),
    7: (64, "int64_data", 1, 1),
    STRING: (0, "string_data", 1, 1),
    9: (8, "int32_data", 1, 1),
    10: (16, "int32_data", 1, 1),
    11: (64, "double_data", 1, 1),
    12: (32, "uint64_data", 1, 1),
    13: (64, "uint64_data", 1, 1),
    14: (64, "float_data", 2, 1),
    15: (128, "double_data", 2, 1),
    16: (16, "int32_data", 1, 1),
    17: (8, "int32_data", 1, 1),
    18: (8, "int32_data", 1, 1),
    19: (8, "int32_data", 1, 1),
    20: (8, "int32_data", 1, 1),
    21: (4, "int32_data", 1, 2),
    22: (4, "int32_data", 1, 2),
    23: (4, "int32_data", 1, 2),
    24: (8, "int32_data", 1, 1),
    25: (2, "int32_data", 1, 4),
    26: (2, "int32_data", 1, 4),
    27: (6, "int32_data", 1, 1),
    28: (6, "int32_data", 1, 1),
}
TYPED = frozenset(field_name for _, field_name, _, _ in TYPES.values())
KEYS = frozenset({"location", "offset", "length", "checksum"})


@dataclass(slots=True)
class _Tensor:
    """What the fields of one tensor say, before they are checked together."""

    name: str = ""
    dims: list[int] = field(default_factory=list)
    type: int = 0
    raw: int | None = None
    typed: dict[str, int] = field(default_factory=dict)
    external: dict[str, str] = field(default_factory=dict)
    is_external: bool = False


def read_tensor(walker: Walker, message: Message) -> tuple[str, int, DataSpan | None]:
    """Return a tensor's name, its elements, and where its data lies outside the file.

    Raises:
        Refused: its type, shape and data do not fit each other.
    """
    tensor = _Tensor()
    for found in walker.fields(message):
        _take(walker, message, found, tensor)
    elements = _elements(tensor)
    if tensor.is_external:
        return tensor.name, elements, _external(tensor, elements)
    if tensor.external:
        raise Refused("data-ambiguous", f"{quoted(tensor.name)} names a file it does not use")
    _require_data(tensor, elements)
    return tensor.name, elements, None


def _take(walker: Walker, message: Message, found: Found, tensor: _Tensor) -> None:
    name = found.name
    if name == "dims":
        tensor.dims.extend(walker.numbers(found))
    elif name == "data_type":
        tensor.type = found.number
    elif name == "name":
        tensor.name = walker.text(found)
    elif name == "raw_data":
        tensor.raw = found.end - found.begin
    elif name in TYPED:
        tensor.typed[name] = tensor.typed.get(name, 0) + walker.count(found)
    elif name == "data_location":
        if found.number > EXTERNAL:
            raise Refused("type-unknown", f"data location {found.number}: cannot verify")
        tensor.is_external = found.number == EXTERNAL
    elif name == "external_data":
        _take_external(walker, walker.inside(found, message), tensor)
    elif found.field.message is not None:
        walker.check(walker.inside(found, message))


def _take_external(walker: Walker, message: Message, tensor: _Tensor) -> None:
    key, value = read_entry(walker, message)
    if key in tensor.external:
        raise Refused("key-duplicate", f"external data names {quoted(key)} twice")
    if key not in KEYS:
        raise Refused("data-key-unknown", f"external data key {quoted(key)}: cannot verify")
    tensor.external[key] = value


def read_entry(walker: Walker, message: Message) -> tuple[str, str]:
    """Return the key and value of a StringStringEntry."""
    found = {one.name: walker.text(one) for one in walker.fields(message)}
    return found.get("key", ""), found.get("value", "")


def _elements(tensor: _Tensor) -> int:
    name = quoted(tensor.name)
    if tensor.type not in TYPES:
        raise Refused("type-unknown", f"{name} is of data type {tensor.type}: cannot verify")
    if len(tensor.dims) > MAX_DIMENSIONS or any(one >= 1 << 63 for one in tensor.dims):
        raise Refused("dims-invalid", f"{name} has a negative dimension or too many")
    elements = math.prod(tensor.dims)
    if elements * max(TYPES[tensor.type][0], 1) > MAX_BITS:
        raise Refused("dims-overflow", f"{name} has {elements} elements")
    return elements


def _size(tensor: _Tensor, elements: int) -> int:
    return -(-elements * TYPES[tensor.type][0] // 8)


def _require_data(tensor: _Tensor, elements: int) -> None:
    name = quoted(tensor.name)
    _, holder, entries, per = TYPES[tensor.type]
    if (tensor.raw is not None) + len(tensor.typed) > 1:
        raise Refused("data-ambiguous", f"{name} has its data in two fields")
    if tensor.raw is not None:
        if tensor.type == STRING:
            raise Refused("data-ambiguous", f"{name} is of strings but has raw data")
        if tensor.raw != _size(tensor, elements):
            raise Refused(
                "tensor-size",
                f"{name} has {tensor.raw} bytes, its type and shape need {_size(tensor, elements)}",
            )
        return
    if set(tensor.typed) - {holder}:
        raise Refused("data-ambiguous", f"{name} has its data in a field of another type")
    needed = -(-elements * entries // per)
    if tensor.typed.get(holder, 0) != needed:
        raise Refused(
            "tensor-size",
            f"{name} has {tensor.typed.get(holder, 0)} entries, its shape needs {needed}",
        )


def _external(tensor: _Tensor, elements: int) -> DataSpan:
    name = quoted(tensor.name)
    if tensor.raw is not None or tensor.typed:
        raise Refused("data-ambiguous", f"{name} has data both inside and outside the file")
    if tensor.type == STRING:
        raise Refused("data-ambiguous", f"{name} is of strings, which cannot be outside the file")
    size = _size(tensor, elements)
    offset = _decimal(tensor, "offset", 0)
    length = _decimal(tensor, "length", size)
    if length != size:
        raise Refused(
            "tensor-size", f"{name} has {length} bytes outside, its type and shape need {size}"
        )
    return DataSpan(tensor.external.get("location", ""), tensor.name, offset, length)


def _decimal(tensor: _Tensor, key: str, default: int) -> int:
    text = tensor.external.get(key)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refused("offsets-invalid", f"{quoted(tensor.name)}: {key} is {quoted(text)}")
    return int(text)
