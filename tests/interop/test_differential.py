"""The attack matrix through cosign and sigstore-js; sigstore-python's part runs in `make test`."""

import json
from pathlib import Path

import pytest

from tests.interop.conftest import cosign, node
from tests.sigkit.bundles import DIGEST, SIGN
from tests.sigkit.differential import Cases, check, lay_out
from tests.sigstack.stack import EMAIL

ISSUER = "http://127.0.0.1:8002"


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    return lay_out(tmp_path_factory.mktemp("cases"))


def test_sigstore_js_refuses_nothing_that_we_accept(laid_out: Cases, tmp_path: Path) -> None:
    cases = [
        {
            "name": name,
            "root": str(root),
            "bundle": str(bundle),
            "identity": f"^{EMAIL.replace('.', '[.]')}$",
            "issuer": ISSUER,
        }
        for name, (bundle, root, _) in laid_out.items()
    ]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    done = node("verify.mjs", str(tmp_path / "cases.json"))
    check("sigstore-js", json.loads(done.stdout), laid_out)


def test_cosign_refuses_nothing_that_we_accept(laid_out: Cases, tmp_path: Path) -> None:
    verdicts = {}
    for name, (bundle, root, _) in laid_out.items():
        done = cosign(
            tmp_path,
            "verify-blob-attestation",
            *("--bundle", str(bundle), "--trusted-root", str(root)),
            *("--digest", DIGEST[7:], "--digestAlg", "sha256", "--type", SIGN),
            *("--certificate-identity", EMAIL, "--certificate-oidc-issuer", ISSUER),
        )
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        verdicts[name] = "accept" if done.returncode == 0 else last
    check("cosign", verdicts, laid_out)
