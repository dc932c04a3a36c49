"""Bad model files made by hand: each is refused, and for its own reason."""

import hashlib
from pathlib import Path

import pytest
from blake3 import blake3

from audit.documents import FileDigests, InspectedFile
from audit.model import REASONS, inspect
from tests.crafted import Case, gguf, safetensors

FORMATS = {"gguf": gguf, "safetensors": safetensors}
BAD = [
    pytest.param(case, id=f"{name}: {title}")
    for name, module in FORMATS.items()
    for title, case in module.BAD.items()
]
GOOD = [
    pytest.param(name, data, id=f"{name}: {title}")
    for name, module in FORMATS.items()
    for title, data in module.GOOD.items()
]


def hash_file(path: Path) -> FileDigests:
    data = path.read_bytes()
    return FileDigests(
        size=len(data),
        blake3="blake3:" + blake3(data).hexdigest(),
        sha256="sha256:" + hashlib.sha256(data).hexdigest(),
    )


def look(folder: Path) -> dict[str, InspectedFile]:
    return {file.path: file for file in inspect(folder, hash_file=hash_file).files}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_for_its_own_reason(case: Case, tmp_path: Path) -> None:
    refusal = look(case.write(tmp_path))[case.refused].refusal
    assert refusal is not None
    assert refusal.reason == case.reason
    assert case.detail in refusal.detail
    assert refusal.reason in REASONS


@pytest.mark.parametrize(("name", "data"), GOOD)
def test_a_sound_file_is_accepted(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / f"model.{name}").write_bytes(data)
    (file,) = look(tmp_path).values()
    assert file.refusal is None
    assert file.format == name
    assert file.role == "weight"
    assert int(file.facts["tensors"]) >= 1
