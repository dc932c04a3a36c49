"""Verification asks nobody: it works where there is no network at all."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from audit.documents import COSIGN_SIGN
from audit.oci import Layout
from tests.conformance import client
from tests.conformance.test_client import COSIGN, ISSUER, WHO
from tests.sigkit.artifacts import model
from tests.sigkit.bundles import compact, statement
from tests.sigstack import Stack
from tests.sigstack.stack import EMAIL


def isolated() -> list[str]:
    """Return the command that cuts a process off from every network."""
    command = ["unshare", "--net", "--map-root-user"]
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let a process leave the network")
    return command


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["key", "keyless"])
def test_verifying_needs_no_network(kind: str) -> None:
    digest = (COSIGN / f"cosign_{kind}_v2_digest").read_text().strip()
    who = ["--key", str(COSIGN / "keys/cosign.pub")] if kind == "key" else WHO
    files = ["--bundle", str(COSIGN / f"cosign_{kind}_v2.json")]
    files += ["--trusted-root", str(COSIGN / "trusted_root.json")]
    script = Path(client.__file__)
    command = [*isolated(), sys.executable, str(script), "verify-bundle", *files, *who, digest]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=script.parents[2]
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_command_line_verifies_a_layout_and_a_bundle_without_a_network(tmp_path: Path) -> None:
    stack = Stack()
    (tmp_path / "root.json").write_text(json.dumps(stack.trusted_root()))
    layout = Layout.create(tmp_path / "models")
    artifact = model(layout, {"a.gguf": b"weights"})
    bundle = compact(stack.statement_bundle(compact(statement(artifact.digest)), 2))
    layout.attach_bundle(artifact, bundle, predicate_type=COSIGN_SIGN)
    (tmp_path / "bundle.json").write_bytes(bundle)
    who = ["--identity", EMAIL, "--issuer", ISSUER, "--trusted-root", "root.json"]
    asked = [
        ["verify", f"./models@{artifact.digest}", *who],
        ["verify-bundle", "bundle.json", "--digest", artifact.digest, *who],
    ]
    # Not loopback either: the namespace has it, and it is down.
    for args in asked:
        command = [*isolated(), sys.executable, "-m", "audit", "sign", *args]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"verified: {artifact.digest} is signed by {EMAIL} of {ISSUER}\n"
    (tmp_path / "bundle.json").write_bytes(bundle.replace(b'"sig":"M', b'"sig":"N', 1))
    command = [*isolated(), sys.executable, "-m", "audit", "sign", *asked[1]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 10
