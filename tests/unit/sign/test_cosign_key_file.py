"""cosign's key files: read both ways, and never more work than is bounded."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from audit.core.errors import ConfigError, UsageError
from audit.sign import generate_key, load_private_key, sign_statement, signature_statement
from audit.sign.keys import _cosign_file, _pem
from tests.sigkit.bundles import DIGEST

PASSWORD = b"hunter2"


def test_a_key_made_for_cosign_loads_with_its_password(tmp_path: Path) -> None:
    path = tmp_path / "k.key"
    made = generate_key(path, tmp_path / "k.pub", password=PASSWORD, cosign=True)
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_private_key(path, password=PASSWORD).key_id == made
    with pytest.raises(ConfigError, match="not with this password"):
        load_private_key(path, password=b"wrong")
    with pytest.raises(ConfigError, match="is encrypted"):
        load_private_key(path)


def test_a_key_for_cosign_always_has_a_password(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a password"):
        generate_key(tmp_path / "k.key", tmp_path / "k.pub", cosign=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "math",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["p256", "p384", "p521", "rsa", "ed25519"],
)
def test_every_kind_of_key_signs_out_of_both_kinds_of_file(math: Any, tmp_path: Path) -> None:
    der = math.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "cosign").write_bytes(_cosign_file.encrypt(der, PASSWORD))
    (tmp_path / "plain").write_bytes(
        math.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    plain = load_private_key(tmp_path / "plain")
    sealed = load_private_key(tmp_path / "cosign", password=PASSWORD)
    payload = signature_statement(DIGEST)
    assert sign_statement(payload, plain) == sign_statement(payload, sealed)
    assert not plain.public.verifies(plain.sign(b"x"), b"y")
    assert not plain.public.verifies(b"", b"x")


def test_an_ed25519_signature_is_the_prehashed_one() -> None:
    # RFC 8032, 7.3: the test vector of Ed25519ph.
    from audit.sign.keys import _ed25519ph

    secret = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert _ed25519ph.sign(key, b"abc").hex() == (
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )
    assert not _ed25519ph.verifies(key.public_key(), key.sign(b"abc"), b"abc")


def file(**change: Any) -> bytes:
    value = json.loads(_pem.only_block(GOOD, _cosign_file.LABEL))
    for path, new in change.items():
        *steps, last = path.split("__")
        holder = value
        for step in steps:
            holder = holder[step]
        holder[last] = new
    return _pem.block(_cosign_file.LABEL, json.dumps(value).encode())


GOOD = _cosign_file.encrypt(b"not a key", PASSWORD)


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        GOOD.replace(b"ENCRYPTED SIGSTORE", b"ENCRYPTED COSIGN"),
        file(kdf__name="pbkdf2"),
        file(cipher__name="aes"),
        file(kdf__params__N=2**30),
        file(kdf__params__N=65537),
        file(kdf__params__N=0),
        file(kdf__params__r=2**20),
        file(kdf__params__r=0),
        file(kdf__params__p=10**6),
        file(kdf__params__p=0),
        file(kdf__salt=""),
        file(cipher__nonce="AAAA"),
        file(ciphertext=""),
        file(ciphertext="AAAA"),
        file(extra=1),
        file(kdf=None),
        GOOD + GOOD,
        GOOD[:-20],
        b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
        _pem.block(_cosign_file.LABEL, b"not json"),
    ],
)
def test_a_file_that_holds_no_key_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(data)
    with pytest.raises(ConfigError, match="not a private key"):
        load_private_key(tmp_path / "k", password=PASSWORD)
