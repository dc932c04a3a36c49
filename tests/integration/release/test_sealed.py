"""What is served is what was checked: sealed in memory, whatever happens to the layout."""

import fcntl
import os
from pathlib import Path

import pytest

from audit.core.errors import DigestMismatch, EvidenceError
from audit.oci import Descriptor, Layout
from audit.release.serve._sealed import SEALS, sealed

MODEL = b"GGUF" + bytes(1 << 16)


@pytest.fixture
def blob(tmp_path: Path) -> tuple[Layout, Descriptor]:
    layout = Layout.create(tmp_path / "layout")
    return layout, layout.add_blob(MODEL, media_type="x")


def test_a_blob_replaced_while_it_is_served_changes_nothing(
    blob: tuple[Layout, Descriptor],
) -> None:
    layout, model = blob
    with sealed(layout, model) as path:
        layout.blob_path(model.digest).write_bytes(b"other")
        assert path.read_bytes() == MODEL


def test_nobody_can_write_to_what_is_served(blob: tuple[Layout, Descriptor]) -> None:
    with sealed(*blob) as path:
        number = int(path.name)
        assert fcntl.fcntl(number, fcntl.F_GET_SEALS) == SEALS
        for change in (
            lambda: os.pwrite(number, b"x", 0),
            lambda: os.ftruncate(number, 1),
            lambda: path.write_bytes(b"x"),
            lambda: fcntl.fcntl(number, fcntl.F_ADD_SEALS, 0),
        ):
            with pytest.raises(OSError, match="not permitted"):
                change()
        assert path.read_bytes() == MODEL


def test_a_blob_replaced_before_it_is_sealed_is_not_served(
    blob: tuple[Layout, Descriptor],
) -> None:
    layout, model = blob
    layout.blob_path(model.digest).write_bytes(MODEL[:-1] + b"x")
    with pytest.raises(DigestMismatch), sealed(layout, model):
        pytest.fail("served")
    layout.blob_path(model.digest).unlink()
    with pytest.raises(EvidenceError), sealed(layout, model):
        pytest.fail("served")
