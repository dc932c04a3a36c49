"""One file: two digests in one pass, equal to those of the libraries."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.core.errors import FileChanged, InputMissing
from audit.fingerprint import hash_file
from audit.fingerprint._hash import CHUNK, SMALL


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_both_digests_are_those_of_the_whole_file(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    found = hash_file(tmp_path / "f")
    assert found.size == size
    assert found.sha256 == "sha256:" + hashlib.sha256(data).hexdigest()
    assert found.blake3 == "blake3:" + blake3(data).hexdigest()


VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "fingerprint" / "blake3.json").read_bytes()
)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: str(case["input_len"]))
def test_blake3_is_that_of_the_published_vectors(tmp_path: Path, case: dict[str, Any]) -> None:
    data = bytes(number % 251 for number in range(case["input_len"]))
    (tmp_path / "f").write_bytes(data)
    size = len(case["hash"]) // 2
    keyed = blake3(data, key=VECTORS["key"].encode())
    derived = blake3(data, derive_key_context=VECTORS["context_string"])
    assert hash_file(tmp_path / "f").blake3 == "blake3:" + case["hash"][:64]
    assert blake3(data).hexdigest(length=size) == case["hash"]
    assert keyed.hexdigest(length=size) == case["keyed_hash"]
    assert derived.hexdigest(length=size) == case["derive_key"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(data=st.binary(min_size=1, max_size=200), where=st.data())
def test_any_changed_byte_changes_both_digests(
    tmp_path: Path, data: bytes, where: st.DataObject
) -> None:
    at = where.draw(st.integers(0, len(data) - 1))
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    one, other = hash_file(tmp_path / "a"), hash_file(tmp_path / "b")
    assert one.sha256 != other.sha256
    assert one.blake3 != other.blake3


class Writer:
    """Progress that writes to the file while it is hashed, as another program would."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, label: str, total: int) -> None:
        pass

    def advance(self, count: int) -> None:
        with self.path.open("r+b") as file:
            file.write(b"x")


def test_a_file_that_changes_while_it_is_hashed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"a" * (2 * CHUNK))
    with pytest.raises(FileChanged, match="changed while it was hashed"):
        hash_file(path, progress=Writer(path))


def test_a_fifo_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputMissing, match="not a regular file"):
        hash_file(tmp_path / "pipe")
