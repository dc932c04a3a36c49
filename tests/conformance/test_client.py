"""The conformance client on the cases we have."""

import base64
import json
from pathlib import Path

import pytest

from audit.core.errors import UsageError
from audit.documents import PAYLOAD_TYPE
from audit.sign import load_trusted_root, signature_statement
from audit.sign._dsse import pre_authentication
from audit.sign.keyless import open_keyless
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
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("what", ["statement", "artifact"])
def test_what_the_client_signs_it_verifies(tmp_path: Path, what: str, version: int) -> None:
    with Server().serving() as server:
        server.write_config(tmp_path)
        data = signature_statement(DIGEST) if what == "statement" else b"any bytes"
        (tmp_path / "subject").write_bytes(data)
        root = ["--trusted-root", str(tmp_path / "trusted_root.json")]
        config = ["--signing-config", str(tmp_path / f"signing_config_v{version}.json")]
        bundle = ["--bundle", str(tmp_path / "b")]
        token = ["--identity-token", server.token(), *(["--in-toto"] * (what == "statement"))]
        assert (
            main(["sign-bundle", *token, *bundle, *root, *config, str(tmp_path / "subject")]) == 0
        )
        who = ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", server.stack.url]
        subject = DIGEST if what == "statement" else str(tmp_path / "subject")
        assert main(["verify-bundle", *bundle, *who, *root, subject]) == 0
        assert main(["verify-bundle", *bundle, *who, *root, "sha256:" + "0" * 64]) == 1
        assert load_trusted_root(tmp_path / "trusted_root.json").logs


@pytest.mark.slow
def test_bytes_that_would_be_a_statement_are_not_signed_as_an_artifact(tmp_path: Path) -> None:
    with Server().serving() as server:
        server.write_config(tmp_path)
        signer = open_keyless(tmp_path / "client_config_v2.json", server.token(), allow_email=True)
        payload = signature_statement(DIGEST)
        with pytest.raises(UsageError, match="one over a statement"):
            signer.sign_artifact(pre_authentication(PAYLOAD_TYPE, payload))
