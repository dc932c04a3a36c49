"""Verification asks nobody: it works where there is no network at all."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance import client
from tests.conformance.test_client import COSIGN, WHO


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
