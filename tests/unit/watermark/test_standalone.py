"""The verifier that is handed out: nothing but Python, and the same answers as ours."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from audit.core.standalone import canonical, program, verify_receipt
from audit.documents import Explicit
from audit.watermark import canonical_text
from audit.watermark.labels import Carrier, add_label, after, before, label_for
from tests.unit.watermark.made import SIGNER, TEXT, record

PEM = (
    SIGNER.private.public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    named = {"r.json": record().model_dump_json(), "k.pem": PEM, "t.txt": f"\n{TEXT} \r\n"}
    for name, content in named.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return str(tmp_path / "r.json"), str(tmp_path / "k.pem"), str(tmp_path / "t.txt")


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    script = folder / "verify.py"
    script.write_text(program(), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-I", "-S", str(script), "receipt", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


def test_it_runs_alone_and_says_what_holds(tmp_path: Path, files: tuple[str, str, str]) -> None:
    done = run(tmp_path, *files)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("holds: text: the delivered one\n")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"tokens":200', '"tokens":201', "does not cover the receipt"),
        ('"salt":"', '"salt":"00', "not the one the receipt commits to"),
        (SIGNER.key, "sha256:" + "0" * 64, "signed by another key"),
        ('"salt":', '"salt":null,"salt":', "stands twice"),
    ],
)
def test_what_was_changed_does_not_hold(old: str, new: str, problem: str) -> None:
    changed = record().model_dump_json().replace(old, new, 1)
    with pytest.raises(ValueError, match=problem):
        verify_receipt(changed.encode(), PEM, TEXT)


def test_another_text_and_an_erased_salt_do_not_hold() -> None:
    with pytest.raises(ValueError, match="not the one"):
        verify_receipt(record().model_dump_json().encode(), PEM, TEXT + " not")
    bare = json.loads(record().model_dump_json()) | {"salt": None}
    with pytest.raises(ValueError, match="salt was destroyed"):
        verify_receipt(json.dumps(bare).encode(), PEM, TEXT)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.sampled_from(list(Explicit)))
def test_its_canonical_text_is_ours(text: str, place: Explicit) -> None:
    put = f"{before(place)}{text}{after(place)}"
    assert canonical(put) == canonical_text(put)


def test_its_canonical_text_leaves_labels_out_as_ours_does() -> None:
    label = label_for(record().signed, producer="acme")
    labelled = add_label("body\n", label, Carrier.TEXT, source="f")
    assert canonical(labelled) == canonical_text(labelled) == b"body"
