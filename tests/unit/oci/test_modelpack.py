"""ModelPack: the members its schema asks for, and the same bytes every time."""

import json
from typing import Any

import pytest
from jsonschema import Draft4Validator

from audit.core.errors import ConfigError, UsageError
from audit.documents import FileRole
from audit.oci import (
    FILE_PATH,
    LAYER_TYPES,
    MODEL_CONFIG_TYPE,
    MODEL_TYPE,
    Descriptor,
    ModelFacts,
    digest_of,
    modelpack_config,
    modelpack_manifest,
    parse_manifest,
    source_date,
)

# The members CNCF model-spec v1 (config.md) knows, and which of them it needs.
TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["descriptor", "config", "modelfs"],
    "additionalProperties": False,
    "properties": {
        "descriptor": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                **dict.fromkeys(
                    ["createdAt", "family", "name", "docURL", "sourceURL", "version", "revision"],
                    TEXT,
                ),
                **dict.fromkeys(["vendor", "title", "description"], TEXT),
                **dict.fromkeys(["authors", "datasetsURL", "licenses"], TEXTS),
            },
        },
        "config": {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys(
                ["architecture", "format", "paramSize", "precision", "quantization"], TEXT
            ),
        },
        "modelfs": {
            "type": "object",
            "required": ["type", "diffIds"],
            "additionalProperties": False,
            "properties": {"type": {"enum": ["layers"]}, "diffIds": TEXTS | {"minItems": 1}},
        },
    },
}


def layer(path: str, role: FileRole = FileRole.WEIGHT) -> Descriptor:
    data = path.encode()
    annotations = {FILE_PATH: path}
    return Descriptor(LAYER_TYPES[role], digest_of(data), len(data), annotations=annotations)


FULL = ModelFacts(
    name="acme/qwen-7b-支持",
    version="1.4.0",
    format="gguf",
    created="2026-11-24T00:00:00Z",
    family="qwen",
    title="t",
    description="d",
    licenses=("Apache-2.0",),
    architecture="qwen2",
    param_size="7b",
    precision="bf16",
    quantization="q4_k_m",
)


@pytest.mark.parametrize("facts", [FULL, ModelFacts("a/b", "1", "onnx")])
def test_a_configuration_is_one_its_schema_accepts(facts: ModelFacts) -> None:
    config = json.loads(modelpack_config(facts, [layer("model.gguf")]))
    Draft4Validator(SCHEMA).validate(config)
    assert config["modelfs"]["diffIds"] == [layer("model.gguf").digest]
    assert None not in {**config["descriptor"], **config["config"]}.values()


def test_a_manifest_carries_its_files_by_path_and_digest() -> None:
    layers = [layer("a.gguf"), layer("config.json", FileRole.CONFIG), layer("x.md", FileRole.DOC)]
    config = Descriptor(MODEL_CONFIG_TYPE, digest_of(b"c"), 1)
    data = modelpack_manifest(config, layers, annotations={"k": "值"})
    found = parse_manifest(data, source="m")
    assert found.artifact_type == MODEL_TYPE
    assert list(found.layers) == layers
    assert [item.media_type for item in found.layers] == [
        "application/vnd.cncf.model.weight.v1.raw",
        "application/vnd.cncf.model.weight.config.v1.raw",
        "application/vnd.cncf.model.doc.v1.raw",
    ]
    assert data == modelpack_manifest(config, layers, annotations={"k": "值"})


def test_a_model_without_files_is_not_packaged() -> None:
    with pytest.raises(UsageError, match="no files"):
        modelpack_config(FULL, [])


@pytest.mark.parametrize("paths", [["a", "a"], ["a", "A"], ["a", ""]])
def test_two_files_with_one_name_are_not_packaged(paths: list[str]) -> None:
    config = Descriptor(MODEL_CONFIG_TYPE, digest_of(b"c"), 1)
    with pytest.raises(UsageError, match="layer"):
        modelpack_manifest(config, [layer(path) for path in paths], annotations={})


def test_time_comes_from_source_date_epoch_alone() -> None:
    assert source_date({}) is None
    assert source_date({"SOURCE_DATE_EPOCH": "0"}) == "1970-01-01T00:00:00Z"
    assert source_date({"SOURCE_DATE_EPOCH": "1795450375"}) == "2026-11-23T16:12:55Z"


@pytest.mark.parametrize("text", ["", "now", "-1", "1.5", " 1", "9" * 12, "１"])
def test_a_source_date_that_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="SOURCE_DATE_EPOCH"):
        source_date({"SOURCE_DATE_EPOCH": text})
