"""docs/verify-by-hand.md is run as it stands, with openssl and not with our code."""

import re
import subprocess
from pathlib import Path

import pytest

from audit.documents import COSIGN_SIGN
from audit.oci import Descriptor, Layout, digest_of
from audit.sign import (
    generate_key,
    load_private_key,
    sign_statement,
    signature_statement,
    statement,
)
from tests.sigkit.artifacts import manifest

PAGE = Path(__file__).parents[2] / "docs" / "verify-by-hand.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Layout, Descriptor]:
    layout = Layout.create(tmp_path / "release")
    for text in ("before", "after"):
        layout.add_manifest(manifest(text))
    artifact = layout.add_manifest(manifest("model"), ref_name="v1")
    generate_key(tmp_path / "release.key", tmp_path / "release.pub")
    key = load_private_key(tmp_path / "release.key")
    bundle = sign_statement(signature_statement(artifact.digest), key)
    layout.attach_bundle(artifact, bundle, predicate_type=COSIGN_SIGN)
    return layout, artifact


def follow(folder: Path, digest: str) -> subprocess.CompletedProcess[str]:
    """Run the page from its second block on; the first one only names things."""
    script = "\n".join([f"LAYOUT=release DIGEST={digest} KEY=release.pub", "set -eu", *BLOCKS[1:]])
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_page_verifies_a_signature(signed: tuple[Layout, Descriptor]) -> None:
    layout, artifact = signed
    done = follow(layout.path.parent, artifact.digest)
    assert (done.returncode, done.stdout) == (0, "Verified OK\n"), done.stderr


def test_the_page_refuses_another_key(signed: tuple[Layout, Descriptor]) -> None:
    layout, artifact = signed
    (layout.path.parent / "release.pub").unlink()
    generate_key(layout.path.parent / "other.key", layout.path.parent / "release.pub")
    done = follow(layout.path.parent, artifact.digest)
    assert done.returncode != 0
    assert "Verification failure" in done.stdout


@pytest.mark.parametrize("what", ["manifest", "bundle"])
def test_the_page_refuses_changed_bytes(what: str, signed: tuple[Layout, Descriptor]) -> None:
    layout, artifact = signed
    bundle = next(layout.bundles(artifact.digest))
    path = layout.blob_path(artifact.digest if what == "manifest" else digest_of(bundle))
    path.write_bytes(path.read_bytes() + b" ")
    assert follow(layout.path.parent, artifact.digest).returncode != 0


def test_the_page_refuses_a_statement_of_another_type(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / "release")
    artifact = layout.add_manifest(manifest("model"))
    generate_key(tmp_path / "release.key", tmp_path / "release.pub")
    payload = statement(artifact.digest, "https://audit.test/other/v1", {})
    bundle = sign_statement(payload, load_private_key(tmp_path / "release.key"))
    layout.attach_bundle(artifact, bundle, predicate_type=COSIGN_SIGN)
    done = follow(tmp_path, artifact.digest)
    assert done.stdout == "Verified OK\n"
    assert done.returncode != 0
