"""sigstore-js as a second independent verifier, and as a signer."""

import json
from pathlib import Path

import pytest

from audit.sign import Expected, Identity, load_trusted_root, signature_statement, verify_expected
from audit.sign.keyless import open_keyless
from tests.interop.conftest import node
from tests.sigkit.bundles import DIGEST
from tests.sigstack.server import Server
from tests.sigstack.stack import EMAIL

COSIGN = Path(__file__).parents[1] / "vectors" / "sign" / "cosign"


@pytest.mark.parametrize("version", [1, 2])
def test_it_verifies_what_we_sign_keyless(
    server: Server, stack: Path, tmp_path: Path, version: int
) -> None:
    config = stack / f"client_config_v{version}.json"
    signer = open_keyless(config, server.token(), allow_email=True)
    (tmp_path / "b.json").write_bytes(signer.sign_statement(signature_statement(DIGEST))[0])
    case = {
        "name": "ours",
        "root": str(stack / "trusted_root.json"),
        "bundle": str(tmp_path / "b.json"),
        "identity": f"^{EMAIL.replace('.', '[.]')}$",
        "issuer": server.stack.url,
    }
    (tmp_path / "cases.json").write_text(json.dumps([case]))
    done = node("verify.mjs", str(tmp_path / "cases.json"))
    assert json.loads(done.stdout) == {"ours": "accept"}, done.stderr


def test_we_verify_what_it_signs(server: Server, stack: Path, tmp_path: Path) -> None:
    (tmp_path / "statement").write_bytes(signature_statement(DIGEST))
    (tmp_path / "token").write_text(server.token())
    names = [str(tmp_path / name) for name in ("token", "statement", "bundle")]
    done = node("attest.mjs", server.stack.url, *names)
    assert done.returncode == 0, done.stderr
    found = verify_expected(
        (tmp_path / "bundle").read_bytes(),
        Expected(
            DIGEST,
            identities=[Identity(EMAIL, server.stack.url)],
            root=load_trusted_root(stack / "trusted_root.json"),
        ),
    )
    assert found.payload == signature_statement(DIGEST)
