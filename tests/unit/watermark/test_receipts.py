"""Receipts: signed once, verified anywhere, refused when anything was changed."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from audit.core.errors import ConfigError, DigestMismatch, InputMissing, SignatureMismatch
from audit.documents import Coverage, ReceiptRecord, SignedReceipt
from audit.watermark import (
    canonical_text,
    commit_text,
    read_signer,
    read_trusted,
    sign_receipt,
    verify_receipt,
    verify_text,
)
from tests.unit.watermark.made import SALT, SIGNER, TEXT, TRUSTED, mark, receipt, record

VECTORS = Path(__file__).parents[2] / "vectors" / "watermark"


def test_a_receipt_verifies_with_the_key_that_signed_it() -> None:
    signed = sign_receipt(receipt(), SIGNER)
    assert verify_receipt(signed, TRUSTED) == receipt()


def test_what_a_release_wrote_every_later_one_verifies() -> None:
    for path in sorted(VECTORS.glob("receipt-*.valid.json")):
        kept = ReceiptRecord.read(path.read_bytes(), source=path.name)
        verify_receipt(kept.signed, TRUSTED)
        assert kept.signed.receipt.canonical() == receipt().canonical()


def test_any_changed_field_of_a_receipt_is_found() -> None:
    signed = sign_receipt(receipt(), SIGNER)
    other = receipt(
        1,
        model_digest="sha256:" + "2" * 64,
        engine="vllm",
        tokens=201,
        text_commitment="0" * 64,
        labels=(),
        overridden=("watermarking",),
        coverage=Coverage.SHORT,
        mark=mark(tag="0a0b0c0d0e10"),
    )
    changed = {name: getattr(other, name) for name in type(other).model_fields}
    kept = {"format", "model_id", "sampling", "redacted_log", "fingerprint"}
    for name, value in changed.items():
        if name in kept:
            continue
        forged = signed.model_copy(
            update={"receipt": signed.receipt.model_copy(update={name: value})}
        )
        with pytest.raises(SignatureMismatch, match="does not cover"):
            verify_receipt(forged, TRUSTED)


@given(st.integers(0, 63), st.integers(0, 7))
def test_any_changed_bit_of_a_signature_is_found(at: int, bit: int) -> None:
    signed = sign_receipt(receipt(), SIGNER)
    raw = bytearray(base64.b64decode(signed.signature))
    raw[at] ^= 1 << bit
    forged = signed.model_copy(update={"signature": base64.b64encode(raw).decode()})
    with pytest.raises(SignatureMismatch):
        verify_receipt(forged, TRUSTED)


def test_a_receipt_signed_by_a_stranger_is_refused_whatever_key_it_names() -> None:
    stranger = Ed25519PrivateKey.generate()
    signed = sign_receipt(receipt(), type(SIGNER)(stranger))
    with pytest.raises(SignatureMismatch, match="not a key you trust"):
        verify_receipt(signed, TRUSTED)
    with pytest.raises(SignatureMismatch, match="does not cover"):
        verify_receipt(signed.model_copy(update={"key": SIGNER.key}), TRUSTED)


def test_the_text_of_a_receipt_is_the_delivered_one_and_no_other() -> None:
    verify_text(receipt(), SALT, TEXT)
    for text in (TEXT.replace("quiet", "not quiet"), TEXT[:-1], "", TEXT + TEXT):
        with pytest.raises(DigestMismatch):
            verify_text(receipt(), SALT, text)
    with pytest.raises(DigestMismatch):
        verify_text(receipt(), SALT[::-1], TEXT)


def test_no_message_about_a_text_holds_the_text() -> None:
    with pytest.raises(DigestMismatch) as caught:
        verify_text(receipt(), SALT, "call 13800138000")
    assert "138" not in str(caught.value).replace(caught.value.args[0][-80:], "")


@pytest.mark.parametrize(
    "copy", ["  " + TEXT + "\n", TEXT.replace(" ", " ") + "\r\n", "\ufeff".strip("\ufeff") + TEXT]
)
def test_edges_and_line_ends_are_not_part_of_the_text(copy: str) -> None:
    verify_text(receipt(), SALT, copy)


@given(st.text())
def test_every_text_has_canonical_bytes_and_they_are_stable(text: str) -> None:
    once = canonical_text(text)
    assert canonical_text(once.decode("utf-8")) == once


def test_a_lone_surrogate_has_canonical_bytes_too() -> None:
    assert canonical_text("a\ud800b") == "a\ufffdb".encode()
    assert len(commit_text("\udfff", SALT)) == 64


def test_coverage_and_mark_cannot_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="mark says otherwise"):
        receipt(coverage=Coverage.BLACKBOX)
    with pytest.raises(ValidationError, match="mark says otherwise"):
        receipt(mark=None)
    assert receipt(coverage=Coverage.BLACKBOX, mark=None).mark is None


@pytest.mark.parametrize("wrong", ["", "x" * 88, "A" * 87 + "=", "A" * 86])
def test_a_signature_of_another_shape_is_refused(wrong: str) -> None:
    value = json.loads(sign_receipt(receipt(), SIGNER).model_dump_json())
    with pytest.raises(ConfigError, match="signature"):
        SignedReceipt.read(json.dumps(value | {"signature": wrong}).encode(), source="r.json")


def test_a_record_with_a_field_twice_is_refused() -> None:
    text = record().model_dump_json()
    twice = text.replace('"salt":', '"salt":null,"salt":')
    with pytest.raises(ConfigError, match="duplicate key 'salt'"):
        ReceiptRecord.read(twice.encode(), source="r.json")


def test_keys_are_read_from_pem_files(tmp_path: Path) -> None:
    private, public = tmp_path / "receipt.key", tmp_path / "receipt.pub"
    _write(private, SIGNER.private, mode=0o600)
    public.write_bytes(
        SIGNER.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    assert read_signer(private).key == SIGNER.key
    assert read_trusted([public]).keys() == {SIGNER.key}


def test_keys_that_are_open_missing_or_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "receipt.key"
    with pytest.raises(InputMissing):
        read_signer(path)
    _write(path, SIGNER.private, mode=0o644)
    with pytest.raises(ConfigError, match="others can read"):
        read_signer(path)
    _write(path, generate_private_key(SECP256R1()), mode=0o600)
    with pytest.raises(ConfigError, match="Ed25519"):
        read_signer(path)
    path.write_bytes(b"\xff\x00 no key")
    for read in (read_signer, lambda file: read_trusted([file])):
        with pytest.raises(ConfigError, match="not a PEM"):
            read(path)


def _write(path: Path, key: object, *, mode: int) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(
        key.private_bytes(  # type: ignore[attr-defined]
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.chmod(mode)
