"""Receipts that were forged, moved or made to collide, and detectors that are asked too much."""

import base64
import unicodedata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit.core.errors import ConfigError, DigestMismatch, SignatureMismatch
from audit.core.standalone import verifies
from audit.core.standalone import verify_receipt as verify
from audit.documents import Decision, DetectionVerdict, ReceiptRecord, SignedReceipt
from audit.gateway.receipts import rounded
from audit.watermark import commit_text, new_receipt_id, sign_receipt, verify_receipt, verify_text
from tests.unit.watermark.made import SALT, SIGNER, TEXT, TRUSTED, mark, receipt, record
from tests.unit.watermark.world import DAY, START, World, line

Q = 2**252 + 27742317777372353535851937790883648493  # RFC 8032, 5.1: the order of the group
PEM = (
    SIGNER.private.public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def signed_as(signature: bytes | str) -> SignedReceipt:
    text = signature if isinstance(signature, str) else base64.b64encode(signature).decode()
    return record().signed.model_copy(update={"signature": text})


def test_a_signature_with_the_order_of_the_group_added_is_refused_by_both_verifiers() -> None:
    """Malleability: S + q satisfies the equation as S does (RFC 8032, 5.1.7 asks S < q)."""
    raw = base64.b64decode(record().signed.signature)
    s = int.from_bytes(raw[32:], "little") + Q
    forged = raw[:32] + s.to_bytes(32, "little")
    with pytest.raises(SignatureMismatch):
        verify_receipt(signed_as(forged), TRUSTED)
    bare = record().model_copy(update={"signed": signed_as(forged)}).model_dump_json()
    with pytest.raises(ValueError, match="does not cover"):
        verify(bare.encode(), PEM, None)


@pytest.mark.parametrize("key", [b"\1" + b"\0" * 31, b"\0" * 32, b"\xec" + b"\xff" * 30 + b"\x7f"])
def test_a_key_of_small_order_verifies_nothing_it_is_not_asked_to(key: bytes) -> None:
    identity = b"\1" + b"\0" * 31
    assert TRUSTED.keys() == {SIGNER.key}
    # Such a key "verifies" anything for some signature; it counts only if somebody trusts it.
    assert isinstance(verifies(key, b"m", identity + b"\0" * 32), bool)
    with pytest.raises(ValueError, match="another key"):
        verify(record().model_dump_json().encode(), _pem(key), None)


def test_another_spelling_of_the_same_signature_is_no_signature() -> None:
    good = record().signed.signature
    last = good[-3]
    other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = good[:-3] + other[other.index(last) + 1] + "=="
    assert base64.b64decode(twin) == base64.b64decode(good)
    json = record().model_dump_json().replace(good, twin)
    with pytest.raises(ConfigError):
        ReceiptRecord.read(json.encode(), source="r")
    with pytest.raises(ValueError, match="not 64 bytes"):
        verify(json.encode(), PEM, None)


def test_a_receipt_under_another_key_id_or_of_another_text_is_refused() -> None:
    moved = receipt(mark=mark(key_id="f" * 16))
    with pytest.raises(SignatureMismatch):
        verify_receipt(record().signed.model_copy(update={"receipt": moved}), TRUSTED)
    with pytest.raises(DigestMismatch):
        verify_text(receipt(), SALT, TEXT.replace("harbour", "harbor"))


def test_composed_and_decomposed_characters_are_one_text_and_compatible_ones_are_not() -> None:
    text = "Café in Zürich: ﬁne, １２３ and ½."
    one = record(text=text, text_commitment=_commitment(text)).signed.receipt
    for same in (unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text)):
        verify_text(one, SALT, same)
    for other in (unicodedata.normalize("NFKC", text), unicodedata.normalize("NFKD", text)):
        with pytest.raises(DigestMismatch):
            verify_text(one, SALT, other)


# Tags of 48 bits


def test_two_receipts_with_one_tag_are_told_apart_by_their_sketches(world: World) -> None:
    text, issued = world.answer(1)
    twin = _twin(issued.record, world)
    world.shelf.add(twin, lookup=b"t" * 16)
    edited = text.replace(" ", " not ", 5)
    found = world.examiner(scan=True).examine(edited)
    assert found.verdict is DetectionVerdict.DERIVED
    tied = [one.receipt_id for one in found.attributions if one.decision is Decision.PRESENT]
    assert issued.receipt.receipt_id in tied
    assert "mixture" in found.remarks or tied == [issued.receipt.receipt_id]
    exact = world.examiner(scan=True).examine(text)
    assert [one.receipt_id for one in exact.attributions if one.exact] == [
        issued.receipt.receipt_id
    ]


def test_an_erased_receipt_with_the_same_tag_is_reported_beside_the_right_one(
    world: World,
) -> None:
    text, issued = world.answer(1)
    twin = _twin(issued.record, world)
    world.shelf.add(twin, lookup=b"t" * 16)
    for one in (issued.record, twin):
        assert world.shelf.erase(one.signed.receipt.receipt_id)
    found = world.examiner(scan=True).examine(text)
    tied = {one.receipt_id for one in found.attributions if one.decision is Decision.PRESENT}
    assert tied == {issued.receipt.receipt_id, twin.signed.receipt.receipt_id}
    assert "mixture" in found.remarks


# The detector as an oracle


def test_while_the_mark_is_strong_no_single_edit_changes_what_a_caller_is_told(
    world: World,
) -> None:
    text, _ = world.answer(1, count=200)
    words = text.split()
    examiner = world.examiner()
    edited = [*words[:100], "not", *words[100:]]
    base = rounded(examiner.examine(" ".join(edited)))
    assert all(one.log10_p == "-12.00" for one in base.presence)
    for at in range(0, 200, 2):
        if edited[at] != "not":
            found = rounded(examiner.examine(" ".join(edited[:at] + edited[at + 1 :])))
            assert [one.log10_p for one in found.presence] == ["-12.00"]
            assert [one.log10_p for one in found.attributions] == [
                one.log10_p for one in base.attributions
            ]
            assert found.verdict is base.verdict


def test_revocation_is_the_moment_a_leaked_key_stops_counting(tmp_path: Path) -> None:
    before = World.make(tmp_path, line(revoked_at_ns=START + DAY))
    text, issued = before.answer(1)
    assert issued.receipt.ts_ns < START + DAY
    before.now = START + DAY - 1
    late, after = before.answer(2)
    assert after.receipt.ts_ns >= START + DAY
    examiner = before.examiner()
    assert examiner.examine(text).verdict is DetectionVerdict.AUTHENTIC
    found = examiner.examine(late)
    assert found.verdict is not DetectionVerdict.AUTHENTIC
    assert "key-not-valid" in found.remarks


def _twin(of: ReceiptRecord, world: World) -> ReceiptRecord:
    """Return another receipt, of another response, that has the same tag by chance."""
    _, other = world.answer(9, keep=False)
    tag = of.signed.receipt.mark.tag  # type: ignore[union-attr]
    there = other.receipt
    changed = there.model_copy(
        update={
            "receipt_id": new_receipt_id(there.ts_ns + 10**9),
            "mark": there.mark.model_copy(update={"tag": tag}),  # type: ignore[union-attr]
        }
    )
    return other.record.model_copy(update={"signed": sign_receipt(changed, SIGNER)})


def _commitment(text: str) -> str:

    return commit_text(text, SALT)


def _pem(raw: bytes) -> str:
    der = bytes.fromhex("302a300506032b6570032100") + raw
    body = base64.b64encode(der).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"
