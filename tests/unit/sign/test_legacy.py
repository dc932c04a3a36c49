"""Legacy signatures: the older formats, held to the same rules."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import SignatureMismatch, UsageError
from audit.sign import (
    Expected,
    Identity,
    LegacySignature,
    load_public_key,
    parse_trusted_root,
    simple_payload,
    verify_legacy,
    verify_legacy_attestation,
)
from tests.sigkit import bundles as kit
from tests.sigkit.bundles import DIGEST, OTHER_DIGEST
from tests.sigstack import Stack
from tests.sigstack.merkle import sha256
from tests.sigstack.stack import EMAIL, NOON, Signer

SIGNATURE = "dev.cosignproject.cosign/signature"
CERTIFICATE = "dev.sigstore.cosign/certificate"
BUNDLE = "dev.sigstore.cosign/bundle"
TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"
PLACE = "registry.example/acme/model"
PAYLOAD = simple_payload(DIGEST, PLACE)
STACK = Stack()
ROOT = parse_trusted_root(json.dumps(STACK.trusted_root()).encode(), source="root")
KEY = load_public_key(kit.spki(kit.OURS, Encoding.PEM), source="ours")
BY_KEY = Expected(DIGEST, [KEY])
BY_IDENTITY = Expected(
    DIGEST,
    identities=[Identity(EMAIL, STACK.url)],
    root=ROOT,
    clock=lambda: int(NOON.timestamp() + 9999) * 10**9,
)


def keyed(payload: bytes = PAYLOAD, by: Any = kit.OURS, **more: str) -> LegacySignature:
    signature = kit.b64(Signer(by).sign(payload))
    return LegacySignature(payload, {SIGNATURE: signature} | more)


def certified(payload: bytes = PAYLOAD, *, about: bytes | None = None) -> LegacySignature:
    """Return a keyless signature; `about` is what its log entry is about instead."""
    signer = STACK.signer()
    assert signer.certificate is not None
    signature = signer.sign(payload)
    logged = about or payload
    entry = STACK.entry_v1(STACK.body_rekord_v1(sha256(logged), signer.sign(logged), signer))
    promise = {
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logIndex": int(entry["logIndex"]),
            "logID": STACK.rekor1.log_id.hex(),
        },
    }
    stamp = {"SignedRFC3161Timestamp": kit.b64(STACK.tsa.stamp(signature, NOON))}
    return LegacySignature(
        payload,
        {
            SIGNATURE: kit.b64(signature),
            CERTIFICATE: signer.certificate.public_bytes(Encoding.PEM).decode(),
            BUNDLE: json.dumps(promise),
            TIMESTAMP: json.dumps(stamp),
        },
    )


def without(signature: LegacySignature, name: str) -> LegacySignature:
    left = {key: text for key, text in signature.annotations.items() if key != name}
    return LegacySignature(signature.payload, left)


def replaced(signature: LegacySignature, name: str, text: str) -> LegacySignature:
    return LegacySignature(signature.payload, {**signature.annotations, name: text})


def test_the_payload_is_byte_for_byte_cosigns() -> None:
    assert simple_payload(DIGEST, "127.0.0.1:5000/it/x") == (
        b'{"critical":{"identity":{"docker-reference":"127.0.0.1:5000/it/x"},"image":{'
        b'"docker-manifest-digest":"' + DIGEST.encode() + b'"},'
        b'"type":"cosign container image signature"},"optional":null}'
    )


def test_a_signature_by_key_verifies() -> None:
    found = verify_legacy(keyed(), BY_KEY)
    assert (found.key, found.payload) == (KEY, PAYLOAD)
    assert verify_legacy(keyed(), BY_KEY, reference=PLACE).key == KEY


def test_a_keyless_signature_verifies_and_says_when() -> None:
    found = verify_legacy(certified(), BY_IDENTITY)
    assert found.signer == Identity(EMAIL, STACK.url)
    assert found.log is not None
    assert not found.log.proved
    assert set(found.times) == {NOON}


def payload(**change: Any) -> bytes:
    value = json.loads(PAYLOAD)
    for path, new in change.items():
        *steps, last = path.split("__")
        holder = value
        for step in steps:
            holder = holder[step.replace("_", "-")]
        holder[last.replace("_", "-")] = new
    return kit.compact(value)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (simple_payload(OTHER_DIGEST, PLACE), "about"),
        (payload(critical__type="atomic container signature"), "of type"),
        (payload(critical__type=""), "not text"),
        (payload(critical__image__docker_manifest_digest=DIGEST.upper()), "about"),
        (payload(critical__extra=1), "not a known member"),
        (payload(extra=1), "not a known member"),
        (payload(critical__image=None), "not an object"),
        (payload(critical=[]), "not an object"),
        (PAYLOAD[:-1] + b',"CRITICAL":{}}', "case alone"),
        (PAYLOAD[:-1] + b',"critical":{}}', "duplicate key"),
        (PAYLOAD + b"x", "extra data"),
        (b"", "expecting value"),
        (b"[]", "not an object"),
        (b"\xff", "UTF-8"),
        (b" " * (1 << 20) + PAYLOAD, "too long"),
    ],
)
def test_a_validly_signed_payload_that_says_something_else_is_refused(
    data: bytes, why: str
) -> None:
    with pytest.raises(SignatureMismatch, match=why):
        verify_legacy(keyed(data), BY_KEY)


def test_a_signature_for_another_repository_is_refused_when_one_is_asked_for() -> None:
    with pytest.raises(SignatureMismatch, match="is for"):
        verify_legacy(keyed(), BY_KEY, reference="registry.example/acme/other")


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        (keyed(by=kit.THEIRS), "not named here"),
        (LegacySignature(PAYLOAD, {}), "is missing"),
        (LegacySignature(PAYLOAD, {SIGNATURE: ""}), "is missing"),
        (LegacySignature(PAYLOAD, {SIGNATURE: "***"}), "base64"),
        (LegacySignature(PAYLOAD, {SIGNATURE: "A" * (2 << 20)}), "too long"),
        (LegacySignature(PAYLOAD[:-1] + b" }", dict(keyed().annotations)), "not named here"),
        (replaced(keyed(), CERTIFICATE, certified().annotations[CERTIFICATE]), "key was asked for"),
        (replaced(keyed(), CERTIFICATE, "junk"), "PEM"),
        (replaced(keyed(), BUNDLE, "junk"), "expecting value"),
        (replaced(keyed(), TIMESTAMP, "[]"), "not an object"),
    ],
)
def test_a_signature_by_key_that_does_not_hold_is_refused(
    signature: LegacySignature, why: str
) -> None:
    with pytest.raises(SignatureMismatch, match=why):
        verify_legacy(signature, BY_KEY)


GOOD = certified()


def promise(**change: Any) -> str:
    value = json.loads(GOOD.annotations[BUNDLE])
    for name, new in change.items():
        holder = value if name in value else value["Payload"]
        if new is None:
            del holder[name]
        else:
            holder[name] = new
    return json.dumps(value)


def intoto() -> str:
    body = kit.b64(kit.compact({"kind": "intoto", "apiVersion": "0.0.2", "spec": {}}))
    return promise(body=body)


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        (keyed(), "an identity was asked for"),
        (without(GOOD, BUNDLE), "no log entry"),
        (certified(about=b"another payload"), "another"),
        (
            replaced(
                GOOD, BUNDLE, certified(simple_payload(OTHER_DIGEST, PLACE)).annotations[BUNDLE]
            ),
            "another",
        ),
        (replaced(GOOD, BUNDLE, promise(integratedTime=1)), "not signed by the log"),
        (replaced(GOOD, BUNDLE, promise(logIndex=10**6)), "not signed by the log"),
        (replaced(GOOD, BUNDLE, promise(logIndex=-1)), "not a count"),
        (replaced(GOOD, BUNDLE, promise(logID="00" * 32)), "is not in"),
        (replaced(GOOD, BUNDLE, promise(logID="xx")), "not hex"),
        (replaced(GOOD, BUNDLE, promise(body="e30=")), "not read"),
        (replaced(GOOD, BUNDLE, intoto()), "not read"),
        (replaced(GOOD, BUNDLE, promise(SignedEntryTimestamp=None)), "is missing"),
        (replaced(GOOD, BUNDLE, promise(Payload=[])), "not an object"),
        (
            replaced(GOOD, TIMESTAMP, certified(b"{}").annotations[TIMESTAMP]),
            "timestamp does not verify",
        ),
        (replaced(GOOD, CERTIFICATE, GOOD.annotations[CERTIFICATE] * 2), "PEM"),
    ],
)
def test_a_keyless_signature_that_does_not_hold_is_refused(
    signature: LegacySignature, why: str
) -> None:
    with pytest.raises(SignatureMismatch, match=why):
        verify_legacy(signature, BY_IDENTITY)


def envelope(kind: str, digest: str = DIGEST) -> LegacySignature:
    value = kit.bundle(kit.compact(kit.statement(digest, kind)))["dsseEnvelope"]
    return LegacySignature(kit.compact(value), {SIGNATURE: ""})


def test_an_attestation_verifies_by_its_own_type_alone() -> None:
    kind = "https://audit.test/evaluation/v1"
    asked = Expected(DIGEST, [KEY], predicate_type=kind)
    assert verify_legacy_attestation(envelope(kind), asked).key == KEY
    for wrong in (envelope("https://audit.test/other/v1"), envelope(kind, OTHER_DIGEST)):
        with pytest.raises(SignatureMismatch):
            verify_legacy_attestation(wrong, asked)
    with pytest.raises(SignatureMismatch):
        verify_legacy(envelope(kind), BY_KEY)


def test_what_cannot_be_signed_is_a_mistake() -> None:
    for digest, place in (("x", PLACE), (DIGEST, ""), ("blake3:" + "a" * 64, PLACE)):
        with pytest.raises(UsageError):
            simple_payload(digest, place)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=4,
)


@given(JSON)
def test_no_signed_json_that_is_not_our_payload_verifies(value: object) -> None:
    with pytest.raises(SignatureMismatch):
        verify_legacy(keyed(kit.compact(value)), BY_KEY)


@given(st.sampled_from([SIGNATURE, CERTIFICATE, BUNDLE, TIMESTAMP]), st.text(max_size=60))
def test_no_annotation_crashes_the_reader(name: str, text: str) -> None:
    with pytest.raises(SignatureMismatch):
        verify_legacy(replaced(GOOD, name, text), BY_IDENTITY)


@given(st.integers(0, 3000), st.binary(min_size=1, max_size=2))
def test_no_edit_of_a_payload_verifies(at: int, junk: bytes) -> None:
    data = bytearray(PAYLOAD)
    at %= len(data)
    data[at : at + len(junk)] = junk
    if bytes(data) == PAYLOAD:
        return
    with pytest.raises(SignatureMismatch):
        verify_legacy(LegacySignature(bytes(data), GOOD.annotations), BY_IDENTITY)
    assert base64.b64decode(GOOD.annotations[SIGNATURE])
