"""The verifier that is handed out: nothing but Python, and the same answers as ours."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.documents import Explicit
from audit.watermark import canonical_text
from audit.watermark.labels import Carrier, add_label, after, before, label_for
from audit.watermark.standalone import SOURCE
from audit.watermark.standalone.verify_receipt import canonical, verifies, verify
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
    script = folder / "verify_receipt.py"
    script.write_text(SOURCE, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-I", "-S", str(script), *words],
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
        verify(changed.encode(), PEM, TEXT)


def test_another_text_and_an_erased_salt_do_not_hold() -> None:
    with pytest.raises(ValueError, match="not the one"):
        verify(record().model_dump_json().encode(), PEM, TEXT + " not")
    bare = json.loads(record().model_dump_json()) | {"salt": None}
    with pytest.raises(ValueError, match="salt was destroyed"):
        verify(json.dumps(bare).encode(), PEM, TEXT)


@settings(max_examples=15)
@given(st.binary(max_size=80), st.integers(0, 511))
def test_its_signatures_are_those_of_the_library(message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = bytearray(private.sign(message))
    assert verifies(public, message, bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    assert not verifies(public, message, bytes(signature))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.sampled_from(list(Explicit)))
def test_its_canonical_text_is_ours(text: str, place: Explicit) -> None:
    put = f"{before(place)}{text}{after(place)}"
    assert canonical(put) == canonical_text(put)


def test_its_canonical_text_leaves_labels_out_as_ours_does() -> None:
    label = label_for(record().signed, producer="acme")
    labelled = add_label("body\n", label, Carrier.TEXT, source="f")
    assert canonical(labelled) == canonical_text(labelled) == b"body"


def test_it_imports_nothing_of_ours() -> None:
    assert "import audit" not in SOURCE
    assert "from audit" not in SOURCE
