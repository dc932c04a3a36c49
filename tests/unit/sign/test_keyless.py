"""Keyless bundles: one change at a time, each with the outcome it must have."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import SignatureMismatch, UsageError
from audit.sign import (
    Expected,
    Identity,
    VerifiedBundle,
    load_public_key,
    load_trusted_root,
    parse_trusted_root,
    verify_expected,
)
from tests.sigkit import bundles
from tests.sigkit import keyless as kit
from tests.sigkit.bundles import DIGEST
from tests.sigstack import Stack
from tests.sigstack.stack import EMAIL, NOON

COSIGN = Path(__file__).parents[2] / "vectors" / "sign" / "cosign"
VECTORS = sorted(kit.VECTORS.glob("*-*.json"))
ISSUER = "http://127.0.0.1:8002"
IDENTITY = Identity(EMAIL, ISSUER)
ROOT = parse_trusted_root((kit.VECTORS / "root.json").read_bytes(), source="root.json")


def soon() -> int:
    """Return a day a month after the vectors were signed."""
    return int((NOON + timedelta(days=30)).timestamp()) * 10**9


def verify(bundle: bytes, identity: Identity = IDENTITY, root: object = None) -> VerifiedBundle:
    used = ROOT if root is None else parse_trusted_root(json.dumps(root).encode(), source="r.json")
    return verify_expected(bundle, Expected(DIGEST, identities=[identity], root=used, clock=soon))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.name.removesuffix(".json"))
def test_a_bundle_ends_as_its_vector_says(path: Path) -> None:
    vector = json.loads(path.read_bytes())
    bundle = base64.b64decode(vector["bundle"])
    if path.name.endswith(".accept.json"):
        assert verify(bundle, root=vector.get("root")).signer == IDENTITY
    else:
        with pytest.raises(SignatureMismatch) as caught:
            verify(bundle, root=vector.get("root"))
        assert vector["reason"] in str(caught.value)


def test_the_vectors_are_the_ones_the_kit_makes() -> None:
    made = {
        f"{case.name}.{'reject' if case.reason else 'accept'}.json": case.bundle
        for case in kit.cases()
    }
    held = {
        path.name: base64.b64decode(json.loads(path.read_bytes())["bundle"]) for path in VECTORS
    }
    assert made == held


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_what_cosign_signed_keyless_verifies(version: str) -> None:
    digest = (COSIGN / f"cosign_keyless_{version}_digest").read_text().strip()
    found = verify_expected(
        (COSIGN / f"cosign_keyless_{version}.json").read_bytes(),
        Expected(
            digest, identities=[IDENTITY], root=load_trusted_root(COSIGN / "trusted_root.json")
        ),
    )
    assert found.signer == IDENTITY
    assert found.log is not None
    assert (found.log.index, found.log.proved) == (7, True)
    assert {when.isoformat()[:16] for when in found.times} == {"2026-11-23T16:12"}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_with_a_root_the_log_entry_of_a_key_signature_is_verified(version: str) -> None:
    key = load_public_key((COSIGN / "keys/cosign.pub").read_bytes(), source="cosign.pub")
    digest = (COSIGN / f"cosign_key_{version}_digest").read_text().strip()
    bundle = (COSIGN / f"cosign_key_{version}.json").read_bytes()
    theirs = load_trusted_root(COSIGN / "trusted_root.json")
    found = verify_expected(bundle, Expected(digest, keys=[key], root=theirs))
    assert found.log is not None
    assert found.log.index == 8
    with pytest.raises(SignatureMismatch, match="is not in"):
        verify_expected(bundle, Expected(digest, keys=[key], root=ROOT))


def test_with_a_root_a_key_signature_without_log_entry_is_refused() -> None:
    key = load_public_key(bundles.spki(bundles.OURS, Encoding.PEM), source="ours")
    bundle = bundles.compact(bundles.good())
    with pytest.raises(SignatureMismatch, match="no log entry"):
        verify_expected(bundle, Expected(DIGEST, keys=[key], root=ROOT))


GOOD = base64.b64decode(json.loads((kit.VECTORS / "v2-good.accept.json").read_bytes())["bundle"])


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        (r"ci@audit\.test", True),
        (r".*@audit\.test", True),
        (r"i@audit", False),
        (r"ci@audit", False),
        (r"audit\.test", False),
        (r"^ci@audit\.test|x$", True),
        (r"CI@audit\.test", False),
    ],
)
def test_a_pattern_must_match_the_whole_identity(pattern: str, holds: bool) -> None:
    wanted = Identity(pattern, ISSUER, pattern=True)
    if holds:
        assert verify(GOOD, wanted).signer == IDENTITY
    else:
        with pytest.raises(SignatureMismatch, match="not named here"):
            verify(GOOD, wanted)


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:8002/", "http://127.0.0.1", "HTTP://127.0.0.1:8002"]
)
def test_an_issuer_is_compared_exactly(issuer: str) -> None:
    with pytest.raises(SignatureMismatch, match="not named here"):
        verify(GOOD, Identity(EMAIL, issuer))


@pytest.mark.parametrize(("identity", "issuer"), [("", ISSUER), (EMAIL, ""), ("[", ISSUER)])
def test_an_identity_that_could_match_by_accident_is_refused(identity: str, issuer: str) -> None:
    with pytest.raises(ValueError, match=r"identity|pattern"):
        Identity(identity, issuer, pattern=identity == "[")


def test_who_verifies_and_against_what_is_said_before_anything_is_read() -> None:
    key = load_public_key(bundles.spki(bundles.OURS, Encoding.PEM), source="ours")
    for wrong in (
        {"identities": [IDENTITY]},
        {"identities": [IDENTITY], "keys": [key], "root": ROOT},
        {"root": ROOT},
    ):
        with pytest.raises(UsageError):
            Expected(DIGEST, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", [1, 2])
def test_a_signature_over_an_artifact_itself_counts_only_when_asked_for(version: int) -> None:
    stack = Stack()
    signer = stack.signer()
    digest = bytes.fromhex(DIGEST[7:])
    made = signer.key.sign(digest, ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True))
    bundle = stack.artifact_bundle(digest, version, signature=made, signer=signer)
    asked = Expected(DIGEST, identities=[IDENTITY], root=ROOT, clock=soon, artifact=True)
    assert verify_expected(bundles.compact(bundle), asked).payload == b""
    with pytest.raises(SignatureMismatch, match="raw bytes"):
        verify(bundles.compact(bundle))
    other = Expected(
        "sha256:" + "cd" * 32, identities=[IDENTITY], root=ROOT, clock=soon, artifact=True
    )
    with pytest.raises(SignatureMismatch, match="not one of the certificate"):
        verify_expected(bundles.compact(bundle), other)
    bundle["messageSignature"]["messageDigest"]["digest"] = bundles.b64(bytes(32))
    with pytest.raises(SignatureMismatch, match="claims to be about another"):
        verify_expected(bundles.compact(bundle), asked)


@given(st.data())
def test_any_edit_of_a_keyless_bundle_is_refused_or_changes_nothing_that_counts(
    data: st.DataObject,
) -> None:
    edited = bytearray(GOOD)
    at = data.draw(st.integers(0, len(edited)))
    edited[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        found = verify(bytes(edited))
    except SignatureMismatch:
        return
    assert (found.payload, found.signer) == (kit.PAYLOAD, IDENTITY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)


def _places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else []
    items = enumerate(value) if isinstance(value, list) else items
    for name, item in items:
        found += _places(item, (*path, name))
    return found


@given(st.sampled_from(_places(json.loads(GOOD))), JSON)
def test_no_value_in_place_of_any_member_crashes_or_changes_the_signer(
    place: tuple[object, ...], value: object
) -> None:
    bundle = json.loads(GOOD)
    holder = bundle
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    try:
        found = verify(bundles.compact(bundle))
    except SignatureMismatch:
        return
    assert (found.payload, found.signer) == (kit.PAYLOAD, IDENTITY)


@given(st.binary(max_size=200))
def test_no_certificate_bytes_crash_the_reader(junk: bytes) -> None:
    bundle = json.loads(GOOD)
    bundle["verificationMaterial"]["certificate"]["rawBytes"] = bundles.b64(junk)
    with pytest.raises(SignatureMismatch):
        verify(bundles.compact(bundle))


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=3))
def test_no_edit_of_a_certificate_or_timestamp_verifies(at: int, junk: bytes) -> None:
    for pick in (
        lambda m: (m["certificate"], "rawBytes"),
        lambda m: (m["timestampVerificationData"]["rfc3161Timestamps"][0], "signedTimestamp"),
    ):
        bundle = json.loads(GOOD)
        holder, name = pick(bundle["verificationMaterial"])
        data = bytearray(base64.b64decode(holder[name]))
        at %= len(data)
        if data[at : at + len(junk)] == junk:
            continue
        data[at : at + len(junk)] = junk
        holder[name] = bundles.b64(bytes(data))
        try:
            found = verify(bundles.compact(bundle))
        except SignatureMismatch:
            continue
        assert (found.payload, found.signer) == (kit.PAYLOAD, IDENTITY)
