"""A tree: names and contents count, times and places do not."""

import os
import shutil
from pathlib import Path

import pytest
from blake3 import blake3

from audit.core.canonical import canonical_bytes
from audit.core.errors import InputMissing, UsageError
from audit.fingerprint import fingerprint_dataset


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    (root / "zh").mkdir(parents=True)
    (root / "a.jsonl").write_text('{"q": 1}\n')
    (root / "zh" / "对话.jsonl").write_text("你好\n")
    (root / "B.txt").write_text("b")
    return root


def of(*roots: Path) -> str:
    return fingerprint_dataset(roots).fingerprint


def test_a_known_tree_has_a_known_fingerprint(tree: Path) -> None:
    # Recomputed by tests/docs from the recipe in docs/fingerprint.md too.
    files = [
        {"path": name, "size": len(data), "blake3": "blake3:" + blake3(data).hexdigest()}
        for name, data in [
            ("B.txt", b"b"),
            ("a.jsonl", b'{"q": 1}\n'),
            ("zh/对话.jsonl", "你好\n".encode()),
        ]
    ]
    body = canonical_bytes({"files": files, "schema": "audit.dataset/v1"})
    assert of(tree) == "blake3:" + blake3(body).hexdigest()


def test_times_permissions_and_place_do_not_count(tree: Path, tmp_path: Path) -> None:
    before = of(tree)
    moved = tmp_path / "elsewhere" / "other-name"
    shutil.copytree(tree, moved)
    os.utime(moved / "a.jsonl", (1, 1))
    (moved / "B.txt").chmod(0o600)
    assert of(moved) == before


@pytest.mark.parametrize("change", ["rename", "content", "add", "remove", "move"])
def test_names_and_contents_count(tree: Path, change: str) -> None:
    before = of(tree)
    match change:
        case "rename":
            (tree / "a.jsonl").rename(tree / "c.jsonl")
        case "content":
            (tree / "a.jsonl").write_text('{"q": 2}\n')
        case "add":
            (tree / "empty").touch()
        case "remove":
            (tree / "B.txt").unlink()
        case "move":
            (tree / "B.txt").rename(tree / "zh" / "B.txt")
    assert of(tree) != before


def test_a_link_inside_the_tree_reads_as_the_file(tree: Path) -> None:
    copied = tree / "copy.txt"
    shutil.copy(tree / "B.txt", copied)
    before = of(tree)
    copied.unlink()
    copied.symlink_to("B.txt")
    assert of(tree) == before


def test_a_link_that_leaves_the_tree_is_refused(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (tree / "link").symlink_to("../secret")
    with pytest.raises(UsageError, match="leaves the dataset"):
        of(tree)


def test_a_link_to_a_folder_is_refused(tree: Path) -> None:
    (tree / "loop").symlink_to(".")
    with pytest.raises(UsageError, match="symbolic link to a folder"):
        of(tree)


def test_a_dangling_link_is_an_error(tree: Path) -> None:
    (tree / "gone").symlink_to("nothing")
    with pytest.raises(InputMissing, match="no such file"):
        of(tree)


def test_an_empty_dataset_is_an_error_not_an_empty_digest(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no files in"):
        of(tmp_path / "empty")


def test_a_fifo_in_the_tree_is_refused(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    with pytest.raises(UsageError, match="not a file or folder"):
        of(tree)


def test_a_name_that_is_not_utf8_is_refused(tree: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tree) + b"/\xff"))).touch()
    with pytest.raises(UsageError, match="not UTF-8"):
        of(tree)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"no such dataset: .*/nowhere"):
        of(tmp_path / "nowhere")


def test_several_roots_are_named_by_their_last_part(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "more"
    other.mkdir()
    (other / "x").write_text("x")
    manifest = fingerprint_dataset([tree, other])
    assert [line.path for line in manifest.files] == [
        "data/B.txt",
        "data/a.jsonl",
        "data/zh/对话.jsonl",
        "more/x",
    ]


def test_roots_of_one_name_are_refused(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "x" / "data").mkdir(parents=True)
    with pytest.raises(UsageError, match="collide"):
        of(tree, tmp_path / "x" / "data")
