"""More keyless cases: what somebody with a good eye for two readings would try."""

import base64
import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from asn1crypto import core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.sigkit.bundles import compact
from tests.sigkit.maker import (
    MINUTE,
    PAYLOAD,
    Case,
    Json,
    Maker,
    entry,
    material,
    proof,
    signature,
)
from tests.sigstack.authority import TimestampAuthority, der, derived, spki
from tests.sigstack.merkle import b64, sha256
from tests.sigstack.stack import NOON, Signer

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
DAY = timedelta(days=1)


def cases(make: Maker) -> Iterator[Case]:
    """Give the cases of one version of Rekor."""
    for some in (_numbers, _entries, _certificates, _keys, _recorded, _stamps, _stampers):
        yield from some(make)
    yield from (_bodies_v1(make) if make.version == 1 else _bodies_v2(make))
    yield from _named_by_sha1(make)


def _numbers(make: Maker) -> Iterator[Case]:
    """Give indexes that two readers of JSON could read differently."""

    def at(value: object) -> Json:
        return make.changed(
            lambda v: (entry(v).update(logIndex=value), proof(v).update(logIndex=value))
        )

    largest = str(2**63 - 1)
    yield make.case(
        "index-the-largest-there-is",
        at(largest),
        "does not survive" if make.version == 1 else "not below",
    )
    for name, value in (
        ("one-too-large", str(2**63)),
        ("with-an-exponent", "1e0"),
        ("with-a-zero-in-front", "01"),
        ("with-a-sign", "+1"),
        ("with-a-space", " 1"),
        ("in-other-digits", "\u0663"),
        ("with-a-fraction", 1.5),
        ("that-is-true", True),
    ):
        yield make.case(f"index-{name}", at(value), "not a count")
    text = compact(make.good)
    was = b'"logIndex":"%s"' % str(entry(make.good)["logIndex"]).encode()
    for name, number, reason in (
        ("of-five-thousand-digits", b"9" * 5000, "digits"),
        ("that-is-not-a-number", b"NaN", "NaN"),
        ("that-is-endless", b"Infinity", "Infinity"),
    ):
        changed = text.replace(was, b'"logIndex":' + number, 1)
        yield make.case(f"index-{name}", changed, reason)
    yield make.case("in-utf-16", json.dumps(make.good).encode("utf-16"), "not UTF-8")
    yield make.case(
        "key-hint-beside-the-certificate",
        make.changed(lambda v: material(v).update(publicKey={"hint": "x"})),
        "certificate and publicKey",
    )


def _entries(make: Maker) -> Iterator[Case]:
    """Give entries that a trusted log really holds, and that are not about this signature."""
    r, s = decode_dss_signature(signature(make.good))
    twin = b64(encode_dss_signature(r, P256_ORDER - s))
    yield make.case(
        "signature-with-its-twin",
        make.changed(lambda v: v["dsseEnvelope"]["signatures"][0].update(sig=twin)),
        "another signature",
    )
    message = b"DSSEv1 28 application/vnd.in-toto+json %d %s" % (len(PAYLOAD), PAYLOAD)
    stack, mine = make.stack, signature(make.good)
    if make.version == 1:
        # The other kind of entry over the very bytes that were signed.
        body = stack.body_rekord_v1(sha256(message), mine, make.signer)
        logged = stack.entry_v1(body)
        reason = "about an artifact"
    else:
        body = stack.body_rekord_v2(sha256(PAYLOAD), mine, make.signer)
        logged = stack.entry_v2(body)
        reason = "another digest"
    yield make.case(
        "entry-about-other-bytes-of-the-same-signature",
        make.changed(lambda v: material(v).update(tlogEntries=[logged])),
        reason,
    )
    other = stack.rekor2 if make.version == 1 else stack.rekor1
    raw = base64.b64decode(entry(make.good)["canonicalizedBody"])
    elsewhere = other.add(raw)
    yield make.case(
        "proof-out-of-another-log",
        make.changed(lambda v: entry(v).update(inclusionProof=elsewhere)),
        "signed 0 times",
    )
    yield make.case(
        "entry-said-to-be-in-another-log",
        make.changed(lambda v: entry(v)["logId"].update(keyId=b64(other.log_id))),
        "not signed by the log" if make.version == 1 else "signed 0 times",
    )


def _certificates(make: Maker) -> Iterator[Case]:
    """Give certificates of the trusted authority with something odd in them."""
    email, uri = x509.RFC822Name._init_without_validation, x509.UniformResourceIdentifier
    for name, names, reason in (
        ("identity-with-a-null", (email("ci@audit.test\0.evil"),), "neither"),
        ("identity-with-a-line-break", (email("ci@audit.test\nx"),), "neither"),
        ("identity-with-two-ats", (email("ci@audit.test@evil"),), "neither"),
        ("identity-of-three-thousand-letters", (email("a" * 3000 + "@b"),), "longer than"),
        ("identity-as-a-mailto-uri", (uri("mailto:ci@audit.test"),), "neither"),
        ("identity-in-a-uri-of-a-host", (uri("https://ci@audit.test"),), "not named here"),
    ):
        yield make.case(name, make.certified(names=names), reason)

    def edited(change: Callable[[Any], object]) -> Json:
        certificate = make.signer.certificate
        assert certificate is not None
        return make.signed(
            signer=Signer(make.signer.key, make.stack.fulcio.reissued(certificate, change))
        )

    def twice(oid: str) -> Callable[[Any], None]:
        def change(tbs: Any) -> None:
            found = [one for one in tbs["extensions"] if one["extn_id"].dotted == oid]
            tbs["extensions"].append(found[0].copy())

        return change

    for name, oid in (
        ("identity-extension-twice", "2.5.29.17"),
        ("usage-extension-twice", "2.5.29.15"),
        ("purpose-extension-twice", "2.5.29.37"),
        ("old-issuer-extension-twice", "1.3.6.1.4.1.57264.1.1"),
        ("new-issuer-extension-twice", "1.3.6.1.4.1.57264.1.8"),
        ("sct-extension-twice", "1.3.6.1.4.1.11129.2.4.2"),
    ):
        yield make.case(name, edited(twice(oid)), "extensions cannot be read")

    def added(oid: str, value: object, *, critical: bool) -> Callable[[Any], None]:
        extension = {"extn_id": oid, "critical": critical, "extn_value": value}
        return lambda tbs: tbs["extensions"].append(asn1_x509.Extension(extension))

    unknown = added("1.2.3.4", core.ParsableOctetString(b"\x05\x00"), critical=True)
    yield make.case("unknown-critical-extension", edited(unknown), "no path")
    authority = asn1_x509.BasicConstraints({"ca": True})
    yield make.case(
        "certificate-of-an-authority",
        edited(added("2.5.29.19", authority, critical=True)),
        "no path",
    )

    def raw_issuer(tbs: Any) -> None:
        for one in tbs["extensions"]:
            if one["extn_id"].dotted == "1.3.6.1.4.1.57264.1.8":
                one["extn_value"] = core.ParsableOctetString(make.stack.url.encode())

    yield make.case("new-issuer-written-the-old-way", edited(raw_issuer), "not a UTF8String")
    yield make.case(
        "certificate-of-version-1", edited(lambda tbs: tbs.__setitem__("version", "v1")), "no path"
    )
    both = (ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.CLIENT_AUTH)
    yield make.case(
        "certificate-of-two-purposes", make.certified(purposes=both), "code signing alone"
    )


def _keys(make: Maker) -> Iterator[Case]:
    """Give certificates over keys that are too weak to count."""
    modulus = (1 << 1023) | int.from_bytes(sha256(b"modulus"), "big") | 1
    long = (modulus << 1024) | 1
    for name, key in (
        ("p-192", ec.derive_private_key(0xA0D17, ec.SECP192R1()).public_key()),
        ("secp256k1", derived("weak", ec.SECP256K1()).public_key()),
        ("rsa-of-1024-bits", rsa.RSAPublicNumbers(65537, modulus).public_key()),
        ("rsa-with-exponent-3", rsa.RSAPublicNumbers(3, long).public_key()),
    ):
        certificate = make.stack.fulcio.issue(key, make.stack.wanted())
        yield make.case(
            f"certificate-over-{name}",
            make.signed(signer=Signer(make.signer.key, certificate)),
            "key is not used",
        )


def _recorded(make: Maker) -> Iterator[Case]:
    late = make.certified(sct_at=NOON + 6 * MINUTE)
    yield make.case("recorded-after-it-was-used", late, "only after it had been used")
    yield make.case(
        "recorded-in-the-future", make.certified(sct_at=NOON + 400 * DAY), "after it had been used"
    )
    yield make.case(
        "recorded-before-the-log-counted", make.certified(sct_at=NOON - DAY), "did not count at"
    )


def _stamped(make: Maker, *tokens: bytes) -> Json:
    data = {"rfc3161Timestamps": [{"signedTimestamp": b64(token)} for token in tokens]}
    return make.changed(lambda v: material(v).update(timestampVerificationData=data))


def _stamps(make: Maker) -> Iterator[Case]:
    """Give timestamps that the trusted authority signed, and that say something else."""
    mine, tsa = signature(make.good), make.stack.tsa
    usual = tsa.stamp(mine, NOON)

    def attributes(change: Callable[[list[Any]], list[Any]]) -> Json:
        return _stamped(make, tsa.stamp(mine, NOON, change=change))

    def without(kind: str) -> Callable[[list[Any]], list[Any]]:
        return lambda found: [one for one in found if one["type"].native != kind]

    named, foreign = "signing_certificate_v2", tsa.names_certificate(b"another certificate")
    says = "whose certificate signed it"
    for name, value, reason in (
        ("of-sha-512", _stamped(make, tsa.stamp(mine, NOON, algorithm="sha512")), ""),
        (
            "without-its-certificate",
            _stamped(make, tsa.stamp(mine, NOON, with_certificate=False)),
            "",
        ),
        ("of-sha-1", _stamped(make, tsa.stamp(mine, NOON, algorithm="sha1")), "unsupported hash"),
        ("with-a-tail", _stamped(make, usual + b"\0"), "cannot be read"),
        ("that-names-no-certificate", attributes(without(named)), says),
        (
            "that-names-another-certificate",
            attributes(lambda found: [*without(named)(found), foreign]),
            "name of another certificate",
        ),
        ("that-names-two-certificates", attributes(lambda found: [*found, foreign]), says),
        ("without-a-content-type", attributes(without("content_type")), says),
        ("without-a-digest", attributes(without("message_digest")), "does not verify"),
        (
            "about-the-statement-and-not-its-signature",
            _stamped(make, tsa.stamp(PAYLOAD, NOON)),
            "does not verify",
        ),
    ):
        yield make.case(f"timestamp-{name}", value, reason)
    for status in ("rejection", "granted_with_mods", "revocation_warning"):
        name = f"timestamp-with-status-{status.replace('_', '-')}"
        token = tsa.stamp(mine, NOON, status=status)
        yield make.case(name, _stamped(make, token), "status is not granted")


def _stampers(make: Maker) -> Iterator[Case]:
    """Give timestamps by an authority that is trusted and is not fit to be."""
    mine, stack = signature(make.good), make.stack
    stamping, code = ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING
    for name, purpose, others, critical in (
        ("by-a-certificate-for-something-else", code, (), True),
        ("by-a-certificate-for-two-things", stamping, (code,), True),
        ("by-a-certificate-not-marked-critical", stamping, (), False),
        ("by-a-certificate-for-nothing", None, (), True),
    ):
        tsa = TimestampAuthority(stack.seed, stack.start, "tsa", purpose, others, critical)
        chain = [{"rawBytes": b64(der(one))} for one in tsa.chain]
        root = make.root(
            lambda v, c=chain: v["timestampAuthorities"][0].update(certChain={"certificates": c})
        )
        yield make.case(
            f"timestamp-{name}", _stamped(make, tsa.stamp(mine, NOON)), "does not verify", root
        )
    two = tsp.TimeStampResp.load(stack.tsa.stamp(mine, NOON, with_certificate=False))
    other = tsp.TimeStampResp.load(stack.tsa.stamp(mine, NOON, nonce=9))
    signers = two["time_stamp_token"]["content"]["signer_infos"]
    signers.append(copy.deepcopy(other["time_stamp_token"]["content"]["signer_infos"][0]))
    yield make.case(
        "timestamp-of-two-signers", _stamped(make, two.dump(force=True)), "does not verify"
    )


def _body(make: Maker) -> Json:
    body: Json = json.loads(base64.b64decode(entry(make.good)["canonicalizedBody"]))
    return body


def _with(make: Maker, logged: Json) -> Json:
    return make.changed(lambda v: material(v).update(tlogEntries=[logged]))


def _bodies_v1(make: Maker) -> Iterator[Case]:
    """Give entries whose body holds the right key, and more."""
    pem, other = make.signer.verifier_pem, make.stack.signer("other").verifier_pem
    for name, text in (
        ("two-certificates", pem + other),
        ("the-certificate-second", other + pem),
        ("text-before-the-certificate", b"subject: x\n" + pem),
    ):
        body = _body(make)
        body["spec"]["signatures"][0]["verifier"] = b64(text)
        yield make.case(f"body-with-{name}", _with(make, make.stack.entry_v1(body)), "another key")
    body = _body(make)
    body["spec"]["payloadHash"]["algorithm"] = "sha512"
    yield make.case(
        "body-under-another-digest", _with(make, make.stack.entry_v1(body)), "another digest"
    )


def _bodies_v2(make: Maker) -> Iterator[Case]:
    body = _body(make)
    verifier = body["spec"]["hashedRekordV002"]["signature"]["verifier"]
    verifier["publicKey"] = {"rawBytes": b64(spki(make.signer.key.public_key()))}
    yield make.case(
        "body-with-a-key-beside-the-certificate",
        _with(make, make.stack.entry_v2(body)),
        "publicKey is not a known member",
    )
    body = _body(make)
    message = b"DSSEv1 28 application/vnd.in-toto+json %d %s" % (len(PAYLOAD), PAYLOAD)
    body["spec"]["hashedRekordV002"]["data"] = {
        "algorithm": "SHA2_512",
        "digest": b64(hashlib.sha512(message).digest()),
    }
    yield make.case(
        "body-under-another-digest", _with(make, make.stack.entry_v2(body)), "another digest"
    )


def _named_by_sha1(make: Maker) -> Iterator[Case]:
    """Give timestamps whose signer names its certificate as older authorities do."""
    mine, tsa = signature(make.good), make.stack.tsa
    own = tsa.names_certificate_by_sha1(der(tsa.chain[0]))
    other = tsa.names_certificate_by_sha1(b"another certificate")
    for name, change, reason in (
        ("that-names-its-certificate-by-sha-1", lambda found: [*found[:-1], own], ""),
        ("that-names-its-certificate-twice-over", lambda found: [*found, own], ""),
        (
            "that-names-another-certificate-by-sha-1",
            lambda found: [*found[:-1], other],
            "name of another certificate",
        ),
        (
            "that-names-one-certificate-and-another",
            lambda found: [*found, other],
            "name of another certificate",
        ),
    ):
        token = tsa.stamp(mine, NOON, change=change)
        yield make.case(f"timestamp-{name}", _stamped(make, token), reason)
