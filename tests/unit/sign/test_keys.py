"""Keys: files that are read strictly, written privately and never overwritten."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_is_valid_point

from audit.core.errors import ConfigError, InputMissing, UsageError
from audit.sign import generate_key, load_private_key, load_public_key
from audit.sign.keys import _ed25519ph
from tests.sigkit import bundles as kit

KEYS = Path(__file__).parents[2] / "vectors" / "sign" / "cosign" / "keys"
PEM = kit.spki(kit.OURS, Encoding.PEM)


def test_a_new_key_signs_and_its_public_file_verifies(tmp_path: Path) -> None:
    made = generate_key(tmp_path / "a.key", tmp_path / "a.pub")
    private = load_private_key(tmp_path / "a.key")
    public = load_public_key((tmp_path / "a.pub").read_bytes(), source="a.pub")
    assert made == private.key_id == public.key_id
    assert private.public_pem == (tmp_path / "a.pub").read_bytes()
    assert public.verifies(private.sign(b"x"), b"x")
    assert not public.verifies(private.sign(b"x"), b"y")


def test_the_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    generate_key(tmp_path / "a.key", tmp_path / "a.pub")
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600


def test_a_password_is_needed_once_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    generate_key(path, tmp_path / "a.pub", password=b"secret")
    assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    load_private_key(path, password=b"secret")
    with pytest.raises(ConfigError, match="is encrypted"):
        load_private_key(path)
    with pytest.raises(ConfigError, match="not with this password"):
        load_private_key(path, password=b"wrong")


def test_a_password_for_a_key_that_has_none_is_a_mistake(tmp_path: Path) -> None:
    generate_key(tmp_path / "a.key", tmp_path / "a.pub")
    with pytest.raises(ConfigError, match="not encrypted"):
        load_private_key(tmp_path / "a.key", password=b"secret")


@pytest.mark.parametrize("taken", ["a.key", "a.pub"])
def test_a_key_is_never_overwritten(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(UsageError, match="never overwritten"):
        generate_key(tmp_path / "a.key", tmp_path / "a.pub")
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_a_dangling_link_is_not_followed_to_write_a_key(tmp_path: Path) -> None:
    (tmp_path / "a.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="never overwritten"):
        generate_key(tmp_path / "a.key", tmp_path / "a.pub")


@pytest.mark.parametrize("name", ["p256", "p384", "p521", "rsa2048", "rsa4096", "cosign"])
def test_the_id_of_a_key_is_the_digest_of_its_der(name: str) -> None:
    pem = (KEYS / f"{name}.pub").read_bytes()
    der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    key = load_public_key(pem, source=name)
    assert key.key_id == "sha256:" + hashlib.sha256(der).hexdigest()


def public_pem(key: object) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]


def compressed() -> bytes:
    """Return our key with its point compressed: the same key under another digest."""
    numbers = kit.OURS.public_key().public_numbers()
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    der = head + bytes([2 + (numbers.y & 1)]) + numbers.x.to_bytes(32, "big")
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n".encode()


def rsa_pem(*, exponent: int) -> bytes:
    """Return an RSA key with an exponent that the library would not make."""
    from asn1crypto import keys

    numbers = keys.RSAPublicKey({"modulus": (1 << 2047) | 1, "public_exponent": exponent})
    value = {"algorithm": {"algorithm": "rsa"}, "public_key": numbers}
    text = base64.encodebytes(keys.PublicKeyInfo(value).dump()).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n".encode()


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (b"", "not one PEM block"),
        (PEM[:-30], "not one PEM block"),
        (PEM + PEM, "not one PEM block"),
        (b"# a comment\n" + PEM, "not one PEM block"),
        (PEM.replace(b"PUBLIC", b"PRIVATE"), "is a PRIVATE KEY"),
        (PEM.replace(b"PUBLIC KEY", b"CERTIFICATE"), "is a CERTIFICATE"),
        (PEM.replace(b"M", b"N", 1), "not a public key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "not a public key"),
        (compressed(), "one DER encoding"),
        (PEM + b" " * (64 << 10), "larger than"),
        (public_pem(ec.generate_private_key(ec.SECP256K1())), "secp256k1"),
        (public_pem(ec.generate_private_key(ec.SECP192R1())), "secp192r1"),
        (public_pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),  # noqa: S505
        (public_pem(rsa.generate_private_key(3, 2048)), "exponent"),
        (rsa_pem(exponent=1), "not a public key"),
        (rsa_pem(exponent=65538), "not a public key"),
        (rsa_pem(exponent=2**40 + 1), "not a public key|exponent"),
        (public_pem(dsa.generate_private_key(2048)), "not used"),
        (public_pem(x25519.X25519PrivateKey.generate()), "X25519"),
    ],
)
def test_a_text_that_is_not_one_usable_public_key_is_refused(pem: bytes, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        load_public_key(pem, source="that.pub")
    assert str(caught.value).startswith("that.pub: ")


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("height", [*sorted(_ed25519ph.LOW_ORDER), 2**255 - 19, 2**255 - 18])
def test_an_ed25519_key_under_which_one_signature_fits_many_messages_is_refused(
    height: int, sign: int
) -> None:
    raw = (height | sign << 255).to_bytes(32, "little")
    assert not crypto_core_ed25519_is_valid_point(raw)
    point = Ed25519PublicKey.from_public_bytes(raw)
    pem = point.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ConfigError, match="low order"):
        load_public_key(pem, source="k")


def test_an_ed25519_key_as_they_are_made_is_used() -> None:
    key = Ed25519PrivateKey.generate()
    assert load_public_key(public_pem(key), source="k").spki


@pytest.mark.parametrize("data", [b"", b"nothing", PEM, b"\xff" * 100])
def test_a_file_that_is_no_private_key_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.key").write_bytes(data)
    with pytest.raises(ConfigError, match="not a private key"):
        load_private_key(tmp_path / "a.key")


def test_a_private_key_of_a_kind_that_is_not_used_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "a.key").write_bytes(pem)
    with pytest.raises(ConfigError, match="secp256k1"):
        load_private_key(tmp_path / "a.key")


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"a\.key"):
        load_private_key(tmp_path / "a.key")


@given(st.binary(max_size=100), st.integers(0, len(PEM)))
def test_no_edit_of_a_public_key_file_gives_another_key(junk: bytes, at: int) -> None:
    try:
        key = load_public_key(PEM[:at] + junk + PEM[at:], source="x")
    except ConfigError:
        return
    assert key.pem == PEM
