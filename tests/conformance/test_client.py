"""The conformance client on the cases we have."""

import base64
import json
from pathlib import Path

import pytest

from audit.sign import load_trusted_root, signature_statement
from tests.conformance.client import main
from tests.sigkit.bundles import DIGEST
from tests.sigkit.keyless import VECTORS
from tests.sigstack.server import Server
from tests.sigstack.stack import EMAIL

COSIGN = Path(__file__).parents[1] / "vectors" / "sign" / "cosign"
ISSUER = "http://127.0.0.1:8002"
WHO = ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", ISSUER]
# The suite takes any predicate type, and its clock is the machine's.
EXCEPT = ("another-predicate", "future")


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("kind", ["key", "keyless"])
def test_golden_bundles_verify(kind: str, version: str) -> None:
    digest = (COSIGN / f"cosign_{kind}_{version}_digest").read_text().strip()
    who = ["--key", str(COSIGN / "keys/cosign.pub")] if kind == "key" else WHO
    bundle = ["--bundle", str(COSIGN / f"cosign_{kind}_{version}.json")]
    root = ["--trusted-root", str(COSIGN / "trusted_root.json")]
    assert main(["verify-bundle", *bundle, *who, *root, digest]) == 0
    assert main(["verify-bundle", *bundle, *who, *root, "sha256:" + "0" * 64]) == 1
    assert main(["verify-bundle", *bundle, *who, digest]) == 1  # the public root


def test_every_vector_ends_as_it_says(tmp_path: Path) -> None:
    wrong = []
    for path in sorted(VECTORS.glob("*-*.json")):
        if any(part in path.name for part in EXCEPT):
            continue
        vector = json.loads(path.read_bytes())
        (tmp_path / "b").write_bytes(base64.b64decode(vector["bundle"]))
        root = json.dumps(vector["root"]) if "root" in vector else ""
        (tmp_path / "r").write_text(root or (VECTORS / "root.json").read_text())
        files = ["--bundle", str(tmp_path / "b"), "--trusted-root", str(tmp_path / "r")]
        code = main(["verify-bundle", *files, *WHO, DIGEST])
        if (code == 0) != path.name.endswith(".accept.json"):
            wrong.append(path.name)
    assert wrong == []


@pytest.mark.slow
def test_what_the_client_signs_it_verifies(tmp_path: Path) -> None:
    with Server().serving() as server:
        server.write_config(tmp_path)
        (tmp_path / "statement").write_bytes(signature_statement(DIGEST))
        root = ["--trusted-root", str(tmp_path / "trusted_root.json")]
        config = ["--signing-config", str(tmp_path / "signing_config_v2.json")]
        bundle = ["--bundle", str(tmp_path / "b")]
        token = ["--identity-token", server.token(), "--in-toto"]
        assert (
            main(["sign-bundle", *token, *bundle, *root, *config, str(tmp_path / "statement")]) == 0
        )
        who = ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", server.stack.url]
        assert main(["verify-bundle", *bundle, *who, *root, DIGEST]) == 0
        assert load_trusted_root(tmp_path / "trusted_root.json").logs
