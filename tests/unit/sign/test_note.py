"""Note keys: the verifier key and the signature as C2SP signed-note has them."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.core.errors import ConfigError, UsageError
from audit.documents import NoteSigner
from audit.sign import generate_note_key, load_note_key

# The example pair of golang.org/x/mod/sumdb/note, which everybody tests against.
PUBLISHED = b"PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_a_published_key_has_its_published_verifier(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(PUBLISHED + b"\n")
    assert load_note_key(tmp_path / "k").vkey == VERIFIER


def test_a_new_key_signs_what_its_verifier_checks(tmp_path: Path) -> None:
    vkey = generate_note_key(tmp_path / "k", name="example.org/log")
    signer: NoteSigner = load_note_key(tmp_path / "k")
    name, digest, material = signer.vkey.split("+", 2)
    raw = base64.b64decode(material)
    assert (signer.vkey, signer.name) == (vkey, name)
    assert raw[:1] == b"\x01"
    assert digest == hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex()
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signer.sign_note(b"x\n"), b"x\n")


def test_the_private_file_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    generate_note_key(tmp_path / "k", name="a")
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="never overwritten"):
        generate_note_key(tmp_path / "k", name="a")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "日志", "x" * 201])
def test_a_name_that_a_note_cannot_carry_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot name"):
        generate_note_key(tmp_path / "k", name=name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a note key"),
        (VERIFIER.encode(), "not a note key"),
        (PUBLISHED + b"\n\n", "not a note key"),
        (PUBLISHED.replace(b"c74f20a3", b"c74f20a4"), "hash"),
        (PUBLISHED.replace(b"Peter", b"peter"), "hash"),
        (PUBLISHED[:-4], "not an Ed25519"),
        (PUBLISHED.replace(b"+AYEK", b"+AoEK"), "not an Ed25519"),
        (PUBLISHED[:-1], "not base64"),
    ],
)
def test_a_file_that_is_no_note_key_is_refused(data: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(data)
    with pytest.raises(ConfigError, match=why):
        load_note_key(tmp_path / "k")


def test_a_note_key_does_not_show_itself(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(PUBLISHED)
    assert "AYEK" not in repr(load_note_key(tmp_path / "k"))
