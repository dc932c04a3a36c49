"""`audit sign` and `audit oci` as a user meets them: words, files and exit codes."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit.oci import Layout
from tests.sigkit.artifacts import manifest


@pytest.fixture
def name(tmp_path: Path) -> str:
    artifact = Layout.create(tmp_path / "release").add_manifest(manifest("model"), ref_name="v1")
    return f"release@{artifact.digest}"


def test_a_signed_artifact_verifies_and_an_unsigned_one_does_not(run, name: str) -> None:  # type: ignore[no-untyped-def]
    code, made, _ = run("sign", "key", "generate", "--out", "k")
    assert (code, made[:7]) == (0, "sha256:")
    code, _, err = run("sign", "verify", name, "--key", "k.pub")
    assert code == 10
    assert "nobody signed it" in err
    code, out, _ = run("sign", "image", name, "--key", "k.key", "--format", "json")
    assert code == 0
    assert json.loads(out)["key"] == made.strip()
    code, out, _ = run("sign", "verify", name, "--key", "k.pub")
    assert (code, out) == (0, f"verified: {name[8:]} is signed by key {made}")


def test_the_exit_code_does_not_depend_on_the_format(run, name: str) -> None:  # type: ignore[no-untyped-def]
    run("sign", "key", "generate", "--out", "k")
    run("sign", "key", "generate", "--out", "other")
    run("sign", "image", name, "--key", "k.key")
    for form in ("text", "json", "json-v1"):
        assert run("sign", "verify", name, "--key", "k.pub", "--format", form)[0] == 0
        code, out, err = run("sign", "verify", name, "--key", "other.pub", "--format", form)
        assert (code, out) == (10, "")
        assert "signed by a key that is not named here" in err


def test_a_statement_of_another_type_is_not_found(run, name: str) -> None:  # type: ignore[no-untyped-def]
    run("sign", "key", "generate", "--out", "k")
    run("sign", "image", name, "--key", "k.key")
    verify = ("sign", "verify", name, "--key", "k.pub", "--predicate-type")
    assert run(*verify, "https://audit.test/x/v1")[0] == 10


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["sign", "verify", "release", "--key", "k.pub"], 2),
        (["sign", "verify", "release@sha256:ab", "--key", "k.pub"], 2),
        (["sign", "verify", "nowhere@sha256:" + "a" * 64, "--key", "k.pub"], 2),
        (["sign", "verify", "release@sha256:" + "a" * 64, "--key", "k.pub"], 3),
        (["sign", "verify", "release@sha256:" + "a" * 64], 2),
        (["oci", "inspect", "release@sha256:" + "a" * 64], 3),
        (["oci", "inspect", "nowhere"], 2),
        (["sign", "key", "generate", "--out", "k"], 2),
        (["sign", "key", "generate", "--out", "no/such/folder/k"], 3),
    ],
)
def test_what_cannot_be_done_ends_in_its_own_code(
    run, name: str, args: list[str], code: int
) -> None:  # type: ignore[no-untyped-def]
    assert run("sign", "key", "generate", "--out", "k")[0] == 0
    assert run(*args)[0] == code


def test_a_changed_manifest_is_a_no(run, name: str) -> None:  # type: ignore[no-untyped-def]
    run("sign", "key", "generate", "--out", "k")
    run("sign", "image", name, "--key", "k.key")
    path = Layout.open(Path("release")).blob_path(name[8:])
    path.write_bytes(path.read_bytes() + b" ")
    code, _, err = run("sign", "verify", name, "--key", "k.pub")
    assert code == 10
    assert "error[digest-mismatch]" in err


def test_a_password_comes_from_a_file(run, name: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "pw").write_bytes(b"hunter2\n")
    run("sign", "key", "generate", "--out", "k", "--password-file", "pw")
    assert run("sign", "image", name, "--key", "k.key")[0] == 2
    assert run("sign", "image", name, "--key", "k.key", "--password-file", "pw")[0] == 0
    (tmp_path / "pw").write_bytes(b"\n")
    assert run("sign", "image", name, "--key", "k.key", "--password-file", "pw")[0] == 2


def test_what_is_attached_is_listed(run, name: str) -> None:  # type: ignore[no-untyped-def]
    run("sign", "key", "generate", "--out", "k")
    attached = json.loads(run("sign", "image", name, "--key", "k.key", "--format", "json")[1])
    assert run("oci", "referrers", name)[1].startswith(attached["manifest"])
    listed = json.loads(run("oci", "inspect", "release", "--format", "json")[1])
    assert {item["digest"] for item in listed} == {name[8:], attached["manifest"]}
    assert json.loads(run("oci", "inspect", name, "--format", "json")[1]) == json.loads(
        manifest("model")
    )


def test_signing_with_a_source_date_gives_the_same_layout_again(
    run,  # type: ignore[no-untyped-def]
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795450375")
    run("sign", "key", "generate", "--out", "k")
    first = run("sign", "image", name, "--key", "k.key", "--format", "json")[1]
    assert run("sign", "image", name, "--key", "k.key", "--format", "json")[1] == first
    assert (
        "2026-11-23T16:12:55Z"
        in Layout.open(Path("release")).manifest(json.loads(first)["manifest"]).decode()
    )


def test_a_note_key_prints_its_verifier(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run("sign", "key", "note", "--out", "n", "--name", "example.org/log")
    assert (code, out.split("+")[0]) == (0, "example.org/log")


def test_the_command_line_starts_without_the_room() -> None:
    code = (
        "import sys, audit.cli; print('audit.sign' in sys.modules, 'cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_a_layout_is_opened_without_the_registry_client() -> None:
    code = "import sys, audit.oci, audit.sign; print('httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_legacy_signature_is_written_and_found(run, name: str) -> None:  # type: ignore[no-untyped-def]
    run("sign", "key", "generate", "--out", "k")
    run("sign", "key", "generate", "--out", "other")
    code, out, err = run(
        "sign", "image", name, "--key", "k.key", "--layout", "legacy", "--format", "json"
    )
    assert code == 0, err
    made = json.loads(out)
    assert (made["bundle"], made["manifest"]) == (None, None)
    assert made["legacy"].startswith("sha256:")
    assert run("sign", "verify", name, "--key", "k.pub")[0] == 0
    assert run("sign", "verify", name, "--key", "other.pub")[0] == 10


def test_both_layouts_hold_the_same_signer(run, name: str) -> None:  # type: ignore[no-untyped-def]
    run("sign", "key", "generate", "--out", "k")
    code, out, _ = run(
        "sign", "image", name, "--key", "k.key", "--layout", "both", "--format", "json"
    )
    assert code == 0
    assert None not in {json.loads(out)[part] for part in ("bundle", "manifest", "legacy")}


def test_an_attestation_is_no_signature_and_is_found_by_its_type(
    run,  # type: ignore[no-untyped-def]
    name: str,
    tmp_path: Path,
) -> None:
    kind = "https://audit.test/evaluation/v1"
    (tmp_path / "p.json").write_text('{"accuracy": 0.91, "passed": true}')
    run("sign", "key", "generate", "--out", "k")
    attest = ("sign", "attest", name, "--key", "k.key", "--type", kind, "--predicate")
    assert run(*attest, "p.json")[0] == 0
    assert run("sign", "verify", name, "--key", "k.pub")[0] == 10
    assert run("sign", "verify", name, "--key", "k.pub", "--predicate-type", kind)[0] == 0
    assert b'{"accuracy": 0.91, "passed": true}' in _payload(name, tmp_path)
    for text in ("[]", "{", '{"a":1,"a":2}'):
        (tmp_path / "p.json").write_text(text)
        assert run(*attest, "p.json")[0] == 2


def _payload(name: str, folder: Path) -> bytes:
    bundle = next(Layout.open(folder / "release").bundles(name[8:]))
    return base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"])


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--key", "k.pub", "--identity", "a@b.test", "--issuer", "https://i.test"],
        ["--identity", "a@b.test"],
        ["--issuer", "https://i.test"],
        ["--identity", "a", "--identity-regexp", "a", "--issuer", "https://i.test"],
        ["--identity-regexp", "[", "--issuer", "https://i.test"],
        ["--key", "nowhere.pub"],
        ["--key", "k.key"],
    ],
)
def test_who_must_have_signed_is_said_in_one_way(run, name: str, args: list[str]) -> None:  # type: ignore[no-untyped-def]
    run("sign", "key", "generate", "--out", "k")
    assert run("sign", "verify", name, *args)[0] == 2


@pytest.mark.parametrize("args", [[], ["--key", "k.key", "--keyless"]])
def test_who_signs_is_said_in_one_way(run, name: str, args: list[str]) -> None:  # type: ignore[no-untyped-def]
    run("sign", "key", "generate", "--out", "k")
    assert run("sign", "image", name, *args)[0] == 2


def test_the_trusted_root_that_ships_is_shown(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run("sign", "trust", "show")
    assert code == 0
    assert out.startswith("bundled:sigstore-public-good  sha256:")
    assert "https://rekor.sigstore.dev" in out


def test_a_model_directory_is_signed_and_verified(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a.gguf").write_bytes(b"weights")
    run("sign", "key", "generate", "--out", "k")
    named = ("model", "--signature", "model/model.sig")
    assert run("sign", "model", *named, "--key", "k.key")[0] == 0
    assert run("sign", "model", *named, "--key", "k.key")[0] == 2
    code, out, err = run("sign", "verify-model", *named, "--key", "k.pub", "--format", "json")
    assert code == 0, err
    assert json.loads(out)["predicate_type"] == "https://model_signing/signature/v1.0"
    (tmp_path / "model" / "payload.py").write_bytes(b"x")
    assert run("sign", "verify-model", *named, "--key", "k.pub")[0] == 10
