"""The attack matrix through the verifier that is installed here: sigstore-python."""

from pathlib import Path

import pytest

from tests.sigkit.differential import check, lay_out
from tests.sigstack.stack import EMAIL

ISSUER = "http://127.0.0.1:8002"


@pytest.mark.slow
def test_sigstore_python_refuses_nothing_that_we_accept(tmp_path: Path) -> None:
    from sigstore.models import Bundle, TrustedRoot
    from sigstore.verify import Verifier, policy

    laid_out, verdicts = lay_out(tmp_path), {}
    for name, (bundle, root, _) in laid_out.items():
        try:
            verifier = Verifier(trusted_root=TrustedRoot.from_file(str(root)))
            who = policy.AllOf(
                [policy.Identity(identity=EMAIL), policy.OIDCIssuerV2(ISSUER)]
                if "old-place" not in name
                else [policy.Identity(identity=EMAIL, issuer=ISSUER)]
            )
            kind, payload = verifier.verify_dsse(Bundle.from_json(bundle.read_bytes()), who)
            assert kind
            assert payload
            verdicts[name] = "accept"
        except Exception as exc:  # noqa: BLE001
            verdicts[name] = f"{type(exc).__name__}: {exc}".splitlines()[0]
    check("sigstore-python", verdicts, laid_out)
