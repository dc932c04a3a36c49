"""The attack matrix through other verifiers: what one of them refuses, we must not accept.

`ALLOWED` names the forms that a peer does not read at all; everything else is a failure.
"""

import base64
import json
import sys
from pathlib import Path

import pytest

from tests.interop.conftest import cosign, node
from tests.sigkit.bundles import DIGEST, SIGN
from tests.sigkit.keyless import VECTORS
from tests.sigstack.stack import EMAIL

ISSUER = "http://127.0.0.1:8002"
CASES = sorted(VECTORS.glob("*-*.json"))
ALLOWED: dict[str, dict[str, str]] = {
    "cosign": {"v2-dsse-entry": "entries dsse 0.0.2 are not read"},
    "sigstore-js": {},
    "sigstore-python": {
        "v2-dsse-entry": "entries dsse 0.0.2 are not read",
        "v2-first-entry-of-a-log": "counts that protobuf JSON leaves out are missed",
        "v2-root-windows-hold-their-ends": "the end of a window is left out of it",
    },
}


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path, bool]]:
    """Return bundle file, root file and our outcome of each case."""
    folder = tmp_path_factory.mktemp("cases")
    found = {}
    for path in CASES:
        name, outcome, _ = path.name.rsplit(".", 2)
        vector = json.loads(path.read_bytes())
        bundle, root = folder / f"{name}.json", VECTORS / "root.json"
        bundle.write_bytes(base64.b64decode(vector["bundle"]))
        if "root" in vector:
            root = folder / f"{name}.root"
            root.write_text(json.dumps(vector["root"]))
        found[name] = (bundle, root, outcome == "accept")
    return found


def check(peer: str, verdicts: dict[str, str], ours: dict[str, tuple[Path, Path, bool]]) -> None:
    accepted = {name for name, verdict in verdicts.items() if verdict == "accept"}
    laxer = {n: verdicts[n] for n, (_, _, yes) in ours.items() if yes and n not in accepted}
    stricter = sorted(n for n, (_, _, yes) in ours.items() if not yes and n in accepted)
    sys.stdout.write(
        f"\n{peer}: {len(ours)} cases, {len(accepted)} accepted; we refuse {len(stricter)} more\n"
    )
    sys.stdout.write("".join(f"  refused here alone: {name}\n" for name in stricter))
    unexplained = {name: why for name, why in laxer.items() if name not in ALLOWED[peer]}
    assert not unexplained, "".join(f"\n  {name}: {why}" for name, why in unexplained.items())
    assert set(ALLOWED[peer]) <= set(laxer), "a peer reads more than ALLOWED says"


def test_sigstore_js_refuses_nothing_that_we_accept(laid_out, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
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


def test_cosign_refuses_nothing_that_we_accept(laid_out, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
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


def test_sigstore_python_refuses_nothing_that_we_accept(laid_out) -> None:  # type: ignore[no-untyped-def]
    from sigstore.models import Bundle, TrustedRoot
    from sigstore.verify import Verifier, policy

    verdicts = {}
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
