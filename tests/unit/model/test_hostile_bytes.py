"""Whatever the bytes are, the answer is a reading or a refusal, in bounded time and memory."""

import pickletools
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.documents import FileDigests, InspectedFile
from audit.model import NamedFile, inspect, inspect_files
from tests.crafted import gguf, onnx, pickles, safetensors
from tests.crafted.digests import why

NO_DIGESTS = FileDigests(size=0, blake3="blake3:" + "0" * 64, sha256="sha256:" + "0" * 64)
FORMATS = {"gguf": gguf, "safetensors": safetensors, "onnx": onnx}
SOUND = [(f"m.{name}", data) for name, module in FORMATS.items() for data in module.GOOD.values()]
BAD = [
    (case.refused, case.files[case.refused])
    for module in (*FORMATS.values(), pickles)
    for case in module.BAD.values()
]
NAMES = ["m.gguf", "m.safetensors", "m.onnx", "a.json", "m.safetensors.index.json", "t.model"]
NAMES += ["README.md", "t.jinja", "m.bin", "m.npy", "m.pt", "m"]


@pytest.fixture(scope="module")
def blob(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "blob"


def answer(name: str, data: bytes, blob: Path) -> InspectedFile:
    blob.unlink(missing_ok=True)  # quicker than to cut the old one
    blob.write_bytes(data)
    (file,) = inspect_files([NamedFile(name, blob)], hash_file=lambda _: NO_DIGESTS).files
    assert (file.refusal is None) == (file.role is not None)
    return file


@pytest.mark.parametrize("name", FORMATS)
def test_no_flipped_bit_of_a_small_file_crashes_a_reader(name: str, blob: Path) -> None:
    data = FORMATS[name].GOOD["plain"]
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        answer(f"m.{name}", bytes(flipped), blob)


@pytest.mark.parametrize("name", ["gguf", "safetensors"])
def test_every_shortened_file_is_refused(name: str, blob: Path) -> None:
    for data in FORMATS[name].GOOD.values():
        for length in range(len(data)):
            assert why(answer(f"m.{name}", data[:length], blob)) is not None


@given(data=st.data())
def test_every_lengthened_file_is_refused(data: st.DataObject, blob: Path) -> None:
    name, sound = data.draw(st.sampled_from([one for one in SOUND if not one[0].endswith("onnx")]))
    more = data.draw(st.binary(min_size=1, max_size=80).filter(lambda more: more.strip(b"\0")))
    assert why(answer(name, sound + more, blob)) is not None


@given(data=st.data())
def test_a_file_changed_anyhow_gets_an_answer(data: st.DataObject, blob: Path) -> None:
    name, old = data.draw(st.sampled_from([*SOUND, *BAD]))
    begin = data.draw(st.integers(0, len(old)))
    end = data.draw(st.integers(begin, min(len(old), begin + 16)))
    answer(name, old[:begin] + data.draw(st.binary(max_size=16)) + old[end:], blob)


@given(name=st.sampled_from(NAMES), data=st.sampled_from([data for _, data in [*SOUND, *BAD]]))
def test_a_file_under_any_name_gets_an_answer(name: str, data: bytes, blob: Path) -> None:
    answer(name, data, blob)


@given(name=st.sampled_from(NAMES), data=st.binary(max_size=300))
def test_any_bytes_get_an_answer(name: str, data: bytes, blob: Path) -> None:
    answer(name, data, blob)


OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
PROGRAM = st.lists(st.sampled_from(OPCODES) | st.sampled_from([b"\n", b"os\n", b"\1", b"\0" * 4]))


@given(program=PROGRAM.map(b"".join))
def test_any_program_of_pickle_opcodes_is_refused(program: bytes, blob: Path) -> None:
    assert why(answer("m.pkl", program, blob)) is not None


# --- bombs ---------------------------------------------------------------------------------


def sparse(path: Path, head: bytes, size: int) -> None:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)


def big(name: str, size: int) -> bytes:
    """Return the head of a sound file whose one tensor makes it `size` bytes long."""
    if name == "gguf":
        tensor = gguf.tensor("t", ((size - 128) // 4,))
        return gguf.Gguf(tensors=(tensor,), data=b"").bytes()
    header = b'{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}'
    held = size - 8 - 128
    return safetensors.raw((header % (held, held)).ljust(128), b"")


@pytest.mark.parametrize("name", ["gguf", "safetensors"])
def test_memory_does_not_depend_on_the_size_of_the_file(name: str, tmp_path: Path) -> None:
    size = 64 << 30
    sparse(tmp_path / f"m.{name}", big(name, size), size)
    tracemalloc.start()
    try:
        (file,) = inspect(tmp_path, hash_file=lambda _: NO_DIGESTS).files
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert why(file) is None
    assert peak < 4 << 20


def test_large_raw_data_of_an_onnx_model_is_passed_over_not_read(tmp_path: Path) -> None:
    size = 1 << 30
    data = onnx.varint(9 << 3 | 2) + onnx.varint(size)
    tensor = onnx.tensor(dims=(size,), kind=2)
    held = onnx.block(1, onnx.node())
    held += onnx.varint(5 << 3 | 2) + onnx.varint(len(tensor + data) + size) + tensor + data
    head = onnx.IR + onnx.OPSET + onnx.varint(7 << 3 | 2) + onnx.varint(len(held) + size) + held
    sparse(tmp_path / "m.onnx", head, len(head) + size)
    tracemalloc.start()
    try:
        (file,) = inspect(tmp_path, hash_file=lambda _: NO_DIGESTS).files
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert why(file) is None
    assert file.facts["parameters"] == str(size)
    assert peak < 4 << 20


@pytest.mark.parametrize(
    ("name", "head", "reason"),
    [
        ("m.safetensors", (1 << 24).to_bytes(8, "little") + b"{", "header-invalid"),
        ("m.safetensors", b"\xff" * 8, "header-too-long"),
        ("m.gguf", b"GGUF" + b"\3\0\0\0" + b"\xff\xff" + bytes(14), "key-missing"),
        ("m.gguf", gguf.Gguf(keys=(gguf.ARCHITECTURE,), tensor_count=65536).bytes(), "tensor"),
        ("m.onnx", b"\x3a\xf8\xff\xff\xff\x07", "length-outside"),
        ("m.onnx", onnx.IR, "field-number"),
        ("m.json", b"[", "json-invalid"),
        ("m.bin", b"(" * 300_000, "unknown-format"),
        ("m.bin", b"\x80\x02" + b"(" * 300_000, "pickle"),
        ("m.bin", b"\x80\x02" + b"V" + b"a" * 100_000, "pickle"),
        ("m.gz", b"\x1f\x8b\x08" + bytes(100), "archive"),
    ],
)
def test_a_bomb_is_refused_within_two_seconds(
    name: str, head: bytes, reason: str, tmp_path: Path
) -> None:
    sparse(tmp_path / name, head, 60 << 20)
    started = time.process_time()
    (file,) = inspect(tmp_path, hash_file=lambda _: NO_DIGESTS).files
    assert time.process_time() - started < 2
    assert (why(file) or "").startswith(reason)


def test_a_pickle_with_an_unknown_escape_is_refused_without_a_warning(blob: Path) -> None:
    found = answer("m.bin", b"c\\posix\nsystem\n(V\\ptrue\nS'\\q'\ntR.", blob)
    assert found.refusal is not None
