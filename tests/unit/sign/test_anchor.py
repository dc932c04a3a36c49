"""Anchors: what a timestamp or a log entry must be to count, checked without a network."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from audit.core.errors import ConfigError, SignatureMismatch, UsageError
from audit.documents import AnchorKind
from audit.sign import PrivateKey, TrustedRoot, parse_trusted_root
from audit.sign.anchor import AnchorTrust, LogMaker, read_chain, read_services, trust_anchors
from audit.sign.keys import public_key
from tests.sigkit.bundles import OURS, spki
from tests.sigstack import Stack
from tests.sigstack.authority import TimestampAuthority, derived
from tests.sigstack.merkle import Log, b64
from tests.sigstack.stack import NOON

NOTE = b"log.example/audit\n5\nAAAA\n\n\xe2\x80\x94 log.example/audit AAAA\n"
STAMP, LOG = AnchorKind.TIMESTAMP, AnchorKind.LOG
Json = dict[str, Any]


@pytest.fixture(scope="module")
def stack() -> Stack:
    return Stack(seed="anchor")


def root_of(value: Json) -> TrustedRoot:
    return parse_trusted_root(json.dumps(value).encode(), source="root.json")


def trust(value: Json, at: datetime = NOON) -> AnchorTrust:
    return AnchorTrust(root_of(value), lambda: int(at.timestamp()) * 10**9)


def logged(stack: Stack, note: bytes = NOTE, **changes: Any) -> bytes:
    """Return what a client would keep after logging `note`."""
    digest, signature = hashlib.sha256(note).digest(), private_key().sign(note)
    verifier = {"publicKey": {"rawBytes": b64(spki(OURS))}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
    data = {"algorithm": "SHA2_256", "digest": b64(digest)}
    inner = {"data": data, "signature": {"content": b64(signature), "verifier": verifier}}
    body = {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": inner}}
    return bundle(stack.entry_v2(body), digest, signature, **changes)


def bundle(entry: Json, digest: bytes, signature: bytes, **changes: Any) -> bytes:
    value: Json = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "AAAA"}, "tlogEntries": [entry | changes]},
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest)},
            "signature": b64(signature),
        },
    }
    return json.dumps(value).encode()


def private_key() -> PrivateKey:
    return PrivateKey(public_key(OURS.public_key()), OURS)


def test_a_timestamp_over_the_bytes_says_who_and_when(stack: Stack) -> None:
    word = trust(stack.trusted_root()).verify(STAMP, stack.tsa.stamp(NOTE, NOON), NOTE)
    assert word is not None
    assert (word.by, word.at_ns) == (stack.url, int(NOON.timestamp()) * 10**9)


def test_a_log_entry_over_the_bytes_says_where_and_no_time(stack: Stack) -> None:
    word = trust(stack.trusted_root()).verify(LOG, logged(stack), NOTE)
    assert word is not None
    assert word.by.startswith(f"{stack.url} entry ")
    assert word.at_ns is None


@pytest.mark.parametrize("kind", [STAMP, LOG])
def test_an_anchor_over_other_bytes_does_not_hold(stack: Stack, kind: AnchorKind) -> None:
    data = stack.tsa.stamp(NOTE, NOON) if kind is STAMP else logged(stack)
    for other in (NOTE + b"x", NOTE[:-1], b"", NOTE.replace(b"5", b"6")):
        with pytest.raises(SignatureMismatch):
            trust(stack.trusted_root()).verify(kind, data, other)


@pytest.mark.parametrize("kind", [STAMP, LOG])
def test_an_anchor_by_nobody_that_is_trusted_counts_for_nothing(
    stack: Stack, kind: AnchorKind
) -> None:
    data = stack.tsa.stamp(NOTE, NOON) if kind is STAMP else logged(stack)
    other = Stack(seed="other")
    other.tsa = TimestampAuthority("other", stack.start, name="other")
    assert trust(other.trusted_root()).verify(kind, data, NOTE) is None


def test_an_impostor_with_the_name_of_a_trusted_authority_does_not_pass(stack: Stack) -> None:
    class Impostor(TimestampAuthority):
        def __post_init__(self) -> None:
            super().__post_init__()
            self._key = derived("another key")

    stamp = Impostor("anchor", stack.start).stamp(NOTE, NOON)
    with pytest.raises(SignatureMismatch, match="does not hold"):
        trust(stack.trusted_root()).verify(STAMP, stamp, NOTE)


@pytest.mark.parametrize("purpose", [ExtendedKeyUsageOID.CODE_SIGNING, None])
def test_a_certificate_for_another_purpose_makes_no_timestamps(purpose: Any) -> None:
    stack = Stack(seed="purpose")
    stack.tsa = TimestampAuthority("purpose", stack.start, purpose=purpose)
    with pytest.raises(SignatureMismatch, match="does not hold"):
        trust(stack.trusted_root()).verify(STAMP, stack.tsa.stamp(NOTE, NOON), NOTE)


def test_a_timestamp_made_after_its_certificate_expired_does_not_hold(stack: Stack) -> None:
    late = NOON + timedelta(days=5000)
    with pytest.raises(SignatureMismatch, match="does not hold"):
        trust(stack.trusted_root(), late).verify(STAMP, stack.tsa.stamp(NOTE, late), NOTE)


def test_a_timestamp_made_in_time_holds_long_after_its_certificate_expired(stack: Stack) -> None:
    late = NOON + timedelta(days=5000)
    stamp = stack.tsa.stamp(NOTE, NOON)
    assert trust(stack.trusted_root(), late).verify(STAMP, stamp, NOTE) is not None


def test_a_timestamp_from_the_future_does_not_hold(stack: Stack) -> None:
    stamp = stack.tsa.stamp(NOTE, NOON + timedelta(minutes=6))
    with pytest.raises(SignatureMismatch, match="has not come yet"):
        trust(stack.trusted_root()).verify(STAMP, stamp, NOTE)


def test_an_authority_that_did_not_count_at_the_time_does_not_count(stack: Stack) -> None:
    value = stack.trusted_root()
    value["timestampAuthorities"][0]["validFor"]["end"] = "2026-11-24T11:59:59Z"
    with pytest.raises(SignatureMismatch, match="did not count"):
        trust(value).verify(STAMP, stack.tsa.stamp(NOTE, NOON), NOTE)


def test_any_changed_byte_of_a_timestamp_is_noticed_or_makes_it_nobodys(stack: Stack) -> None:
    stamp, trusted = stack.tsa.stamp(NOTE, NOON), trust(stack.trusted_root())
    good = trusted.verify(STAMP, stamp, NOTE)
    for at in range(len(stamp)):
        spoiled = stamp[:at] + bytes([stamp[at] ^ 1]) + stamp[at + 1 :]
        try:
            found = trusted.verify(STAMP, spoiled, NOTE)
        except SignatureMismatch:
            continue
        assert found in {None, good}


def edit(data: bytes, change: Callable[[Json], Any]) -> bytes:
    value = json.loads(data)
    change(value)
    return json.dumps(value).encode()


def entry_in(value: Json) -> Json:
    entry: Json = value["verificationMaterial"]["tlogEntries"][0]
    return entry


SPOILED: dict[str, Callable[[Json], Any]] = {
    "a time that a tiled log never signs": lambda v: entry_in(v).update(
        integratedTime="1790000000"
    ),
    "no proof": lambda v: entry_in(v).pop("inclusionProof"),
    "another index": lambda v: entry_in(v).update(logIndex="0"),
    "another size": lambda v: entry_in(v)["inclusionProof"].update(treeSize="9999"),
    "a hash of the path": lambda v: entry_in(v)["inclusionProof"]["hashes"].reverse(),
    "a promise": lambda v: entry_in(v).update(inclusionPromise={"signedEntryTimestamp": "AAAA"}),
    "another kind": lambda v: entry_in(v)["kindVersion"].update(version="0.0.1"),
    "two entries": lambda v: v["verificationMaterial"]["tlogEntries"].append(entry_in(v)),
    "no entry": lambda v: v["verificationMaterial"].update(tlogEntries=[]),
    "a signature by somebody else": lambda v: v["messageSignature"].update(signature="AAAA"),
    "another digest": lambda v: v["messageSignature"]["messageDigest"].update(
        digest=b64(bytes(32))
    ),
    "a timestamp": lambda v: v["verificationMaterial"].update(
        timestampVerificationData={"rfc3161Timestamps": [{"signedTimestamp": "AAAA"}]}
    ),
    "an unknown member": lambda v: v.update(more=1),
}


@pytest.mark.parametrize("change", SPOILED.values(), ids=list(SPOILED))
def test_a_spoiled_log_entry_does_not_hold(stack: Stack, change: Callable[[Json], Any]) -> None:
    trusted = trust(stack.trusted_root())
    for number in range(2):  # so that the path has two different hashes
        data = logged(stack, NOTE + str(number).encode())
    data = logged(stack)
    assert trusted.verify(LOG, data, NOTE) is not None
    with pytest.raises(SignatureMismatch, match="the log anchor does not hold"):
        trusted.verify(LOG, edit(data, change), NOTE)


def test_an_integrated_time_of_0_is_no_time_and_holds(stack: Stack) -> None:
    word = trust(stack.trusted_root()).verify(LOG, logged(stack, integratedTime="0"), NOTE)
    assert word is not None
    assert word.at_ns is None


def test_an_entry_about_another_signature_of_the_same_bytes_does_not_hold(stack: Stack) -> None:
    other = logged(stack, NOTE)
    entry = entry_in(json.loads(other))
    digest = hashlib.sha256(NOTE).digest()
    forged = bundle(entry, digest, derived("thief").sign(NOTE, _ecdsa()))
    with pytest.raises(SignatureMismatch, match="not one over these bytes"):
        trust(stack.trusted_root()).verify(LOG, forged, NOTE)


def _ecdsa() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(hashes.SHA256())


def rotated(stack: Stack) -> tuple[Json, Log]:
    """Return a root in which the log has moved on to a new shard, and the new shard."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"shard 2").digest())
    shard = Log("127.0.0.1", key, tiled=True)
    value = stack.trusted_root()
    newer = json.loads(json.dumps(value["tlogs"][1]))
    newer["publicKey"]["rawBytes"] = b64(shard.spki)
    newer["publicKey"]["validFor"] = {"start": "2026-11-24T11:00:00Z"}
    newer["logId"]["keyId"] = b64(shard.log_id)
    value["tlogs"][1]["publicKey"]["validFor"]["end"] = "2026-11-24T11:00:00Z"
    value["tlogs"].append(newer)
    return value, shard


def test_after_a_log_moved_to_a_new_shard_old_and_new_entries_hold(stack: Stack) -> None:
    value, shard = rotated(stack)
    old = logged(stack)
    stack_after = replace_log(stack, shard)
    new = logged(stack_after)
    words = [trust(value).verify(LOG, data, NOTE) for data in (old, new)]
    assert None not in words


def test_a_root_that_names_only_the_new_shard_takes_no_word_of_the_old_one(stack: Stack) -> None:
    value, _ = rotated(stack)
    del value["tlogs"][1]
    assert trust(value).verify(LOG, logged(stack), NOTE) is None


def test_an_entry_of_the_new_shard_does_not_pass_for_one_of_the_old(stack: Stack) -> None:
    value, shard = rotated(stack)
    data = logged(replace_log(stack, shard))
    as_old = edit(data, lambda v: entry_in(v)["logId"].update(keyId=b64(stack.rekor2.log_id)))
    with pytest.raises(SignatureMismatch, match="does not hold"):
        trust(value).verify(LOG, as_old, NOTE)


def test_a_shard_that_has_not_begun_does_not_count(stack: Stack) -> None:
    value, shard = rotated(stack)
    value["tlogs"][2]["publicKey"]["validFor"]["start"] = "2026-11-25T00:00:00Z"
    with pytest.raises(SignatureMismatch, match="does not count yet"):
        trust(value).verify(LOG, logged(replace_log(stack, shard)), NOTE)


def replace_log(stack: Stack, shard: Log) -> Stack:
    made = Stack(seed=stack.seed)
    made.rekor2 = shard
    return made


def test_the_services_in_use_are_the_newest_that_are_valid(tmp_path: Path) -> None:
    config = Stack(seed="s").client_config(2)
    urls = config["signingConfig"]["rekorTlogUrls"]
    for url, start, end in (
        ("https://new.example", "2026-11-24T11:00:00Z", None),
        ("https://ended.example", "2026-11-24T11:30:00Z", "2026-11-24T11:40:00Z"),
        ("https://coming.example", "2026-12-01T00:00:00Z", None),
    ):
        window = {"start": start} | ({"end": end} if end else {})
        urls.append({"url": url, "majorApiVersion": 2, "validFor": window, "operator": "x"})
    urls.append(urls[1] | {"url": "https://v1.example", "majorApiVersion": 1})
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    found = read_services(path, clock=lambda: int(NOON.timestamp()) * 10**9)
    assert found.log == "https://new.example"
    assert found.timestamps == f"{Stack().url}/api/v1/timestamp"
    path.write_text(json.dumps(config["trustedRoot"]))
    with pytest.raises(ConfigError, match="not a client trust configuration"):
        read_services(path)


def test_a_chain_in_pem_is_an_authority_whatever_its_order(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "chain.pem"
    pems = [one.public_bytes(Encoding.PEM) for one in stack.tsa.chain]
    for order in (pems, pems[::-1]):
        path.write_bytes(b"".join(order))
        root = trust_anchors(None, [read_chain(path)])
        assert root is not None
        trusted = AnchorTrust(root, lambda: int(NOON.timestamp()) * 10**9)
        word = trusted.verify(STAMP, stack.tsa.stamp(NOTE, NOON), NOTE)
        assert word is not None
        assert word.by == "CN=tsa,O=audit.test"
    assert trust_anchors(None, []) is None


def test_a_pem_file_that_is_no_chain_is_refused(stack: Stack, tmp_path: Path) -> None:
    leaf, top = (one.public_bytes(Encoding.PEM) for one in stack.tsa.chain)
    alone = x509.load_pem_x509_certificate(top)
    assert alone.issuer == alone.subject
    path = tmp_path / "chain.pem"
    for data, what in (
        (b"", "not certificates"),
        (b"-----BEGIN CERTIFICATE-----\n", "not certificates"),
        (top, "0 certificates for timestamps"),
        (leaf, "0 certificates that issued"),
        (leaf + leaf + top, "2 certificates for timestamps"),
    ):
        path.write_bytes(data)
        with pytest.raises(ConfigError, match=what):
            read_chain(path)


def test_a_key_that_a_log_anchor_cannot_be_checked_with_is_refused(stack: Stack) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(UsageError, match="P-256"):
        LogMaker(
            "http://x", PrivateKey(public_key(key.public_key()), key), trust(stack.trusted_root())
        )


def test_both_halves_of_a_root_count(stack: Stack) -> None:
    away = Stack(seed="other")
    away.tsa = TimestampAuthority("other", stack.start, name="other")
    other = away.trusted_root()
    known = trust_anchors(root_of(other), root_of(stack.trusted_root()).timestamp_authorities)
    assert known is not None
    assert known.digest != root_of(other).digest
    trusted = AnchorTrust(known, lambda: int(NOON.timestamp()) * 10**9)
    assert trusted.verify(STAMP, stack.tsa.stamp(NOTE, NOON), NOTE) is not None


def test_an_authority_that_lies_about_the_time_is_believed(stack: Stack) -> None:
    early = NOON - timedelta(hours=1)
    word = trust(stack.trusted_root()).verify(STAMP, stack.tsa.stamp(NOTE, early), NOTE)
    assert word is not None
    assert word.at_ns == int(early.timestamp()) * 10**9


def test_a_log_that_shows_two_trees_is_believed_twice() -> None:
    words = []
    for note in (NOTE, NOTE.replace(b"5", b"6")):
        stack = Stack(seed="forking")  # the same key and the same place, and another tree
        words.append(trust(stack.trusted_root()).verify(LOG, logged(stack, note), note))
    assert words[0] is not None
    assert words[0] == words[1]
