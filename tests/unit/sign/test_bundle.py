"""Bundles: what verifies, and everything that must not."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import SignatureMismatch, UsageError
from audit.sign import (
    MAX_BUNDLE,
    VerifiedBundle,
    first_of,
    load_private_key,
    load_public_key,
    sign_statement,
    signature_statement,
    statement,
    verify_any,
    verify_bundle,
)
from tests.sigkit import bundles as kit

COSIGN = Path(__file__).parents[2] / "vectors" / "sign" / "cosign"
KEY = load_public_key(kit.spki(kit.OURS, Encoding.PEM), source="ours")
OTHER = load_public_key(kit.spki(kit.THEIRS, Encoding.PEM), source="theirs")
VECTORS = sorted(kit.VECTORS.glob("*.json"))
GOOD = kit.compact(kit.good())


def verify(bundle: bytes, **more: object) -> VerifiedBundle:
    asked = {"digest": kit.DIGEST, "keys": [KEY], "predicate_type": kit.SIGN} | more
    return verify_bundle(bundle, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.name.removesuffix(".json"))
def test_a_bundle_ends_as_its_vector_says(path: Path) -> None:
    vector = json.loads(path.read_bytes())
    bundle = base64.b64decode(vector["bundle"])
    if path.name.endswith(".accept.json"):
        assert verify(bundle).key == KEY
    else:
        with pytest.raises(SignatureMismatch) as caught:
            verify(bundle)
        assert vector["reason"] in str(caught.value)


def test_the_vectors_are_the_ones_the_kit_makes() -> None:
    made = {
        f"{name}.{'reject' if reason else 'accept'}.json": base64.b64encode(data).decode()
        for name, data, reason in kit.cases()
    }
    assert made == {path.name: json.loads(path.read_bytes())["bundle"] for path in VECTORS}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_what_cosign_signed_with_a_key_verifies(version: str) -> None:
    key = load_public_key((COSIGN / "keys/cosign.pub").read_bytes(), source="cosign.pub")
    bundle = (COSIGN / f"cosign_key_{version}.json").read_bytes()
    digest = (COSIGN / f"cosign_key_{version}_digest").read_text().strip()
    found = verify(bundle, digest=digest, keys=[OTHER, key])
    assert found.key == key


def test_our_signature_statement_is_the_one_cosign_signs() -> None:
    digest = (COSIGN / "cosign_key_v1_digest").read_text().strip()
    envelope = json.loads((COSIGN / "cosign_key_v1.json").read_bytes())["dsseEnvelope"]
    theirs = base64.b64decode(envelope["payload"])
    assert json.loads(signature_statement(digest)) == json.loads(theirs)


def test_a_bundle_larger_than_the_bound_is_refused_unread() -> None:
    with pytest.raises(SignatureMismatch, match="read at most"):
        verify(GOOD + b" " * MAX_BUNDLE)


def test_no_keys_is_a_mistake_and_never_a_yes() -> None:
    with pytest.raises(UsageError, match="no key"):
        verify(GOOD, keys=[])


@pytest.mark.parametrize("digest", ["", "ab", "sha256:" + "AB" * 32, "blake3:" + "ab" * 32])
def test_a_digest_that_names_no_manifest_is_a_mistake(digest: str) -> None:
    with pytest.raises(UsageError, match="sha256"):
        verify(GOOD, digest=digest)


def test_the_refusal_names_the_stranger_by_its_hint() -> None:
    with pytest.raises(SignatureMismatch) as caught:
        verify(GOOD, keys=[OTHER])
    assert f"hint {KEY.key_id}" in str(caught.value)


def test_one_good_bundle_among_many_bad_is_enough() -> None:
    bad = kit.compact(kit.bundle(kit.compact(kit.statement(kit.OTHER_DIGEST))))
    found = verify_any(
        [b"junk", bad] * 30 + [GOOD], digest=kit.DIGEST, keys=[KEY], predicate_type=kit.SIGN
    )
    assert found.bundle_digest == "sha256:" + hashlib.sha256(GOOD).hexdigest()


def test_bad_bundles_alone_are_refused_with_their_reasons() -> None:
    with pytest.raises(SignatureMismatch, match=r"expecting value.*and 50 more"):
        verify_any([b"junk"] * 60, digest=kit.DIGEST, keys=[KEY], predicate_type=kit.SIGN)


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(SignatureMismatch, match="nobody signed it"):
        verify_any([], digest=kit.DIGEST, keys=[KEY], predicate_type=kit.SIGN)


def test_signing_twice_gives_the_same_bytes_and_they_verify(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    path.write_bytes(_pkcs8(kit.OURS))
    key = load_private_key(path)
    payload = signature_statement(kit.DIGEST)
    assert sign_statement(payload, key) == sign_statement(payload, key)
    assert verify(sign_statement(payload, key)).payload == payload  # type: ignore[attr-defined]


def test_a_statement_of_another_type_is_no_signature(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    path.write_bytes(_pkcs8(kit.OURS))
    kind = "https://audit.test/evaluation/v1"
    bundle = sign_statement(statement(kit.DIGEST, kind, {"passed": False}), load_private_key(path))
    verify(bundle, predicate_type=kind)
    with pytest.raises(SignatureMismatch, match="of type"):
        verify(bundle)


@pytest.mark.parametrize("predicate", [{"x": 1.5}, {"x": 2**60}, {"é": 1}, {"x": {1, 2}}])
def test_a_predicate_without_one_spelling_is_not_signed(predicate: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="cannot be signed"):
        statement(kit.DIGEST, "https://audit.test/x/v1", predicate)  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"_type":"x"}', b"\xff"])
def test_something_that_is_no_statement_is_not_signed(payload: bytes, tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    path.write_bytes(_pkcs8(kit.OURS))
    with pytest.raises(UsageError, match="cannot sign"):
        sign_statement(payload, load_private_key(path))


@given(st.data())
def test_any_edit_of_a_bundle_is_refused_or_changes_nothing_that_was_signed(
    data: st.DataObject,
) -> None:
    edited = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(edited)))
        edited[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    try:
        found = verify(bytes(edited))
    except SignatureMismatch:
        return
    assert found.payload == kit.compact(kit.statement())  # type: ignore[attr-defined]


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_parser(data: bytes) -> None:
    with pytest.raises(SignatureMismatch):
        verify(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
MEMBERS = ["mediaType", "verificationMaterial", "dsseEnvelope"]


@given(st.sampled_from(MEMBERS), JSON)
def test_no_value_in_place_of_a_member_verifies(member: str, value: object) -> None:
    with pytest.raises(SignatureMismatch):
        verify(kit.compact(kit.good() | {member: value}))


@given(JSON)
def test_no_signed_json_that_is_not_our_statement_verifies(value: object) -> None:
    with pytest.raises(SignatureMismatch):
        verify(kit.raw(kit.compact(value)))


def _pkcs8(key: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]


def test_the_twin_of_a_key_signature_verifies_and_says_nothing_else() -> None:
    value = kit.good()
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    holder = value["dsseEnvelope"]["signatures"][0]
    r, s = decode_dss_signature(base64.b64decode(holder["sig"]))
    holder["sig"] = kit.b64(encode_dss_signature(r, order - s))
    twin = kit.compact(value)
    first, second = verify(kit.compact(kit.good())), verify(twin)
    assert first.bundle_digest != second.bundle_digest
    assert (first.key, first.payload) == (second.key, second.payload)


def test_a_candidate_that_this_installation_cannot_read_hides_no_other() -> None:
    def unread() -> VerifiedBundle:
        raise UsageError("an extra is not installed")

    good = kit.compact(kit.good())
    assert first_of([unread, lambda: verify(good)], kit.DIGEST) == verify(good)
    with pytest.raises(UsageError, match="not installed"):
        first_of([unread], kit.DIGEST)
