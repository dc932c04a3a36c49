"""ONNX models, encoded field by field so that each can be wrong on its own."""

from struct import pack

from tests.crafted import Case, one

FLOATS = pack("<4f", 1, 2, 3, 4)
DATA = bytes(range(64))
OUTSIDE = "weights.bin"


def varint(value: int) -> bytes:
    value %= 1 << 64
    data = bytearray()
    while value >= 0x80:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, *parts: bytes | str) -> bytes:
    data = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(data)) + data


def pair(field: int, key: str, value: str) -> bytes:
    return block(field, block(1, key), block(2, value))


def tensor(*data: bytes, dims: tuple[int, ...] = (4,), kind: int = 1, name: str = "w") -> bytes:
    shape = b"".join(number(1, one) for one in dims)
    return shape + number(2, kind) + block(8, name) + b"".join(data)


def raw(data: bytes = FLOATS) -> bytes:
    return block(9, data)


def outside(location: str | None = OUTSIDE, *keys: tuple[str, str]) -> bytes:
    listed = [*([] if location is None else [("location", location)]), *keys]
    return b"".join(pair(13, *item) for item in listed) + number(14, 1)


def span(offset: int | str, length: int | str = 16) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("offset", str(offset)), ("length", str(length))


def node(*attributes: bytes, domain: str = "") -> bytes:
    held = b"".join(block(5, one) for one in attributes)
    named = block(7, domain) if domain else b""
    return block(1, "x") + block(2, "y") + block(4, "Add") + held + named


def attribute(field: int, held: bytes) -> bytes:
    return block(1, "then_branch") + block(field, held)


def graph(*tensors: bytes, nodes: tuple[bytes, ...] = (), more: bytes = b"") -> bytes:
    held = b"".join(block(5, one) for one in tensors)
    return b"".join(block(1, one) for one in (nodes or (node(),))) + block(2, "g") + held + more


IR, OPSET = number(1, 8), block(8, block(1, ""), number(2, 15))


def model(held: bytes, more: bytes = b"", head: bytes = IR + OPSET) -> bytes:
    return head + block(2, "by hand") + block(7, held) + more


def deep(levels: int) -> bytes:
    held = graph(tensor(raw()))
    for _ in range(levels):
        held = graph(nodes=(node(attribute(6, held)),))
    return held


SPARSE = block(1, tensor(raw(), name="values")) + block(2, tensor(raw(DATA[:32]), kind=7))
FUNCTION = (
    block(1, "f")
    + block(7, node(attribute(5, tensor(raw()))))
    + block(10, "mine")
    + block(9, number(2, 1))
)
VALUE = block(11, block(1, "x"), block(2, block(1, number(1, 1), block(2, block(1, number(1, 4))))))

GOOD = {
    "plain": model(graph(tensor(raw()), more=VALUE)),
    "typed floats": model(graph(tensor(block(4, FLOATS)))),
    "floats one by one": model(graph(tensor(*(pack("<Bf", 4 << 3 | 5, one) for one in range(4))))),
    "packed numbers": model(
        graph(tensor(block(7, varint(1), varint(300), varint(-1)), dims=(3,), kind=7))
    ),
    "packed shape": model(graph(block(1, varint(2), varint(2)) + tensor(raw(), dims=()))),
    "texts": model(graph(tensor(block(6, "a"), block(6, "你"), dims=(2,), kind=8))),
    "four-bit": model(graph(tensor(raw(b"\1\2"), dims=(3,), kind=22))),
    "four-bit, typed": model(graph(tensor(block(5, b"\1\2"), dims=(3,), kind=22))),
    "complex": model(graph(tensor(block(4, FLOATS), dims=(2,), kind=14))),
    "sparse": model(graph(more=block(15, SPARSE))),
    "subgraph": model(graph(nodes=(node(attribute(6, graph(tensor(raw())))),))),
    "function": model(graph(tensor(raw())), more=block(25, FUNCTION)),
    "many levels": model(deep(30)),
}


def _case(data: bytes, reason: str, detail: str) -> Case:
    return one("model.onnx", data, reason, detail)


def _tensor(data: bytes, reason: str, detail: str) -> Case:
    return _case(model(graph(data)), reason, detail)


def _outside(held: bytes, reason: str, detail: str, **files: bytes) -> Case:
    beside = {name.replace("_", "."): data for name, data in files.items()} or {OUTSIDE: DATA}
    return Case({"model.onnx": model(held)} | beside, "model.onnx", reason, detail)


def _located(location: str | None, reason: str, detail: str) -> Case:
    return _outside(graph(tensor(outside(location))), reason, detail)


BAD = {
    "empty": _case(b"", "model-incomplete", "ir_version"),
    "no graph": _case(IR + OPSET, "model-incomplete", "graph"),
    "no operator set": _case(model(graph(), head=IR), "model-incomplete", "opset_import"),
    "IR of the future": _case(model(graph(), head=number(1, 99) + OPSET), "version-unknown", "99"),
    "text, not a message": _case(b"hello world\n" * 9, "field-unknown", "field 13"),
    "unknown field": _case(model(graph(), block(77, "hi")), "field-unknown", "field 77 of Model"),
    "field number 0": _case(model(graph(), b"\2\0"), "field-number", "field number 0"),
    "group": _case(model(graph(), varint(77 << 3 | 3)), "wire-group", "in Model"),
    "group for a graph": _case(model(graph(), varint(7 << 3 | 3)), "wire-group", "Model.graph"),
    "number where text must be": _case(model(graph(more=number(2, 1))), "wire-type", "Graph.name"),
    "two graphs": _case(model(graph(), block(7, graph())), "field-duplicate", "Model.graph"),
    "two names of a tensor": _tensor(
        tensor(raw(), block(8, "v")), "field-duplicate", "Tensor.name"
    ),
    "two kinds of one dimension": _case(
        model(
            graph(
                more=block(11, block(2, block(1, block(2, block(1, number(1, 4), block(2, "n"))))))
            )
        ),
        "field-duplicate",
        "Dimension.value",
    ),
    "number of 11 bytes": _case(b"\x08" + b"\xff" * 10 + b"\1", "varint-overflow", "64 bits"),
    "number above 64 bits": _case(b"\x08" + b"\xff" * 9 + b"\2", "varint-overflow", "at 1 "),
    "length of six bytes": _case(
        IR + OPSET + b"\x3a\x82\x80\x80\x80\x80\0" + block(2, b""), "varint-padded", "of Model"
    ),
    "number cut off": _case(model(graph()) + b"\x28\xff", "truncated", "of Model is cut off"),
    "length past its message": _case(
        model(varint(2 << 3 | 2) + varint(1 << 40)), "length-outside", "Graph.name of 1099511627776"
    ),
    "too many levels": _case(model(deep(40)), "nested-too-deep", "100"),
    "operator set twice": _case(model(graph(), OPSET), "key-duplicate", "ai.onnx"),
    "producer not UTF-8": _case(
        IR + OPSET + block(2, b"\xff") + block(7, graph()), "not-utf8", "producer_name"
    ),
    "domain bomb": _case(
        model(graph(nodes=(node(domain="d" * 5000),))), "string-too-long", "domain of 5000"
    ),
    "data type of the future": _tensor(tensor(raw(), kind=77), "type-unknown", "data type 77"),
    "negative dimension": _tensor(tensor(raw(), dims=(-1, 4)), "dims-invalid", "negative"),
    "dimensions overflow": _tensor(tensor(raw(), dims=(2**40, 2**40)), "dims-overflow", "'w'"),
    "raw data cut short": _tensor(tensor(raw(FLOATS[:15])), "tensor-size", "has 15 bytes"),
    "raw data too long": _tensor(tensor(raw(FLOATS + b"EVIL")), "tensor-size", "has 20 bytes"),
    "no data": _tensor(tensor(), "tensor-size", "0 entries"),
    "data twice": _tensor(tensor(raw(), block(4, FLOATS)), "data-ambiguous", "in two fields"),
    "data in the wrong field": _tensor(
        tensor(block(7, varint(1) * 4)), "data-ambiguous", "field of another type"
    ),
    "raw text": _tensor(tensor(raw(), kind=8), "data-ambiguous", "of strings but"),
    "packed floats of odd length": _tensor(
        tensor(block(4, FLOATS[:15])), "length-invalid", "15 bytes"
    ),
    "packed number of 11 bytes": _tensor(
        tensor(block(7, b"\xff" * 10 + b"\1"), dims=(1,), kind=7), "varint-overflow", "int64_data"
    ),
    "packed number cut off": _tensor(
        tensor(block(7, b"\x80"), dims=(1,), kind=7), "truncated", "int64_data"
    ),
    "bad tensor in a subgraph": _case(
        model(graph(nodes=(node(attribute(6, graph(tensor(raw(), kind=99)))),))),
        "type-unknown",
        "data type 99",
    ),
    "bad tensor in a function": _case(
        model(graph(), block(25, block(7, node(attribute(5, tensor(raw(b""), name="f")))))),
        "tensor-size",
        "'f' has 0 bytes",
    ),
    "bad tensor in training": _case(
        model(graph(), block(20, block(1, graph(tensor(raw(b""), name="t"))))),
        "tensor-size",
        "'t' has 0 bytes",
    ),
    "bad sparse tensor": _case(
        model(graph(more=block(15, block(1, tensor(raw(b""), name="s"))))),
        "tensor-size",
        "'s' has 0 bytes",
    ),
    "outside: no location": _located(None, "data-location", "''"),
    "outside: one folder up": _located("../weights.bin", "data-location", "'../weights.bin'"),
    "outside: absolute": _located("/etc/hostname", "data-location", "'/etc/hostname'"),
    "outside: drive letter": _located("C:weights.bin", "data-location", "'C:weights.bin'"),
    "outside: backslash": _located("..\\weights.bin", "data-location", "..\\weights.bin"),
    "outside: memory address": _located(
        "*/_ORT_MEM_ADDR_/*", "data-location", "'*/_ORT_MEM_ADDR_/*'"
    ),
    "outside: not there": _located("other.bin", "data-missing", "'other.bin'"),
    "outside: another format": _outside(
        graph(tensor(outside("config.json"))), "data-not-raw", "a json file", config_json=b"{}"
    ),
    "outside: the model itself": _located("model.onnx", "data-not-raw", "a onnx file"),
    "outside: unknown key": _outside(
        graph(tensor(outside(OUTSIDE, ("basepath", "/etc")))), "data-key-unknown", "'basepath'"
    ),
    "outside: key twice": _outside(
        graph(tensor(outside(OUTSIDE, ("location", "x.bin")))), "key-duplicate", "'location'"
    ),
    "outside: negative offset": _outside(
        graph(tensor(outside(OUTSIDE, *span(-8)))), "offsets-invalid", "offset is '-8'"
    ),
    "outside: offset with a sign": _outside(
        graph(tensor(outside(OUTSIDE, *span("+8")))), "offsets-invalid", "offset is '+8'"
    ),
    "outside: length and shape differ": _outside(
        graph(tensor(outside(OUTSIDE, *span(0, 2**40)))), "tensor-size", "1099511627776"
    ),
    "outside: data inside as well": _outside(
        graph(tensor(outside(), raw())), "data-ambiguous", "both inside and outside"
    ),
    "outside: text": _outside(
        graph(tensor(outside(), kind=8)), "data-ambiguous", "cannot be outside"
    ),
    "outside: unused": _outside(
        graph(tensor(pair(13, "location", OUTSIDE), raw())), "data-ambiguous", "does not use"
    ),
    "outside: location of the future": _outside(
        graph(tensor(pair(13, "location", OUTSIDE), number(14, 2))),
        "type-unknown",
        "data location 2",
    ),
    "outside: tensors overlap": _outside(
        graph(
            tensor(outside(OUTSIDE, *span(0)), name="a"),
            tensor(outside(OUTSIDE, *span(8)), name="b"),
        ),
        "tensor-overlap",
        "8 bytes inside 'a'",
    ),
    "outside: beyond the file": _outside(
        graph(tensor(outside(OUTSIDE, *span(56)), name="far")), "tensor-outside", "'far'"
    ),
    "outside: something between": _outside(
        graph(tensor(outside(OUTSIDE, *span(16)))), "padding-not-zero", "padding at 0"
    ),
    "outside: a pickle": _outside(
        graph(tensor(outside(OUTSIDE), dims=(1,))),
        "pickle-truncated",
        "posix.system",
        weights_bin=b"\x80\x02cposix\nsystem\n",
    ),
}
