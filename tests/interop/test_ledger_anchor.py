"""A ledger's checkpoint anchored by the real Rekor v2 and timestamp authority, and read by others."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from audit.ledger import open_ledger
from audit.sign import generate_key
from tests.fakes.ledgers import LOG, event
from tests.integration.sign.conftest import Run
from tests.interop.conftest import Cell, cosign


@pytest.fixture
def kept(real: Path, tmp_path: Path, run: Run) -> Path:
    """Return the folder with the anchors of a ledger of 5 entries."""
    with open_ledger(str(tmp_path / "a.db"), create=True) as ledger:
        ledger.append_many([event(number) for number in range(5)])
        ledger.checkpoint(LOG)
    generate_key(tmp_path / "anchor.key", tmp_path / "anchor.pub")
    line = f"ledger anchor --ledger {tmp_path}/a.db --trust-config {real}/client_config.json"
    line += f" --key {tmp_path}/anchor.key --keep {tmp_path}/kept"
    code, out, err = run(*line.split())
    assert code == 0, err
    assert out.count("anchored 5 entries") == 2
    return tmp_path / "kept"


def test_the_ledger_verifies_with_anchors_of_the_real_services(
    kept: Path, real: Path, run: Run, cell: Cell
) -> None:
    cell("ledger checkpoint", "audit")
    outside = " ".join(f"--anchor {path}" for path in kept.glob("*.anchor.json"))
    line = f"ledger verify --ledger {kept.parent}/a.db --vkey {LOG.vkey} {outside}"
    line += f" --trusted-root {real}/trusted_root.json --anchored-within 1h"
    code, out, err = run(*line.split())
    assert code == 0, err
    assert out.count("5 of them seen outside: timestamp by ") == 2
    assert out.count("5 of them seen outside: log by http://localhost") == 2


def test_openssl_verifies_the_timestamp(kept: Path, real: Path, cell: Cell) -> None:
    cell("ledger checkpoint", "openssl ts")
    root = json.loads((real / "trusted_root.json").read_text())
    chain = root["timestampAuthorities"][0]["certChain"]["certificates"]
    pems = [
        x509.load_der_x509_certificate(base64.b64decode(one["rawBytes"])).public_bytes(Encoding.PEM)
        for one in chain
    ]
    (kept / "ca.pem").write_bytes(b"".join(pems[1:]))
    (stamp,) = kept.glob("*.tsr")
    command = ["openssl", "ts", "-verify", "-in", str(stamp), "-CAfile", str(kept / "ca.pem")]
    found = subprocess.run(
        [*command, "-data", str(stamp.with_suffix(".checkpoint"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: OK" in found.stdout, found.stderr


def test_cosign_verifies_the_log_entry_over_the_checkpoint(
    kept: Path, real: Path, tmp_path: Path, cell: Cell
) -> None:
    cell("ledger checkpoint", "cosign")
    (bundle,) = kept.glob("*.sigstore.json")
    note = kept / bundle.name.replace(".sigstore.json", ".checkpoint")
    shutil.copy(kept.parent / "anchor.pub", tmp_path / "cosign.pub")
    line = ["verify-blob", "--key", str(tmp_path / "cosign.pub"), "--bundle", str(bundle)]
    line += ["--trusted-root", str(real / "trusted_root.json"), str(note)]
    found = cosign(tmp_path, *line)
    assert found.returncode == 0, found.stderr
    note.write_bytes(note.read_bytes() + b"x")
    assert cosign(tmp_path, *line).returncode != 0
