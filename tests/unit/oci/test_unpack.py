"""Unpacking: a closed world of plain files, in a folder of its own."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import ConfigError, DigestMismatch, EvidenceError, UsageError
from audit.oci import FILE_PATH, MANIFEST_TYPE, Descriptor, Layout, digest_of, unpack
from audit.oci._unpack import file_paths

RAW = "application/vnd.cncf.model.weight.v1.raw"


def layer(path: str, kind: str = RAW, data: bytes = b"x") -> Descriptor:
    return Descriptor(kind, digest_of(data), len(data), annotations={FILE_PATH: path})


def artifact(layout: Layout, layers: list[Descriptor]) -> str:
    config = layout.add_blob(b"{}", media_type="application/vnd.oci.empty.v1+json")
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.json(),
        "layers": [item.json() for item in layers],
    }
    return layout.add_manifest(json.dumps(value).encode()).digest


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout.create(tmp_path / "layout")
    layout.add_blob(b"x", media_type=RAW)
    return layout


def test_the_folder_holds_the_files_of_the_manifest_and_no_others(
    layout: Layout, tmp_path: Path
) -> None:
    digest = artifact(layout, [layer("a.gguf"), layer("tokenizer/vocab.txt"), layer("模型.md")])
    unpack(layout, digest, tmp_path / "out")
    found = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*")}
    assert found == {"a.gguf", "tokenizer", "tokenizer/vocab.txt", "模型.md"}
    assert (tmp_path / "out" / "a.gguf").read_bytes() == b"x"
    assert [path.name for path in tmp_path.iterdir()] == ["layout", "out"] or len(
        list(tmp_path.iterdir())
    ) == 2


def test_files_are_not_executable(layout: Layout, tmp_path: Path) -> None:
    unpack(layout, artifact(layout, [layer("run.sh")]), tmp_path / "out")
    assert (tmp_path / "out" / "run.sh").stat().st_mode & 0o777 == 0o644


def test_an_empty_folder_is_taken_and_a_full_one_is_not(layout: Layout, tmp_path: Path) -> None:
    digest = artifact(layout, [layer("a")])
    (tmp_path / "empty").mkdir()
    unpack(layout, digest, tmp_path / "empty")
    with pytest.raises(UsageError, match="not an empty folder"):
        unpack(layout, digest, tmp_path / "empty")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="not an empty folder"):
        unpack(layout, digest, tmp_path / "file")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="not an empty folder"):
        unpack(layout, digest, tmp_path / "link")


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_damaged_blob_leaves_no_folder(layout: Layout, tmp_path: Path, damage: str) -> None:
    other = layout.add_blob(b"other", media_type=RAW)
    digest = artifact(layout, [layer("a"), layer("b", data=b"other")])
    path = layout.blob_path(other.digest)
    path.write_bytes(b"evil") if damage == "changed" else path.unlink()
    with pytest.raises((DigestMismatch, EvidenceError)):
        unpack(layout, digest, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["layout"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/./b",
        "a//b",
        "a/",
        ".",
        "..",
        "a\\b",
        "C:x",
        "a\0b",
        "a\nb",
        "a ",
        "a.",
        "nul",
        "x/COM1.txt",
        "a" * 256,
        "a/" * 600 + "b",
        "b*",
        "\ud800",
    ],
)
def test_a_path_that_is_not_a_plain_relative_one_is_refused(path: str) -> None:
    with pytest.raises(ConfigError):
        file_paths([layer(path)])


@pytest.mark.parametrize(
    "paths",
    [
        ["a", "a"],
        ["a", "A"],
        ["straße", "STRASSE"],
        ["caf\u00e9", "cafe\u0301"],
        ["\ufb01le", "file"],
        ["a", "a/b"],
        ["x/y/z", "X/Y"],
    ],
)
def test_two_paths_that_could_be_one_are_refused(paths: list[str]) -> None:
    with pytest.raises(ConfigError):
        file_paths([layer(path) for path in paths])


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.cncf.model.weight.v1.tar",
        "application/vnd.cncf.model.weight.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/x.gzip",
        "application/x+zip",
    ],
)
def test_an_archive_is_not_unpacked(kind: str) -> None:
    with pytest.raises(ConfigError, match="archive"):
        file_paths([layer("a", kind)])


def test_a_layer_without_a_path_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not say which file"):
        file_paths([Descriptor(RAW, digest_of(b"x"), 1)])
    with pytest.raises(ConfigError, match="no files"):
        file_paths([])


@given(st.text(max_size=30))
def test_no_accepted_path_leaves_the_folder(text: str) -> None:
    try:
        [path] = file_paths([Descriptor(RAW, digest_of(b"x"), 1, annotations={FILE_PATH: text})])
    except ConfigError:
        return
    whole = (Path("/base") / path).resolve()
    assert whole.is_relative_to("/base")
    assert str(whole) == f"/base/{path}"
