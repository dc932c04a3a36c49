"""A result appears whole or not at all."""

import errno
from pathlib import Path

import pytest

from audit.core.errors import ConfigError, InputMissing, StorageFailed
from audit.core.files import make_folder, read_bounded, write_whole


def test_a_file_appears_only_when_the_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="stop"):
        _write(path, b"half", RuntimeError("stop"))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    _write(path, b"new", None)
    assert path.read_text() == "new"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageFailed, match=r"cannot write .*nowhere/f"),
        write_whole(tmp_path / "nowhere" / "f"),
    ):
        pass


def test_a_full_disk_is_an_error_with_a_hint_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match=r"/f: no space left") as caught:
        _write(tmp_path / "f", b"half", OSError(errno.ENOSPC, "No space left on device"))
    assert caught.value.hint == "free some space and run again"
    assert list(tmp_path.iterdir()) == []


def _write(path: Path, data: bytes, stop: Exception | None) -> None:
    with write_whole(path) as file:
        file.write(data)
        if stop is not None:
            raise stop


def test_more_than_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"12345")
    assert read_bounded(tmp_path / "f", limit=5) == b"12345"
    with pytest.raises(ConfigError, match="larger than the 4 bytes"):
        read_bounded(tmp_path / "f", limit=4)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="is a directory"):
        read_bounded(tmp_path)
    (tmp_path / "f").touch()
    with pytest.raises(StorageFailed, match="cannot write"):
        make_folder(tmp_path / "f")
