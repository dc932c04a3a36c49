"""Model directories: exactly the files that were signed, whatever they are called."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import ConfigError, InputMissing, SignatureMismatch
from audit.sign import (
    Expected,
    generate_key,
    load_private_key,
    sign_statement,
    signature_statement,
)
from audit.sign.oms import (
    PREDICATE_TYPE,
    model_digest,
    model_files,
    oms_statement,
    sign_model,
    verify_model,
)
from tests.sigkit.bundles import compact


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "a.gguf").write_bytes(b"weights")
    (folder / ".gitattributes").write_bytes(b"x")
    (folder / "tokenizer" / "vocab.txt").write_bytes(b"words")
    generate_key(tmp_path / "k.key", tmp_path / "k.pub")
    key = load_private_key(tmp_path / "k.key")
    (tmp_path / "model.sig").write_bytes(sign_model(folder, key))
    return folder


def verify(model: Path, signature: str = "model.sig") -> str:
    key = load_private_key(model.parent / "k.key").public
    return verify_model(model, model.parent / signature, lambda d: Expected(d, [key]))[0]


def test_a_model_is_the_files_that_were_signed(model: Path) -> None:
    assert verify(model) == model_digest(model_files(model))


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (lambda m: (m / "a.gguf").write_bytes(b"evil"), "not about"),
        (lambda m: (m / "extra").write_bytes(b""), "not about"),
        (lambda m: (m / "a.gguf").unlink(), "not about"),
        (lambda m: (m / "a.gguf").rename(m / "a2.gguf"), "was not signed"),
        (
            lambda m: (m / ".git").mkdir() or (m / ".git" / "payload.py").write_bytes(b"x"),
            "not about",
        ),
    ],
)
def test_any_other_set_of_files_is_refused(model: Path, what: Any, why: str) -> None:
    what(model)
    with pytest.raises(SignatureMismatch, match=why):
        verify(model)


@pytest.mark.parametrize("kind", ["link", "folder link", "fifo", "empty folder", "name"])
def test_what_cannot_be_signed_is_refused_by_name(model: Path, kind: str) -> None:
    if kind == "link":
        (model / "b").symlink_to(model / "a.gguf")
    elif kind == "folder link":
        (model / "b").symlink_to(model / "tokenizer")
    elif kind == "fifo":
        os.mkfifo(model / "b")
    elif kind == "empty folder":
        (model / "b").mkdir()
    else:
        (model / "b\nc").write_bytes(b"")
    with pytest.raises(ConfigError):
        verify(model)
    with pytest.raises(ConfigError):
        model_files(model)


def test_nothing_to_sign_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        model_files(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="empty"):
        model_files(tmp_path / "empty")


def test_the_signature_may_lie_among_the_files(model: Path) -> None:
    (model.parent / "model.sig").rename(model / "model.sig")
    assert verify(model, "model/model.sig") == model_digest(
        model_files(model, except_for=model / "model.sig")
    )


def resigned(model: Path, change: Any) -> None:
    value = json.loads(oms_statement("model", model_files(model)))
    change(value)
    key = load_private_key(model.parent / "k.key")
    (model.parent / "model.sig").write_bytes(sign_statement(compact(value), key))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda v: v["predicate"]["serialization"].update(method="pieces"), "not read"),
        (lambda v: v["predicate"]["serialization"].update(hash_type="blake2b"), "not read"),
        (lambda v: v["predicate"]["serialization"].update(allow_symlinks=True), "links"),
        (lambda v: v["predicate"]["serialization"].update(extra=1), "not a known"),
        (lambda v: v["predicate"].update(extra=1), "not a known"),
        (lambda v: v["predicate"]["resources"].pop(), "was not signed"),
        (lambda v: v["predicate"]["resources"].append(v["predicate"]["resources"][0]), "twice"),
        (lambda v: v["predicate"]["resources"][0].update(digest="00"), "not the file"),
        (lambda v: v["predicate"]["resources"][0].update(algorithm="md5"), "not sha256"),
        (
            lambda v: v["predicate"]["resources"].append(
                {"name": "z", "algorithm": "sha256", "digest": "00"}
            ),
            "not there",
        ),
        (lambda v: v.update(predicateType="https://x.test/v1"), "of type"),
        (lambda v: v.update(predicate={}), "is missing"),
    ],
)
def test_a_validly_signed_statement_that_says_something_else_is_refused(
    model: Path, change: Any, why: str
) -> None:
    resigned(model, change)
    with pytest.raises(SignatureMismatch, match=why):
        verify(model)


def test_paths_that_were_left_out_excuse_no_file(model: Path) -> None:
    (model / ".gitignore").write_bytes(b"x")

    def leave_out(value: Any) -> None:
        value["predicate"]["serialization"]["ignore_paths"] = [".gitignore"]
        kept = [one for one in value["predicate"]["resources"] if one["name"] != ".gitignore"]
        value["predicate"]["resources"] = kept

    resigned(model, leave_out)
    with pytest.raises(SignatureMismatch, match=r"'\.gitignore' is there and was not signed"):
        verify(model)


def test_an_image_signature_is_no_model_signature(model: Path) -> None:
    key = load_private_key(model.parent / "k.key")
    bundle = sign_statement(signature_statement(model_digest(model_files(model))), key)
    (model.parent / "model.sig").write_bytes(bundle)
    with pytest.raises(SignatureMismatch, match=PREDICATE_TYPE):
        verify(model)


def shards(of: Path, size: int) -> Any:
    """Return a change that names the files of a model in pieces."""

    def change(value: Any) -> None:
        pieces = model_files(of, shard=size)
        value["subject"][0]["digest"]["sha256"] = model_digest(pieces)[7:]
        value["predicate"]["serialization"].update(method="shards", shard_size=size)
        value["predicate"]["resources"] = [
            {"name": one.name, "algorithm": f"sha256-sharded-{size}", "digest": one.sha256}
            for one in pieces
        ]

    return change


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_model_signed_in_shards_is_all_of_its_shards(model: Path, size: int) -> None:
    resigned(model, shards(model, size))
    verify(model)
    names = [piece.name for piece in model_files(model, shard=3) if piece.name[:1] == "a"]
    assert names == ["a.gguf:0:3", "a.gguf:3:6", "a.gguf:6:7"]


@pytest.mark.parametrize(
    ("what", "error", "why"),
    [
        (lambda m: (m / "a.gguf").write_bytes(b"weighty"), SignatureMismatch, "not about"),
        (lambda m: (m / "a.gguf").write_bytes(b"weights!"), SignatureMismatch, "not about"),
        (lambda m: (m / "a.gguf").rename(m / "a2.gguf"), SignatureMismatch, "was not signed"),
        (lambda m: (m / "empty").write_bytes(b""), ConfigError, "empty file"),
    ],
)
def test_another_set_of_shards_is_refused(
    model: Path, what: Any, error: type[Exception], why: str
) -> None:
    resigned(model, shards(model, 3))
    what(model)
    with pytest.raises(error, match=why):
        verify(model)


@pytest.mark.parametrize(
    ("size", "error"),
    [
        (0, SignatureMismatch),
        (-1, SignatureMismatch),
        (2**60, SignatureMismatch),
        (1.5, SignatureMismatch),
        ("x", SignatureMismatch),
        (None, SignatureMismatch),
        (1, ConfigError),
        (1.0, ConfigError),
    ],
)
def test_a_size_of_shards_that_cannot_be_is_refused(
    model: Path, size: object, error: type[Exception]
) -> None:
    (model / "big").write_bytes(bytes(100_001))
    resigned(
        model, lambda v: v["predicate"]["serialization"].update(method="shards", shard_size=size)
    )
    with pytest.raises(error):
        verify(model)


def test_files_come_in_the_order_of_their_folders(model: Path) -> None:
    (model / "tokenizer.json").write_bytes(b"{}")
    names = [file.name for file in model_files(model)]
    assert names == [".gitattributes", "a.gguf", "tokenizer/vocab.txt", "tokenizer.json"]
