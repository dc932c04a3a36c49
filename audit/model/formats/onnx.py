"""ONNX: one protobuf message; graph, subgraphs and functions are all walked.

Source: onnx.proto and IR.md of the ONNX project. An operator of a domain that is
neither ONNX's nor defined in the file needs a library that the file cannot bring;
such domains are reported as a fact.
"""

from dataclasses import dataclass, field

from audit.documents import FileRole
from audit.model._refused import Refused, clip
from audit.model._source import Source
from audit.model._wire import Found, Message, Walker
from audit.model.formats._onnx_schema import SCHEMA
from audit.model.formats._onnx_tensor import read_entry, read_tensor
from audit.model.formats._reading import DataSpan, Reading

IR_VERSIONS = range(3, 15)
MAX_SIZE = 2 << 30
"""A protobuf message is at most 2 GiB."""

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training"})
MAX_TENSORS = 1 << 17
MAX_DOMAINS = 256


@dataclass(slots=True)
class _Seen:
    """What the walk has come across."""

    facts: dict[str, str] = field(default_factory=dict)
    opsets: dict[str, int] = field(default_factory=dict)
    domains: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    data: list[DataSpan] = field(default_factory=list)
    nodes: int = 0
    tensors: int = 0
    elements: int = 0


def read_onnx(source: Source) -> Reading:
    """Return what an ONNX model says about itself; its tensors are measured, not read.

    Raises:
        Refused: the file breaks a rule of docs/model-formats.md.
    """
    if source.size > MAX_SIZE:
        raise Refused("header-too-long", f"a message of {source.size} bytes; at most {MAX_SIZE}")
    walker, seen = Walker(source, SCHEMA), _Seen()
    model = walker.top("Model")
    names = set()
    for found in walker.fields(model):
        names.add(found.name)
        _model_field(walker, model, found, seen)
    if not {"ir_version", "graph"} <= names or not seen.opsets:
        raise Refused("model-incomplete", "ir_version, graph or opset_import is missing")
    return Reading(format="onnx", role=FileRole.WEIGHT, facts=_facts(seen), data=tuple(seen.data))


def _model_field(walker: Walker, model: Message, found: Found, seen: _Seen) -> None:
    if found.name == "ir_version":
        if found.number not in IR_VERSIONS:
            raise Refused("version-unknown", f"IR version {found.number}; 3 to 14 are known")
        seen.facts["ir_version"] = str(found.number)
    elif found.name in {"producer_name", "producer_version"}:
        seen.facts[found.name] = clip(walker.text(found), 80)
    elif found.name == "opset_import":
        _opset(walker, walker.inside(found, model), seen)
    elif found.name == "metadata_props":
        read_entry(walker, walker.inside(found, model))
    elif found.field.message is not None:
        _walk(walker, walker.inside(found, model), seen)


def _opset(walker: Walker, message: Message, seen: _Seen) -> None:
    domain, version = "", 0
    for found in walker.fields(message):
        if found.name == "domain":
            domain = walker.text(found)
        else:
            version = found.number
    if domain in seen.opsets:
        raise Refused("key-duplicate", f"operator set {clip(domain, 60) or 'ai.onnx'} comes twice")
    seen.opsets[domain] = version


def _walk(walker: Walker, message: Message, seen: _Seen) -> None:
    """Walk a message and all that it holds, and note operators and tensors."""
    if message.name == "Tensor":
        _tensor(walker, message, seen)
        return
    seen.nodes += message.name == "Node"
    for found in walker.fields(message):
        if found.field.message is not None:
            _walk(walker, walker.inside(found, message), seen)
        elif found.name == "domain" and message.name in {"Node", "Function"}:
            names = seen.functions if message.name == "Function" else seen.domains
            names.add(walker.text(found))
            if len(names) > MAX_DOMAINS:
                raise Refused("count-too-large", f"more than {MAX_DOMAINS} operator domains")
        elif found.field.packs is not None:
            walker.count(found)


def _tensor(walker: Walker, message: Message, seen: _Seen) -> None:
    _, elements, data = read_tensor(walker, message)
    seen.tensors += 1
    seen.elements += elements
    if seen.tensors > MAX_TENSORS:
        raise Refused("count-too-large", f"more than {MAX_TENSORS} tensors")
    if data is not None:
        seen.data.append(data)


def _facts(seen: _Seen) -> dict[str, str]:
    custom = seen.domains - seen.functions - DOMAINS
    opsets = " ".join(f"{name or 'ai.onnx'}:{seen.opsets[name]}" for name in sorted(seen.opsets))
    found = seen.facts | {
        "opset": clip(opsets),
        "nodes": str(seen.nodes),
        "tensors": str(seen.tensors),
        "parameters": str(seen.elements),
    }
    if custom:
        found["custom_domains"] = clip(" ".join(sorted(custom)))
    if seen.data:
        found["external_data"] = clip(" ".join(sorted({one.location for one in seen.data})))
    return found
