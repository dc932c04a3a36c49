"""cosign and we, in both directions, on a registry with and one without the referrers API."""

import itertools
from pathlib import Path

import pytest

from audit.oci import Layout
from tests.interop.conftest import Cell, cosign
from tests.sigkit.artifacts import model
from tests.sigstack.server import Server
from tests.sigstack.stack import EMAIL

_count = itertools.count()


@pytest.fixture
def named(run, host: str, tmp_path: Path) -> str:  # type: ignore[no-untyped-def]
    """Return the name of an artifact that was just pushed."""
    at = next(_count)
    artifact = model(Layout.create(tmp_path / "models"), {"a.gguf": b"weights %d" % at})
    code, _, err = run("oci", "push", "./models:v1", f"{host}/acme/m{at}:v1")
    assert code == 0, err
    return f"{host}/acme/m{at}@{artifact.digest}"


def files(request: pytest.FixtureRequest, services: str) -> tuple[str, str, str]:
    """Return trusted root, our configuration and cosign's, for our stack or the real services."""
    if services == "real v2":
        folder, end = request.getfixturevalue("real"), ""
    else:
        folder, end = request.getfixturevalue("stack"), f"_{services}"
    names = ("trusted_root", f"client_config{end}", f"signing_config{end}")
    root, client, signing = (str(folder / f"{name}.json") for name in names)
    return root, client, signing


def by_identity(server: Server, root: str) -> list[str]:
    return [
        "--trusted-root",
        root,
        "--certificate-identity",
        EMAIL,
        "--certificate-oidc-issuer",
        server.stack.url,
    ]


def verified_by_cosign(folder: Path, named: str, *who: str) -> None:
    done = cosign(folder, "verify", "--allow-http-registry", *who, named)
    assert done.returncode == 0, done.stderr
    digest = named.partition("@")[2]
    assert f'"docker-manifest-digest":"{digest}"' in done.stdout


@pytest.mark.parametrize("layout", ["bundle", "legacy", "both"])
def test_cosign_verifies_what_our_key_signs(
    run,  # type: ignore[no-untyped-def]
    named: str,
    tmp_path: Path,
    layout: str,
    cell: Cell,
) -> None:
    cell(f"audit, key, {layout}", "cosign")
    run("sign", "key", "generate", "--out", "k")
    code, _, err = run("sign", "image", named, "--key", "k.key", "--layout", layout)
    assert code == 0, err
    verified_by_cosign(tmp_path, named, "--key", "k.pub", "--insecure-ignore-tlog=true")
    run("sign", "key", "generate", "--out", "other")
    wrong = ("--key", "other.pub", "--insecure-ignore-tlog=true", "--allow-http-registry")
    assert cosign(tmp_path, "verify", *wrong, named).returncode != 0


@pytest.mark.parametrize(
    ("services", "layout"),
    [("v1", "bundle"), ("v2", "bundle"), ("v1", "legacy"), ("real v2", "bundle")],
)
def test_cosign_verifies_what_we_sign_keyless(  # noqa: PLR0913
    run,  # type: ignore[no-untyped-def]
    named: str,
    tmp_path: Path,
    server: Server,
    request: pytest.FixtureRequest,
    services: str,
    layout: str,
    cell: Cell,
) -> None:
    cell(f"audit, keyless {services}, {layout}", "cosign")
    root, config, _ = files(request, services)
    (tmp_path / "token").write_text(server.token())
    how = ("--keyless", "--trust-config", config, "--identity-token", "token", "--allow-email")
    code, _, err = run("sign", "image", named, *how, "--layout", layout)
    assert code == 0, err
    times = ["--use-signed-timestamps"] if layout == "bundle" else []
    verified_by_cosign(tmp_path, named, *by_identity(server, root), *times)
    who = ("--identity", EMAIL, "--issuer", server.stack.url, "--trusted-root", root)
    assert run("sign", "verify", named, *who)[0] == 0


def test_a_log_without_promises_has_no_older_form(
    run,  # type: ignore[no-untyped-def]
    named: str,
    tmp_path: Path,
    server: Server,
    stack: Path,
) -> None:
    (tmp_path / "token").write_text(server.token())
    how = ("--keyless", "--trust-config", str(stack / "client_config_v2.json"), "--allow-email")
    signed = ("sign", "image", named, *how, "--identity-token", "token", "--layout", "legacy")
    code, _, err = run(*signed)
    assert code == 3
    assert "no promise of inclusion" in err


@pytest.mark.parametrize("services", ["v1", "v2", "real v2"])
def test_we_verify_what_cosign_signs_with_a_key(  # noqa: PLR0913
    run,  # type: ignore[no-untyped-def]
    named: str,
    cosign_home: Path,
    request: pytest.FixtureRequest,
    services: str,
    cell: Cell,
) -> None:
    cell(f"cosign, key {services}, bundle", "audit")
    root, _, config = files(request, services)
    how = ("--key", "cosign.key", "--signing-config", config, "--trusted-root", root)
    done = cosign(cosign_home, "sign", "-y", *how, "--allow-http-registry", named)
    assert done.returncode == 0, done.stderr
    key = ("--key", str(cosign_home / "cosign.pub"))
    assert run("sign", "verify", named, *key)[0] == 0
    assert run("sign", "verify", named, *key, "--trusted-root", root)[0] == 0
    assert run("sign", "verify", named, *key, "--predicate-type", "https://x.test/v1")[0] == 10


@pytest.mark.parametrize("services", ["v1", "v2", "real v2"])
def test_we_verify_what_cosign_signs_keyless(  # noqa: PLR0913
    run,  # type: ignore[no-untyped-def]
    named: str,
    cosign_home: Path,
    server: Server,
    request: pytest.FixtureRequest,
    services: str,
    cell: Cell,
) -> None:
    cell(f"cosign, keyless {services}, bundle", "audit")
    root, _, config = files(request, services)
    how = ("--identity-token", server.token(), "--signing-config", config, "--trusted-root", root)
    done = cosign(cosign_home, "sign", "-y", *how, "--allow-http-registry", named)
    assert done.returncode == 0, done.stderr
    who = ("--identity", EMAIL, "--issuer", server.stack.url)
    code, _, err = run("sign", "verify", named, *who, "--trusted-root", root)
    assert code == 0, err


def test_we_verify_the_older_signatures_of_cosign(  # noqa: PLR0913
    run,  # type: ignore[no-untyped-def]
    named: str,
    cosign_home: Path,
    server: Server,
    stack: Path,
    cell: Cell,
) -> None:
    cell("cosign, key, legacy", "audit")
    cell("cosign, keyless v1, legacy", "audit")
    old = ("--new-bundle-format=false", "--use-signing-config=false", "--allow-http-registry")
    done = cosign(
        cosign_home, "sign", "-y", "--key", "cosign.key", "--tlog-upload=false", *old, named
    )
    assert done.returncode == 0, done.stderr
    assert run("sign", "verify", named, "--key", str(cosign_home / "cosign.pub"))[0] == 0
    url, root = server.stack.url, str(stack / "trusted_root.json")
    services = ("--fulcio-url", url, "--rekor-url", url, "--oidc-issuer", url)
    token = ("--identity-token", server.token(), "--trusted-root", root)
    done = cosign(cosign_home, "sign", "-y", *token, *services, *old, named)
    assert done.returncode == 0, done.stderr
    who = ("--identity", EMAIL, "--issuer", url, "--trusted-root", root)
    assert run("sign", "verify", named, *who)[0] == 0


def test_we_verify_attestations_of_cosign_by_their_type(
    run,  # type: ignore[no-untyped-def]
    named: str,
    cosign_home: Path,
    stack: Path,
    cell: Cell,
) -> None:
    cell("cosign, key v2, attestation", "audit")
    kind = "https://audit.test/evaluation/v1"
    (cosign_home / "predicate.json").write_text('{"accuracy": 0.91}')
    root = str(stack / "trusted_root.json")
    config = ("--signing-config", str(stack / "signing_config_v2.json"), "--trusted-root", root)
    what = ("--predicate", "predicate.json", "--type", kind, "--allow-http-registry")
    done = cosign(cosign_home, "attest", "-y", "--key", "cosign.key", *config, *what, named)
    assert done.returncode == 0, done.stderr
    key = ("--key", str(cosign_home / "cosign.pub"))
    code, _, err = run("sign", "verify", named, *key, "--predicate-type", kind)
    assert code == 0, err
    assert run("sign", "verify", named, *key)[0] == 10  # an attestation is no signature


def test_cosign_verifies_our_attestations(run, named: str, tmp_path: Path, cell: Cell) -> None:  # type: ignore[no-untyped-def]
    cell("audit, key, attestation", "cosign")
    kind = "https://audit.test/evaluation/v1"
    (tmp_path / "p.json").write_text('{"accuracy": 0.91}')
    run("sign", "key", "generate", "--out", "k")
    made = ("--predicate", "p.json", "--type", kind)
    assert run("sign", "attest", named, "--key", "k.key", *made)[0] == 0
    key = ("--key", "k.pub", "--insecure-ignore-tlog=true", "--allow-http-registry")
    done = cosign(tmp_path, "verify-attestation", *key, "--type", kind, named)
    assert done.returncode == 0, done.stderr


def test_key_files_are_read_in_both_directions(
    run,  # type: ignore[no-untyped-def]
    named: str,
    cosign_home: Path,
    tmp_path: Path,
) -> None:
    theirs = ("--key", str(cosign_home / "cosign.key"), "--password-file", str(cosign_home / "pw"))
    assert run("sign", "image", named, *theirs)[0] == 0
    assert run("sign", "verify", named, "--key", str(cosign_home / "cosign.pub"))[0] == 0
    (tmp_path / "pw").write_text("pw")
    run("sign", "key", "generate", "--out", "ours", "--cosign", "--password-file", "pw")
    done = cosign(tmp_path, "public-key", "--key", "ours.key")
    assert done.stdout == (tmp_path / "ours.pub").read_text(), done.stderr


def make_key(folder: Path, math: str) -> None:
    """Write a key of a kind as a file that both read, its password and its public half."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from audit.sign import load_private_key
    from audit.sign.keys import _cosign_file

    made = {
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[math]()
    der = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    (folder / "k.key").write_bytes(_cosign_file.encrypt(der, b"pw"))
    (folder / "pw").write_text("pw")
    key = load_private_key(folder / "k.key", password=b"pw")
    (folder / "k.pub").write_bytes(key.public_pem)


@pytest.mark.parametrize("math", ["p384", "p521", "rsa2048", "ed25519"])
def test_every_kind_of_key_is_understood_in_both_directions(
    run,  # type: ignore[no-untyped-def]
    named: str,
    tmp_path: Path,
    math: str,
    cell: Cell,
) -> None:
    cell(f"cosign, key {math}, legacy", "audit")
    if math != "ed25519":
        cell(f"audit, key {math}, bundle", "cosign")
    make_key(tmp_path, math)
    # cosign first: ours beside it must not be what we verify.
    old = ("--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false")
    done = cosign(tmp_path, "sign", "-y", "--key", "k.key", *old, "--allow-http-registry", named)
    assert done.returncode == 0, done.stderr
    assert run("sign", "verify", named, "--key", "k.pub")[0] == 0
    if math == "ed25519":  # cosign verifies bundles with plain Ed25519 keys as plain Ed25519
        return
    code, _, err = run("sign", "image", named, "--key", "k.key", "--password-file", "pw")
    assert code == 0, err
    digest = {"p384": "sha384", "p521": "sha512", "rsa2048": "sha256"}[math]
    how = ("--insecure-ignore-tlog=true", "--signature-digest-algorithm", digest)
    verified_by_cosign(tmp_path, named, "--key", "k.pub", *how)


@pytest.mark.parametrize("math", ["p384", "p521", "rsa2048"])
def test_cosign_verifies_the_older_form_by_every_kind_of_our_key(
    run,  # type: ignore[no-untyped-def]
    named: str,
    tmp_path: Path,
    math: str,
    cell: Cell,
) -> None:
    cell(f"audit, key {math}, legacy", "cosign")
    make_key(tmp_path, math)
    how = ("--key", "k.key", "--password-file", "pw", "--layout", "legacy")
    code, _, err = run("sign", "image", named, *how)
    assert code == 0, err
    digest = {"p384": "sha384", "p521": "sha512", "rsa2048": "sha256"}[math]
    how = ("--insecure-ignore-tlog=true", "--signature-digest-algorithm", digest)
    verified_by_cosign(tmp_path, named, "--key", "k.pub", *how)
