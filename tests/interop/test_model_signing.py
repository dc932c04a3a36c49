"""The model-signing package as an OMS peer, in both directions."""

import subprocess
from pathlib import Path

import pytest

from tests.interop.conftest import Cell
from tests.ocikit.processes import CACHE
from tests.sigstack.server import Server
from tests.sigstack.stack import EMAIL


def model_signing(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    python = CACHE / "oms" / "bin" / "python"
    if not python.exists():
        pytest.skip("model-signing is not installed (make interop installs it)")
    command = [str(python), "-W", "ignore", "-m", "model_signing", *args]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def model(run, tmp_path: Path) -> Path:  # type: ignore[no-untyped-def]
    (tmp_path / "model" / "tokenizer").mkdir(parents=True)
    (tmp_path / "model" / "a.gguf").write_bytes(b"weights")
    (tmp_path / "model" / "tokenizer" / "vocab.txt").write_bytes(b"words")
    (tmp_path / "model" / "tokenizer.json").write_bytes(b"{}")  # in order, behind the folder
    assert run("sign", "key", "generate", "--out", "k")[0] == 0
    return tmp_path


def test_it_verifies_what_we_sign(run, model: Path, cell: Cell) -> None:  # type: ignore[no-untyped-def]
    cell("audit, key, model", "model-signing")
    assert run("sign", "model", "model", "--signature", "ours.sig", "--key", "k.key")[0] == 0
    how = ("--signature", "ours.sig", "--public_key", "k.pub")
    done = model_signing(model, "verify", "key", "model", *how)
    assert done.returncode == 0, done.stdout + done.stderr
    (model / "model" / "a.gguf").write_bytes(b"evil")
    assert model_signing(model, "verify", "key", "model", *how).returncode != 0


def test_we_verify_what_it_signs(run, model: Path, cell: Cell) -> None:  # type: ignore[no-untyped-def]
    cell("model-signing, key, model", "audit")
    how = ("--signature", "theirs.sig", "--private_key", "k.key")
    done = model_signing(model, "sign", "key", "model", *how)
    assert done.returncode == 0, done.stdout + done.stderr
    named = ("sign", "verify-model", "model", "--signature", "theirs.sig", "--key", "k.pub")
    code, _, err = run(*named)
    assert code == 0, err
    (model / "model" / ".gitignore").write_bytes(b"left out by the signature, loaded all the same")
    assert run(*named)[0] == 10


@pytest.mark.parametrize("version", [1, 2])
def test_it_verifies_what_we_sign_keyless(  # noqa: PLR0913
    run,  # type: ignore[no-untyped-def]
    model: Path,
    server: Server,
    stack: Path,
    version: int,
    cell: Cell,
) -> None:
    cell(f"audit, keyless v{version}, model", "model-signing")
    (model / "token").write_text(server.token())
    config = str(stack / f"client_config_v{version}.json")
    how = ("--keyless", "--trust-config", config, "--identity-token", "token", "--allow-email")
    code, _, err = run("sign", "model", "model", "--signature", "ours.sig", *how)
    assert code == 0, err
    who = ("--identity", EMAIL, "--identity_provider", server.stack.url, "--trust_config", config)
    done = model_signing(model, "verify", "sigstore", "model", "--signature", "ours.sig", *who)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", [1, 2])
def test_we_verify_what_it_signs_keyless(  # noqa: PLR0913
    run,  # type: ignore[no-untyped-def]
    model: Path,
    server: Server,
    stack: Path,
    version: int,
    cell: Cell,
) -> None:
    cell(f"model-signing, keyless v{version}, model", "audit")
    config = str(stack / f"client_config_v{version}.json")
    how = ("--signature", "theirs.sig", "--trust_config", config, "--identity_token")
    done = model_signing(model, "sign", "sigstore", "model", *how, server.token())
    assert done.returncode == 0, done.stdout + done.stderr
    who = ("--identity", EMAIL, "--issuer", server.stack.url)
    root = ("--trusted-root", str(stack / "trusted_root.json"))
    named = ("sign", "verify-model", "model", "--signature", "theirs.sig", *who, *root)
    code, _, err = run(*named)
    assert code == 0, err
    (model / "model" / "a.gguf").write_bytes(b"evil")
    assert run(*named)[0] == 10


SHARDS = """
import pathlib, sys
from model_signing import hashing, signing
how = hashing.Config().use_shard_serialization(shard_size=int(sys.argv[1]))
signer = signing.Config().use_elliptic_key_signer(private_key="k.key").set_hashing_config(how)
signer.sign(pathlib.Path("model"), pathlib.Path("theirs.sig"))
"""


@pytest.mark.parametrize("size", [3, 1_000_000])
def test_we_verify_what_it_signs_in_shards(run, model: Path, size: int, cell: Cell) -> None:  # type: ignore[no-untyped-def]
    cell("model-signing, key, model in shards", "audit")
    python = str(CACHE / "oms" / "bin" / "python")
    if not Path(python).exists():
        pytest.skip("model-signing is not installed (make interop installs it)")
    done = subprocess.run(
        [python, "-W", "ignore", "-c", SHARDS, str(size)],
        cwd=model,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    named = ("sign", "verify-model", "model", "--signature", "theirs.sig", "--key", "k.pub")
    code, _, err = run(*named)
    assert code == 0, err
    (model / "model" / "a.gguf").write_bytes(b"weighty")
    assert run(*named)[0] == 10
