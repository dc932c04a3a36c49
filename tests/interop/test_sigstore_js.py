"""sigstore-js as a second independent verifier, and as a signer."""

import json
from pathlib import Path

import pytest

from audit.sign import (
    Expected,
    Identity,
    load_private_key,
    load_trusted_root,
    sign_statement,
    signature_statement,
    verify_expected,
)
from audit.sign.keyless import open_keyless
from tests.interop.conftest import Cell, node
from tests.sigkit.bundles import DIGEST
from tests.sigstack.server import Server
from tests.sigstack.stack import EMAIL

COSIGN = Path(__file__).parents[1] / "vectors" / "sign" / "cosign"


@pytest.mark.parametrize("version", [1, 2])
def test_it_verifies_what_we_sign_keyless(
    server: Server, stack: Path, tmp_path: Path, version: int, cell: Cell
) -> None:
    cell(f"audit, keyless v{version}, bundle", "sigstore-js")
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


def test_it_verifies_what_our_key_signs(run, stack: Path, tmp_path: Path, cell: Cell) -> None:  # type: ignore[no-untyped-def]
    cell("audit, key, bundle", "sigstore-js")
    made = {}
    for name in ("k", "other"):
        run("sign", "key", "generate", "--out", name)
        key = load_private_key(tmp_path / f"{name}.key")
        bundle = sign_statement(signature_statement(DIGEST), key)
        (tmp_path / f"{name}.json").write_bytes(bundle)
        made[name] = {
            "name": name,
            "root": str(stack / "trusted_root.json"),
            "bundle": str(tmp_path / f"{name}.json"),
            "key": str(tmp_path / "k.pub"),
        }
    (tmp_path / "cases.json").write_text(json.dumps(list(made.values())))
    done = node("verify.mjs", str(tmp_path / "cases.json"))
    verdicts = json.loads(done.stdout)
    assert verdicts["k"] == "accept", done.stderr
    assert verdicts["other"] != "accept"


@pytest.mark.parametrize("version", [1, 2])
def test_we_verify_what_it_signs(
    server: Server, stack: Path, tmp_path: Path, version: int, cell: Cell
) -> None:
    cell(f"sigstore-js, keyless v{version}, bundle", "audit")
    (tmp_path / "statement").write_bytes(signature_statement(DIGEST))
    (tmp_path / "token").write_text(server.token())
    names = [str(tmp_path / name) for name in ("token", "statement", "bundle")]
    done = node("attest.mjs", server.stack.url, *names, str(version))
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
