"""Signing without a key, against the private stack over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.core.errors import ConfigError, SignatureMismatch, SigningFailed, UsageError
from audit.oci import Layout
from audit.sign import Expected, Identity, load_trusted_root, signature_statement, verify_expected
from audit.sign.keyless import open_keyless
from audit.sign.legacy import verify_legacy
from tests.sigkit.artifacts import manifest
from tests.sigkit.bundles import DIGEST
from tests.sigstack.server import Server
from tests.sigstack.stack import EMAIL

PLACE = "registry.example/acme/model"
JOB = "https://ci.example/acme/model/.github/workflows/release.yml@refs/heads/main"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server().serving() as server:
        yield server


@pytest.fixture
def config(server: Server, tmp_path: Path) -> Path:
    server.write_config(tmp_path)
    server.broken.clear()
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2])
def test_what_a_ci_job_signs_verifies_as_that_job(
    server: Server, config: Path, version: int
) -> None:
    token = server.token(email=None, sub=JOB)
    signer = open_keyless(config / f"client_config_v{version}.json", token)
    bundle, own = signer.sign_statement(signature_statement(DIGEST))
    who = Identity(JOB, server.stack.url)
    assert signer.identity == own.signer == who
    root = load_trusted_root(config / "trusted_root.json")
    found = verify_expected(bundle, Expected(DIGEST, identities=[who], root=root))
    assert found.payload == signature_statement(DIGEST)
    assert found.times


@pytest.mark.slow
def test_a_legacy_signature_takes_a_log_that_promises(server: Server, config: Path) -> None:
    token = server.token(email=None, sub=JOB)
    signature, _ = open_keyless(config / "client_config_v1.json", token).sign_legacy(DIGEST, PLACE)
    root = load_trusted_root(config / "trusted_root.json")
    who = Identity(JOB, server.stack.url)
    assert verify_legacy(signature, Expected(DIGEST, identities=[who], root=root)).signer == who
    with pytest.raises(SigningFailed, match="promise"):
        open_keyless(config / "client_config_v2.json", token).sign_legacy(DIGEST, PLACE)


@pytest.mark.slow
def test_an_address_is_published_only_when_that_is_said(server: Server, config: Path) -> None:
    with pytest.raises(UsageError, match="published for ever"):
        open_keyless(config / "client_config_v2.json", server.token())
    signer = open_keyless(config / "client_config_v2.json", server.token(), allow_email=True)
    assert signer.sign_statement(signature_statement(DIGEST))[1].signer == Identity(
        EMAIL, server.stack.url
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "endpoint", ["/api/v2/signingCert", "/api/v2/log/entries", "/api/v1/timestamp"]
)
def test_a_service_that_fails_is_a_failed_signature(
    server: Server, config: Path, endpoint: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.broken.add(endpoint)
    signer = open_keyless(config / "client_config_v2.json", server.token(email=None, sub=JOB))
    with pytest.raises(SigningFailed):
        signer.sign_statement(signature_statement(DIGEST))


@pytest.mark.slow
def test_a_signature_that_the_configured_root_does_not_hold_is_not_given_out(
    server: Server, config: Path
) -> None:
    path = config / "client_config_v2.json"
    value = json.loads(path.read_text())
    del value["trustedRoot"]["timestampAuthorities"]
    path.write_text(json.dumps(value))
    signer = open_keyless(path, server.token(email=None, sub=JOB))
    with pytest.raises(SignatureMismatch, match="no timestamp authority"):
        signer.sign_statement(signature_statement(DIGEST))


@pytest.mark.slow
@pytest.mark.parametrize("claims", [{"aud": "other"}, {"exp": 1}, {"iss": None}])
def test_a_token_that_is_not_for_signing_is_refused(
    server: Server, config: Path, claims: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match="identity token"):
        open_keyless(config / "client_config_v2.json", server.token(**claims))


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "{}", "[]", '{"mediaType":"x"}'])
def test_a_configuration_that_is_none_is_refused(server: Server, tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ConfigError):
        open_keyless(tmp_path / "c.json", server.token())


@pytest.mark.slow
def test_without_an_identity_nothing_is_signed(config: Path) -> None:
    with pytest.raises(UsageError, match="no identity"):
        open_keyless(config / "client_config_v2.json", None)


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2])
def test_an_artifact_is_signed_and_verified_by_identity_from_the_command_line(
    run,  # type: ignore[no-untyped-def]
    server: Server,
    config: Path,
    tmp_path: Path,
    version: int,
) -> None:
    artifact = Layout.create(tmp_path / "release").add_manifest(manifest("model"))
    name = f"./release@{artifact.digest}"
    (tmp_path / "token").write_text(server.token(email=None, sub=JOB))
    trust = str(config / f"client_config_v{version}.json")
    signing = ("--keyless", "--trust-config", trust, "--identity-token", "token")
    layout = "both" if version == 1 else "bundle"
    code, out, err = run("sign", "image", name, *signing, "--layout", layout)
    assert (code, out) == (0, f"signed {artifact.digest} as {JOB}\n"), err
    root = ("--trusted-root", str(config / "trusted_root.json"))
    who = ("--identity", JOB, "--issuer", server.stack.url)
    code, out, err = run("sign", "verify", name, *who, *root, "--format", "json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["signer"], found["issuer"]) == (JOB, server.stack.url)
    assert found["log"]["proved"]
    pattern = ("--identity-regexp", r"https://ci\.example/acme/.*", "--issuer", server.stack.url)
    assert run("sign", "verify", name, *pattern, *root)[0] == 0
    for wrong in (
        ("--identity", JOB + "x", "--issuer", server.stack.url, *root),
        ("--identity", JOB, "--issuer", "https://other.example", *root),
        ("--identity-regexp", "ci.example", "--issuer", server.stack.url, *root),
        who,  # the bundled root knows nothing of this stack
    ):
        assert run("sign", "verify", name, *wrong)[0] == 10
    bundle = next(Layout.open(tmp_path / "release").bundles(artifact.digest))
    (tmp_path / "b.json").write_bytes(bundle)
    alone = ("sign", "verify-bundle", "b.json", "--digest")
    assert run(*alone, artifact.digest, *who, *root)[0] == 0
    assert run(*alone, "sha256:" + "0" * 64, *who, *root)[0] == 10


@pytest.mark.slow
def test_a_signature_that_fails_in_one_form_is_attached_in_none(
    run,  # type: ignore[no-untyped-def]
    server: Server,
    config: Path,
    tmp_path: Path,
) -> None:
    layout = Layout.create(tmp_path / "release")
    artifact = layout.add_manifest(manifest("model"))
    (tmp_path / "token").write_text(server.token(email=None, sub=JOB))
    trust = str(config / "client_config_v2.json")  # its log makes no promise, so no older form
    signing = ("--keyless", "--trust-config", trust, "--identity-token", "token")
    code, out, err = run("sign", "image", f"./release@{artifact.digest}", *signing, "--layout=both")
    assert (code, out) == (3, "")
    assert "error[signing-failed]" in err
    assert list(layout.bundles(artifact.digest)) == []
