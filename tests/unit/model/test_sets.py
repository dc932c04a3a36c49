"""Files against each other: names, shards, indexes, data kept in another file."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from audit.core.errors import FileChanged, InputMissing, ModelRefused, UsageError
from audit.documents import FileDigests, InspectedFile
from audit.model import NamedFile, inspect, inspect_files
from tests.crafted import gguf, onnx, safetensors
from tests.crafted.digests import hash_file, look, why


def found(files: Mapping[str, bytes], folder: Path) -> dict[str, str | None]:
    """Return the reason of each file of a set, given as blobs under other names."""
    named = []
    for number, (name, data) in enumerate(files.items()):
        (folder / f"blob-{number}").write_bytes(data)
        named.append(NamedFile(name, folder / f"blob-{number}"))
    inspection = inspect_files(named, hash_file=hash_file)
    return {file.path: why(file) for file in inspection.files}


def index(**shards: str) -> bytes:
    return json.dumps({"weight_map": shards}).encode()


ONE, TWO = "m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"
SHARDS = {ONE: safetensors.model("a"), TWO: safetensors.model("b", "c")}
INDEX = "m.safetensors.index.json"
WHOLE = index(a=ONE, b=TWO, c=TWO)

SETS: dict[str, tuple[dict[str, bytes], dict[str, str]]] = {
    "a sharded model": (SHARDS | {INDEX: WHOLE}, {}),
    "shards without an index": (SHARDS, {}),
    "a shard is missing": (
        {ONE: SHARDS[ONE], INDEX: WHOLE},
        {ONE: "shard-missing", INDEX: "shard-missing"},
    ),
    "a shard too many": (
        SHARDS | {INDEX: index(a=ONE)},
        {INDEX: "shard-unlisted"},
    ),
    "a shard of another count": (
        {ONE: SHARDS[ONE], "m-00002-of-00003.safetensors": SHARDS[TWO]},
        {ONE: "shard-missing", "m-00002-of-00003.safetensors": "shard-missing"},
    ),
    "a shard numbered above its count": (
        {ONE: SHARDS[ONE], "m-00003-of-00002.safetensors": SHARDS[TWO]},
        {ONE: "shard-missing", "m-00003-of-00002.safetensors": "shard-missing"},
    ),
    "the index forgets a tensor": (
        SHARDS | {INDEX: index(a=ONE, b=TWO)},
        {INDEX: "index-mismatch"},
    ),
    "the index moves a tensor": (
        SHARDS | {INDEX: index(a=TWO, b=TWO, c=ONE)},
        {INDEX: "index-mismatch"},
    ),
    "the index leaves its folder": (
        SHARDS | {INDEX: index(a="../" + ONE, b=TWO, c=TWO)},
        {INDEX: "index-invalid"},
    ),
    "the index holds no map": (SHARDS | {INDEX: b"{}"}, {INDEX: "index-invalid"}),
    "an index in another folder": (
        {f"unet/{name}": data for name, data in (SHARDS | {INDEX: WHOLE}).items()},
        {},
    ),
    "names that differ by case": (
        {"README.md": b"a", "readme.md": b"b", "a.md": b"c"},
        {"README.md": "name-collision", "readme.md": "name-collision"},
    ),
    "names that differ by Unicode form": (
        {"caf\u00e9.md": b"a", "cafe\u0301.md": b"b"},
        {"caf\u00e9.md": "name-collision", "cafe\u0301.md": "name-collision"},
    ),
    "a file where another needs a folder": (
        {"a.md": b"a", "A.md/b.md": b"b"},
        {"a.md": "name-collision"},
    ),
    "a name above": ({"../a.md": b"a"}, {"../a.md": "name-unsafe"}),
    "an absolute name": ({"/a.md": b"a"}, {"/a.md": "name-unsafe"}),
    "a name with a backslash": ({"a\\b.md": b"a"}, {"a\\b.md": "name-unsafe"}),
    "a name with an escape": ({"a\x1bb.md": b"a"}, {"a\\x1bb.md": "name-unsafe"}),
    "a name that is half a character": ({"a\ud800.md": b"a"}, {"a\\ud800.md": "name-unsafe"}),
    "an empty name": ({"": b"a"}, {"": "name-unsafe"}),
}


@pytest.mark.parametrize("title", SETS)
def test_a_set_of_files_is_refused_where_it_does_not_agree(title: str, tmp_path: Path) -> None:
    files, refused = SETS[title]
    assert {name: why for name, why in found(files, tmp_path).items() if why} == refused


def test_two_files_of_one_name_are_both_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    named = [NamedFile("README.md", tmp_path / "a")] * 2
    inspection = inspect_files(named, hash_file=hash_file)
    assert [why(file) for file in inspection.files] == ["name-collision"] * 2


def test_a_blob_may_be_a_link_since_its_digest_binds_it(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(gguf.GOOD["plain"])
    (tmp_path / "link").symlink_to("blob")
    (file,) = inspect_files([NamedFile("m.gguf", tmp_path / "link")], hash_file=hash_file).files
    assert why(file) is None


def split(number: int, count: int) -> bytes:
    keys = [
        gguf.key(name, 2, value.to_bytes(2, "little"))
        for name, value in {"split.no": number, "split.count": count}.items()
    ]
    return gguf.Gguf(keys=(gguf.ARCHITECTURE, *keys)).bytes()


def test_gguf_shards_must_be_whole_and_say_what_their_names_say(tmp_path: Path) -> None:
    one, two = "m-00001-of-00002.gguf", "m-00002-of-00002.gguf"
    assert set(found({one: split(0, 2), two: split(1, 2)}, tmp_path).values()) == {None}
    assert set(found({one: split(0, 2)}, tmp_path).values()) == {"shard-missing"}
    swapped = found({one: split(1, 2), two: split(0, 2)}, tmp_path)
    assert set(swapped.values()) == {"shard-misnamed"}
    assert found({"m.gguf": split(0, 2)}, tmp_path) == {"m.gguf": "shard-misnamed"}


# --- data kept in another file -------------------------------------------------------------


def outside(*spans: tuple[str, int, int], location: str = onnx.OUTSIDE) -> bytes:
    return onnx.model(
        onnx.graph(
            *(
                onnx.tensor(
                    onnx.outside(location, *onnx.span(start, length)),
                    dims=(length // 4,),
                    name=name,
                )
                for name, start, length in spans
            )
        )
    )


HALVES = outside(("a", 0, 32), ("b", 32, 32))


def test_a_data_file_is_a_weight_of_the_model_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx/model.onnx").write_bytes(HALVES)
    (tmp_path / "onnx/weights.bin").write_bytes(onnx.DATA)
    files = look(tmp_path)
    assert {(why(file), file.format, file.role) for file in files.values()} == {
        (None, "onnx", "weight")
    }
    assert files["onnx/model.onnx"].facts["external_data"] == "weights.bin"


def test_a_location_is_looked_up_among_the_names_never_on_the_file_system(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(onnx.DATA)
    assert found({"model.onnx": HALVES}, tmp_path) == {"model.onnx": "data-missing"}
    assert found({"model.onnx": HALVES, "weights.bin": onnx.DATA}, tmp_path) == {
        "model.onnx": None,
        "weights.bin": None,
    }


def test_two_models_may_share_a_data_file_and_a_tensor(tmp_path: Path) -> None:
    files = {
        "decoder.onnx": outside(("a", 0, 32)),
        "decoder_with_past.onnx": HALVES,
        "weights.bin": onnx.DATA,
    }
    assert set(found(files, tmp_path).values()) == {None}


def test_a_refused_model_takes_its_data_file_with_it(tmp_path: Path) -> None:
    files = {"model.onnx": outside(("a", 0, 48), ("b", 32, 32)), "weights.bin": onnx.DATA}
    assert found(files, tmp_path) == {"model.onnx": "tensor-overlap", "weights.bin": "data-unowned"}


def test_zeros_up_to_a_page_of_64_kib_may_lie_between_tensors(tmp_path: Path) -> None:
    model = outside(("a", 0, 16), ("b", 65536, 16))
    data = onnx.DATA[:16] + bytes(65536 - 16) + onnx.DATA[:16]
    assert set(found({"m.onnx": model, "weights.bin": data}, tmp_path).values()) == {None}
    far = outside(("a", 0, 16), ("b", 65536 + 16, 16))
    spread = onnx.DATA[:16] + bytes(65536) + onnx.DATA[:16]
    assert found({"m.onnx": far, "weights.bin": spread}, tmp_path)["m.onnx"] == "tensor-hole"


def test_data_with_a_second_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(onnx.DATA)
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.onnx").write_bytes(HALVES)
    (model / "weights.bin").hardlink_to(tmp_path / "secret")
    assert why(look(model)["model.onnx"]) == "data-hard-linked"


# --- the directory -------------------------------------------------------------------------


def test_files_come_in_code_point_order_with_their_digests(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.md", "B.md", "a.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "B.md").unlink()
    files = look(tmp_path)
    assert list(files) == ["a.md", "a/z.md", "b.md"]
    assert files["a/z.md"].digests == hash_file(tmp_path / "a/z.md")


@pytest.mark.parametrize("target", ["b.md", "../outside", "/etc/hostname", "nowhere", "."])
def test_a_symbolic_link_refuses_the_directory(target: str, tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("b")
    (tmp_path / "a.md").symlink_to(target)
    with pytest.raises(ModelRefused, match=r"a\.md: symlink") as caught:
        look(tmp_path)
    assert caught.value.exit_code == 10
    assert "cp -rL" in (caught.value.hint or "")


def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "weights.gguf")
    with pytest.raises(ModelRefused, match="special-file"):
        look(tmp_path)


def test_a_name_that_is_not_utf8_is_refused_and_shown(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/m\xff.gguf")).write_bytes(b"x")
    with pytest.raises(ModelRefused, match=r"m\\udcff\.gguf: name-unsafe"):
        look(tmp_path)


def test_a_missing_directory_a_file_and_an_empty_directory_are_usage_errors(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    for name, error in {"none": InputMissing, "file": InputMissing, "empty": UsageError}.items():
        with pytest.raises(error):
            look(tmp_path / name)
    with pytest.raises(UsageError):
        inspect_files([], hash_file=hash_file)
    with pytest.raises(InputMissing):
        inspect_files([NamedFile("a.md", tmp_path / "none")], hash_file=hash_file)


def test_a_file_that_changes_under_the_inspection_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("before")

    def slow(path: Path) -> FileDigests:
        digests = hash_file(path)
        path.write_text("afterwards")
        return digests

    with pytest.raises(FileChanged, match=r"README\.md"):
        inspect(tmp_path, hash_file=slow)


def test_a_directory_that_grows_under_the_inspection_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("a")

    def slow(path: Path) -> FileDigests:
        (tmp_path / "late.gguf").touch()
        return hash_file(path)

    with pytest.raises(FileChanged, match="gained or lost files"):
        inspect(tmp_path, hash_file=slow)


def test_a_name_that_comes_to_mean_another_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("before")
    (tmp_path / "other").write_text("before")

    def slow(path: Path) -> FileDigests:
        (tmp_path / "other").replace(path)
        return hash_file(path)

    with pytest.raises(FileChanged):
        inspect_files([NamedFile("README.md", tmp_path / "README.md")], hash_file=slow)


def test_the_room_never_hashes_on_its_own(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(gguf.GOOD["plain"])
    told = FileDigests(size=1, blake3="blake3:" + "0" * 64, sha256="sha256:" + "1" * 64)
    (file,) = inspect(tmp_path, hash_file=lambda _: told).files
    assert isinstance(file, InspectedFile)
    assert file.digests == told
