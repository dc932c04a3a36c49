"""The other files of a model directory: configuration and documents, strictly."""

import json
from pathlib import Path

import pytest

from tests.crafted import onnx, safetensors
from tests.crafted.digests import look, why

PIECES = b"".join(
    onnx.block(1, onnx.block(1, piece), b"\x15" + bytes(4), onnx.number(3, kind))
    for piece, kind in (("<unk>", 2), ("▁你好", 1))
)
SENTENCEPIECE = PIECES + onnx.block(2, onnx.number(4, 2), onnx.block(30, "<a>")) + onnx.block(3)
CONFIG = {"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 8192, "vocab_size": 7}

ACCEPTED = {
    "config.json": (json.dumps(CONFIG), "json", "config"),
    "generation_config.json": ('{"temperature": 0.6}', "json", "config"),
    "tokenizer.json": ('{"model": {"vocab": {"auto_map": 3, "a": 1}}}', "json", "config"),
    "special_tokens_map.json": ('{"eos_token": "</s>"}', "json", "config"),
    "added_tokens.json": ('{"<pad>": 7}', "json", "config"),
    "modules.json": (
        '[{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}]',
        "json",
        "config",
    ),
    "1_Pooling/config.json": ("{}", "json", "config"),
    "adapter_config.json": ('{"auto_mapping": null, "r": 8}', "json", "config"),
    "tokenizer.model": ("IQ== 0\nIg== 1\n", "text", "config"),
    "merges.txt": ("#version: 0.2\nĠ t\n", "text", "config"),
    "vocab.txt": ("[PAD]\n的\n", "text", "config"),
    "cl100k.tiktoken": ("IQ== 0\n", "text", "config"),
    "chat_template.jinja": ("{{ messages }}", "jinja", "config"),
    "README.md": ("# 模型\n", "text", "doc"),
    "USE_POLICY.md": ("no", "text", "doc"),
    "LICENSE": ("Apache", "text", "doc"),
    "LICENSE.txt": ("Apache", "text", "doc"),
    "NOTICE": ("", "text", "doc"),
    ".gitattributes": ("*.bin filter=lfs\n", "text", "doc"),
}

REFUSED = {
    "bad/config.json": (b'{"a": 1, "a": 2}', "key-duplicate", "1: duplicate key 'a'"),
    "nan/config.json": (b'{"a": NaN}', "json-invalid", "NaN"),
    "cut/config.json": (b'{"a": ', "json-invalid", "1:7"),
    "empty/config.json": (b"", "json-invalid", "1:1"),
    "latin/config.json": (b'{"a": "\xe9"}', "json-invalid", "not UTF-8"),
    "deep/config.json": (b"[" * 100 + b"]" * 100, "json-invalid", "nests deeper"),
    "remote/config.json": (
        b'{"auto_map": {"AutoModel": "modeling.Evil"}}',
        "remote-code",
        "auto_map",
    ),
    "nested/config.json": (
        b'{"text_config": {"auto_map": {"A": "x--y.B"}}}',
        "remote-code",
        "auto_map",
    ),
    "pipe/config.json": (
        b'{"custom_pipelines": {"p": {"impl": "p.P"}}}',
        "remote-code",
        "custom_pipelines",
    ),
    "trust/config.json": (b'{"trust_remote_code": true}', "remote-code", "trust_remote_code"),
    "peft/adapter_config.json": (
        b'{"auto_mapping": {"base_model_class": "A", "parent_library": "os"}}',
        "remote-code",
        "parent_library is 'os'",
    ),
    "kernel/config.json": (
        b'{"_attn_implementation": "someone/kernel"}',
        "remote-code",
        "a kernel to be fetched",
    ),
    "modules.json": (
        b'[{"idx": 0, "name": "0", "path": "", "type": "evil.Module"}]',
        "remote-code",
        "a module of type 'evil.Module'",
    ),
    "latin/README.md": (b"caf\xe9 au lait", "not-utf8", "not UTF-8"),
    "cut/README.md": (b"caf\xc3", "not-utf8", "unexpected end"),
    "nul/vocab.txt": (b"a\0b", "text-nul", "NUL"),
    "script/README.md": (b"#!/bin/sh\ntrue\n", "code", "a script"),
    "big/chat_template.jinja": (b" " * (1 << 20) + b"x", "template-invalid", "1048577 bytes"),
    "modeling.py": (b"x = 1\n", "code", "named .py"),
    "run.SH": (b"true\n", "code", "named .sh"),
    "lib.so.1": (b"\x7fELF" + bytes(60), "code", "an ELF program"),
    "setup": (b"MZ".ljust(60, b"\0") + b"\x40\0\0\0PE\0\0", "code", "a Windows program"),
    "mod.wat": (b"\0asm\1\0\0\0", "code", "a WebAssembly program"),
    "picture.png": (b"\x89PNG\r\n\x1a\n", "unknown-format", "a PNG image"),
    "old.bin": (b"tjgg" + bytes(8), "unknown-format", "before GGUF"),
    "model.h5": (b"\x89HDF\r\n\x1a\n", "unknown-format", "an HDF5 file"),
    "nothing.dat": (b"", "unknown-format", "an empty file"),
    "notes.yaml": (b"a: 1\n", "unknown-format", "named .yaml"),
    "weights": (b"0123456789", "unknown-format", "without a suffix"),
    "bad/tokenizer.model": (SENTENCEPIECE + b"\xc2\x0c\0", "field-unknown", "field 200 of Model"),
    "none/tokenizer.model": (onnx.block(3), "model-incomplete", "no pieces"),
    "torn/tokenizer.model": (SENTENCEPIECE[:-3], "length-outside", "Model.trainer_spec"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_file_that_models_have_is_accepted(name: str, tmp_path: Path) -> None:
    text, form, role = ACCEPTED[name]
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text, encoding="utf-8")
    (file,) = look(tmp_path).values()
    assert (why(file), file.format, file.role) == (None, form, role)


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_no_model_needs_is_refused(name: str, tmp_path: Path) -> None:
    data, reason, detail = REFUSED[name]
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(data)
    refusal = look(tmp_path)[name].refusal
    assert refusal is not None
    assert refusal.reason == reason
    assert detail in refusal.detail


def test_a_sentencepiece_model_is_walked_and_counted(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(SENTENCEPIECE)
    (file,) = look(tmp_path).values()
    assert why(file) is None
    assert file.facts == {"pieces": "2"}


def test_facts_of_a_configuration_are_short_texts(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {"dtype": "b" * 500}))
    (file,) = look(tmp_path).values()
    assert file.facts["architecture"] == "LlamaForCausalLM"
    assert file.facts["context_length"] == "8192"
    assert len(file.facts["precision"]) == 80


def test_the_digest_of_a_chat_template_is_the_same_wherever_it_is_kept(tmp_path: Path) -> None:
    template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    (tmp_path / "chat_template.jinja").write_text(template)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    assert len({file.facts["chat_template"] for file in look(tmp_path).values()}) == 1


def test_a_refusal_shows_nothing_unprintable_and_stays_short(tmp_path: Path) -> None:
    name = "x\u202e\x1b[31m" + "y" * 400
    (tmp_path / "m.safetensors").write_bytes(
        safetensors.file({name: safetensors.entry(dtype="F128")})
    )
    refusal = look(tmp_path)["m.safetensors"].refusal
    assert refusal is not None
    assert refusal.detail.isprintable()
    assert len(refusal.detail) <= 200
