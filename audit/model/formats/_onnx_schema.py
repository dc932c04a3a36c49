"""The messages of an ONNX model, IR versions 3 to 14.

Source: onnx.proto of the ONNX project (proto2). A field that is not here is
refused as unknown, so a later IR version has to be added before its models pass.
"""

from audit.model._wire import Field, Schema, Wire

_LENGTH, _VARINT, _FIXED32, _FIXED64 = Wire.LENGTH, Wire.VARINT, Wire.FIXED32, Wire.FIXED64


def _text(name: str, choice: str | None = None) -> Field:
    return Field(name, _LENGTH, choice=choice)


def _texts(name: str) -> Field:
    return Field(name, _LENGTH, repeated=True)


def _number(name: str, choice: str | None = None) -> Field:
    return Field(name, _VARINT, choice=choice)


def _numbers(name: str, packs: Wire = _VARINT) -> Field:
    return Field(name, _LENGTH, repeated=True, packs=packs)


def _one(name: str, message: str, choice: str | None = None) -> Field:
    return Field(name, _LENGTH, message=message, choice=choice)


def _many(name: str, message: str) -> Field:
    return Field(name, _LENGTH, repeated=True, message=message)


_PROPS = "StringStringEntry"

SCHEMA: Schema = {
    "Model": {
        1: _number("ir_version"),
        2: _text("producer_name"),
        3: _text("producer_version"),
        4: _text("domain"),
        5: _number("model_version"),
        6: _text("doc_string"),
        7: _one("graph", "Graph"),
        8: _many("opset_import", "OperatorSetId"),
        14: _many("metadata_props", _PROPS),
        20: _many("training_info", "TrainingInfo"),
        25: _many("functions", "Function"),
        26: _many("configuration", "DeviceConfiguration"),
    },
    "Graph": {
        1: _many("node", "Node"),
        2: _text("name"),
        5: _many("initializer", "Tensor"),
        10: _text("doc_string"),
        11: _many("input", "ValueInfo"),
        12: _many("output", "ValueInfo"),
        13: _many("value_info", "ValueInfo"),
        14: _many("quantization_annotation", "TensorAnnotation"),
        15: _many("sparse_initializer", "SparseTensor"),
        16: _many("metadata_props", _PROPS),
    },
    "Node": {
        1: _texts("input"),
        2: _texts("output"),
        3: _text("name"),
        4: _text("op_type"),
        5: _many("attribute", "Attribute"),
        6: _text("doc_string"),
        7: _text("domain"),
        8: _text("overload"),
        9: _many("metadata_props", _PROPS),
        10: _many("device_configurations", "NodeDeviceConfiguration"),
    },
    "Attribute": {
        1: _text("name"),
        2: Field("f", _FIXED32),
        3: _number("i"),
        4: _text("s"),
        5: _one("t", "Tensor"),
        6: _one("g", "Graph"),
        7: _numbers("floats", _FIXED32),
        8: _numbers("ints"),
        9: _texts("strings"),
        10: _many("tensors", "Tensor"),
        11: _many("graphs", "Graph"),
        13: _text("doc_string"),
        14: _one("tp", "Type"),
        15: _many("type_protos", "Type"),
        20: _number("type"),
        21: _text("ref_attr_name"),
        22: _one("sparse_tensor", "SparseTensor"),
        23: _many("sparse_tensors", "SparseTensor"),
    },
    "Tensor": {
        1: _numbers("dims"),
        2: _number("data_type"),
        4: _numbers("float_data", _FIXED32),
        5: _numbers("int32_data"),
        6: _texts("string_data"),
        7: _numbers("int64_data"),
        8: _text("name"),
        9: _text("raw_data"),
        10: _numbers("double_data", _FIXED64),
        11: _numbers("uint64_data"),
        12: _text("doc_string"),
        13: _many("external_data", _PROPS),
        14: _number("data_location"),
        16: _many("metadata_props", _PROPS),
    },
    "SparseTensor": {
        1: _one("values", "Tensor"),
        2: _one("indices", "Tensor"),
        3: _numbers("dims"),
    },
    "Function": {
        1: _text("name"),
        4: _texts("input"),
        5: _texts("output"),
        6: _texts("attribute"),
        7: _many("node", "Node"),
        8: _text("doc_string"),
        9: _many("opset_import", "OperatorSetId"),
        10: _text("domain"),
        11: _many("attribute_proto", "Attribute"),
        12: _many("value_info", "ValueInfo"),
        13: _text("overload"),
        14: _many("metadata_props", _PROPS),
    },
    "TrainingInfo": {
        1: _one("initialization", "Graph"),
        2: _one("algorithm", "Graph"),
        3: _many("initialization_binding", _PROPS),
        4: _many("update_binding", _PROPS),
    },
    "ValueInfo": {
        1: _text("name"),
        2: _one("type", "Type"),
        3: _text("doc_string"),
        4: _many("metadata_props", _PROPS),
    },
    "Type": {
        1: _one("tensor_type", "TypeTensor", "value"),
        4: _one("sequence_type", "TypeElement", "value"),
        5: _one("map_type", "TypeMap", "value"),
        6: _text("denotation"),
        7: _one("opaque_type", "TypeOpaque", "value"),
        8: _one("sparse_tensor_type", "TypeTensor", "value"),
        9: _one("optional_type", "TypeElement", "value"),
    },
    "TypeTensor": {1: _number("elem_type"), 2: _one("shape", "TensorShape")},
    "TypeElement": {1: _one("elem_type", "Type")},
    "TypeMap": {1: _number("key_type"), 2: _one("value_type", "Type")},
    "TypeOpaque": {1: _text("domain"), 2: _text("name")},
    "TensorShape": {1: _many("dim", "Dimension")},
    "Dimension": {
        1: _number("dim_value", "value"),
        2: _text("dim_param", "value"),
        3: _text("denotation"),
    },
    "TensorAnnotation": {
        1: _text("tensor_name"),
        2: _many("quant_parameter_tensor_names", _PROPS),
    },
    "DeviceConfiguration": {1: _text("name"), 2: _number("num_devices"), 3: _texts("device")},
    "NodeDeviceConfiguration": {
        1: _text("configuration_id"),
        2: _many("sharding_spec", "ShardingSpec"),
        3: _number("pipeline_stage"),
    },
    "ShardingSpec": {
        1: _text("tensor_name"),
        2: _numbers("device"),
        3: _many("index_to_device_group_map", "IntIntListEntry"),
        4: _many("sharded_dim", "ShardedDim"),
    },
    "IntIntListEntry": {1: _number("key"), 2: _numbers("value")},
    "ShardedDim": {1: _number("axis"), 2: _many("simple_sharding", "SimpleShardedDim")},
    "SimpleShardedDim": {
        1: _number("dim_value", "dim"),
        2: _text("dim_param", "dim"),
        3: _number("num_shards"),
    },
    "StringStringEntry": {1: _text("key"), 2: _text("value")},
    "OperatorSetId": {1: _text("domain"), 2: _number("version")},
}
