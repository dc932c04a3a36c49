"""Bad model files made by hand: each is refused, and for its own reason."""

import subprocess
import sys
from pathlib import Path

import pytest

from audit.model import REASONS
from tests.crafted import Case, gguf, onnx, pickles, safetensors
from tests.crafted.digests import look, why

FORMATS = {"gguf": gguf, "safetensors": safetensors, "onnx": onnx}
ALL = {**FORMATS, "pickle": pickles}
BAD = [
    pytest.param(case, id=f"{name}: {title}")
    for name, module in ALL.items()
    for title, case in module.BAD.items()
]
GOOD = [
    pytest.param(name, data, id=f"{name}: {title}")
    for name, module in FORMATS.items()
    for title, data in module.GOOD.items()
]


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_for_its_own_reason(case: Case, tmp_path: Path) -> None:
    refusal = look(case.write(tmp_path))[case.refused].refusal
    assert refusal is not None
    assert refusal.reason == case.reason
    assert case.detail in refusal.detail
    assert refusal.reason in REASONS


@pytest.mark.parametrize(
    ("name", "least"), [("gguf", 12), ("safetensors", 12), ("onnx", 12), ("pickle", 6)]
)
def test_each_format_has_a_dozen_bad_files_with_reasons_of_their_own(name: str, least: int) -> None:
    cases = ALL[name].BAD.values()
    assert len({case.reason for case in cases}) >= least
    assert len({(case.reason, case.detail, case.refused) for case in cases}) == len(cases)


@pytest.mark.parametrize(("name", "data"), GOOD)
def test_a_sound_file_is_accepted(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / f"model.{name}").write_bytes(data)
    (file,) = look(tmp_path).values()
    assert why(file) is None
    assert file.format == name
    assert file.role == "weight"
    assert int(file.facts["tensors"]) >= 1


def test_no_pickle_runs_when_it_is_inspected_though_it_would_when_loaded(tmp_path: Path) -> None:
    sentinel = tmp_path / "it-ran"
    program = f"cposix\nsystem\n(Vtouch {sentinel}\ntR.".encode()
    dresses = {
        "raw.bin": program,
        "config.json": program,
        "marked.pkl": b"\x80\x02" + program,
        "torch.pt": bytes(pickles.archive(archive__data_pkl=program)),
        "deflated.npz": bytes(pickles.archive(8, a_npy=pickles.array("'|O'", program))),
        "model.safetensors": safetensors.model("a") + program,
    }
    folder = tmp_path / "model"
    folder.mkdir()
    for name, data in dresses.items():
        (folder / name).write_bytes(data)
    assert {why(file) for file in look(folder).values()} == {"pickle", "trailing-bytes"}
    assert not sentinel.exists()
    load = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"
    subprocess.run([sys.executable, "-c", load, folder / "raw.bin"], check=True)
    assert sentinel.exists()


def test_what_the_weights_hold_is_not_judged(tmp_path: Path) -> None:
    for name, data in {"a": b"#!/bin/sh\ntrue\n ", "b": bytes(16)}.items():
        held = safetensors.file({"w": safetensors.entry()}, data[:16].ljust(16))
        (tmp_path / f"{name}.safetensors").write_bytes(held)
    assert {why(file) for file in look(tmp_path).values()} == {None}


def test_a_sound_file_that_is_newer_than_we_are_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(onnx.model(onnx.graph(), onnx.number(27, 1)))
    (tmp_path / "m.gguf").write_bytes(gguf.Gguf(tensors=(gguf.tensor("t", kind=43),)).bytes())
    assert [why(file) for file in look(tmp_path).values()] == ["type-unknown", "field-unknown"]
