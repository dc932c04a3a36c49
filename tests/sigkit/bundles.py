"""Key-managed bundles, good and bad, as vectors: `python -m tests.sigkit.bundles` writes them.

Signatures are deterministic, so a second run writes the same bytes.
"""

import base64
import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VECTORS = Path(__file__).parents[1] / "vectors" / "sign" / "bundle"
DIGEST = "sha256:" + "ab" * 32
OTHER_DIGEST = "sha256:" + "cd" * 32
SIGN = "https://sigstore.dev/cosign/sign/v1"
INTOTO = "application/vnd.in-toto+json"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"

Json = dict[str, Any]


def key(number: int) -> ec.EllipticCurvePrivateKey:
    """Return a private key that is no secret."""
    return ec.derive_private_key(number, ec.SECP256R1())


OURS, THEIRS = key(0xA0D17), key(0xBAD)


def spki(of: ec.EllipticCurvePrivateKey, encoding: Encoding = Encoding.DER) -> bytes:
    return of.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def statement(digest: str = DIGEST, kind: str = SIGN) -> Json:
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": digest[7:]}, "annotations": {}}],
        "predicateType": kind,
        "predicate": {},
    }


def bundle(
    payload: bytes,
    *,
    kind: str = INTOTO,
    by: ec.EllipticCurvePrivateKey = OURS,
    hint: ec.EllipticCurvePrivateKey | None = None,
) -> Json:
    """Return a bundle over any bytes at all, validly signed."""
    message = b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)
    signature = by.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "publicKey": {"hint": b64(hashlib.sha256(spki(hint or by)).digest())}
        },
        "dsseEnvelope": {
            "payload": b64(payload),
            "payloadType": kind,
            "signatures": [{"sig": b64(signature)}],
        },
    }


def good() -> Json:
    return bundle(compact(statement()))


def changed(change: Callable[[Json], object]) -> bytes:
    """Return the good bundle after `change` has been at it."""
    value = copy.deepcopy(good())
    change(value)
    return compact(value)


def said(change: Callable[[Json], object]) -> bytes:
    """Return a validly signed bundle over the good statement after `change` has been at it."""
    value = statement()
    change(value)
    return compact(bundle(compact(value)))


def raw(payload: bytes) -> bytes:
    return compact(bundle(payload))


def respelled(member: str, how: Callable[[str], str]) -> bytes:
    def change(value: Json) -> None:
        envelope = value["dsseEnvelope"]
        holder = envelope["signatures"][0] if member == "sig" else envelope
        holder[member] = how(holder[member])

    return changed(change)


def stray_bits(text: str) -> str:
    """Set bits behind the last byte: the same bytes, another text."""
    body = text.rstrip("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert body != text, "needs padding to have bits to spare"
    return body[:-1] + alphabet[alphabet.index(body[-1]) + 1] + text[len(body) :]


def padded_statement() -> bytes:
    """Return a good statement whose base64 ends in padding."""
    payload = compact(statement())
    return payload if len(payload) % 3 else payload.replace(b'"predicate":{}', b'"predicate":{ }')


def envelope(value: Json) -> Json:
    inner: Json = value["dsseEnvelope"]
    return inner


def material(value: Json) -> Json:
    inner: Json = value["verificationMaterial"]
    return inner


def cases() -> Iterator[tuple[str, bytes, str]]:
    """Give (name, bundle, what the refusal says); an empty text means it verifies."""
    text = compact(good())
    yield "good", text, ""
    yield "spaces-between-members", json.dumps(good(), indent=2).encode(), ""
    yield "no-hint", changed(lambda v: material(v).update(publicKey={})), ""
    yield "foreign-hint", compact(bundle(compact(statement()), hint=THEIRS)), ""
    yield (
        "keyid-is-only-a-hint",
        changed(lambda v: envelope(v)["signatures"][0].update(keyid="x")),
        "",
    )
    yield "unknown-statement-member", said(lambda v: v.update(extra=1)), ""
    yield (
        "subject-has-more-digests",
        said(lambda v: v["subject"][0]["digest"].update(sha512="0" * 128)),
        "",
    )
    yield from _envelopes()
    yield from _materials()
    yield from _texts(text)
    yield from _statements()


def _envelopes() -> Iterator[tuple[str, bytes, str]]:
    payload = compact(statement())
    other = compact(statement(OTHER_DIGEST))
    swap = b64(payload.replace(b"abab", b"abac", 1))
    yield "payload-changed", changed(lambda v: envelope(v).update(payload=swap)), "not one of key"
    yield (
        "payload-of-another-digest",
        changed(lambda v: envelope(v).update(payload=b64(other))),
        "not one of key",
    )
    yield (
        "payload-type-changed",
        changed(lambda v: envelope(v).update(payloadType="text/plain")),
        "not one of key",
    )
    yield (
        "payload-type-signed-but-not-ours",
        compact(bundle(payload, kind="text/plain")),
        "payload type is 'text/plain'",
    )
    yield (
        "payload-type-differs-in-case",
        compact(bundle(payload, kind=INTOTO.upper())),
        "payload type is",
    )
    yield "signed-by-another-key", compact(bundle(payload, by=THEIRS)), "not named here"
    yield (
        "hint-of-a-trusted-key-does-not-help",
        compact(bundle(payload, by=THEIRS, hint=OURS)),
        "not one of key",
    )
    yield "no-signature", changed(lambda v: envelope(v).update(signatures=[])), "exactly one"
    yield (
        "two-signatures",
        changed(lambda v: envelope(v)["signatures"].append(envelope(v)["signatures"][0])),
        "exactly one",
    )
    yield (
        "signatures-not-a-list",
        changed(lambda v: envelope(v).update(signatures=envelope(v)["signatures"][0])),
        "exactly one",
    )
    yield "signatures-missing", changed(lambda v: envelope(v).pop("signatures")), "is missing"
    yield (
        "signature-null",
        changed(lambda v: envelope(v).update(signatures=[None])),
        "not an object",
    )
    yield "signature-empty", respelled("sig", lambda _: ""), "is empty"
    yield (
        "signature-with-trailing-byte",
        respelled("sig", lambda s: b64(base64.b64decode(s) + b"\0")),
        "not one of key",
    )
    yield (
        "signature-truncated",
        respelled("sig", lambda s: b64(base64.b64decode(s)[:-1])),
        "not one of key",
    )
    yield "signature-zero", respelled("sig", lambda _: b64(b"0\x06\x02\x01\0\x02\x01\0")), "not one"
    yield (
        "signature-in-url-alphabet",
        respelled("sig", lambda s: s.replace("/", "_").replace("+", "-") + "===="),
        "not base64",
    )
    yield "payload-empty", respelled("payload", lambda _: ""), "is empty"
    yield "payload-with-line-break", respelled("payload", lambda s: s[:8] + "\n" + s[8:]), "base64"
    yield "payload-without-padding", respelled("payload", lambda s: s[:-1]), "not base64"
    yield "payload-not-text", respelled("payload", lambda _: 7), "not base64 text"  # type: ignore[arg-type,return-value]
    spare = bundle(padded_statement())
    envelope(spare)["payload"] = stray_bits(envelope(spare)["payload"])
    yield "payload-with-stray-bits", compact(spare), "not canonical base64"
    yield "payload-type-a-number", changed(lambda v: envelope(v).update(payloadType=1)), "not text"
    yield (
        "unknown-envelope-member",
        changed(lambda v: envelope(v).update(x=1)),
        "dsseEnvelope.x is not",
    )
    yield (
        "envelope-member-in-other-case",
        changed(lambda v: envelope(v).update(Payload=b64(other))),
        "dsseEnvelope.Payload is not a known",
    )
    yield (
        "unknown-signature-member",
        changed(lambda v: envelope(v)["signatures"][0].update(cert="x")),
        "signatures.0.cert is not",
    )
    yield "envelope-null", changed(lambda v: v.update(dsseEnvelope=None)), "not an object"
    yield "envelope-missing", changed(lambda v: v.pop("dsseEnvelope")), "dsseEnvelope is missing"
    yield (
        "message-signature-as-well",
        changed(lambda v: v.update(messageSignature={})),
        "two signatures",
    )


def _materials() -> Iterator[tuple[str, bytes, str]]:
    certificate = {"rawBytes": b64(b"0")}
    yield (
        "certificate-instead-of-key",
        changed(lambda v: v.update(verificationMaterial={"certificate": certificate})),
        "a key was asked for",
    )
    yield (
        "certificate-beside-key",
        changed(lambda v: material(v).update(certificate=certificate)),
        "certificate and publicKey",
    )
    yield (
        "certificate-chain-beside-key",
        changed(lambda v: material(v).update(x509CertificateChain={})),
        "x509CertificateChain and publicKey",
    )
    yield "no-key", changed(lambda v: material(v).pop("publicKey")), "neither a certificate nor"
    yield "no-material", changed(lambda v: v.pop("verificationMaterial")), "is missing"
    yield (
        "key-in-the-bundle",
        changed(lambda v: material(v)["publicKey"].update(rawBytes=b64(spki(OURS)))),
        "publicKey.rawBytes is not",
    )
    yield "hint-a-number", changed(lambda v: material(v).update(publicKey={"hint": 5})), "not text"
    yield (
        "nine-log-entries",
        changed(lambda v: material(v).update(tlogEntries=[{}] * 9)),
        "read at most",
    )
    yield (
        "log-entry-not-an-object",
        changed(lambda v: material(v).update(tlogEntries=["x"])),
        "tlogEntries.0 is not an object",
    )
    yield (
        "thirty-three-timestamps",
        changed(
            lambda v: material(v).update(
                timestampVerificationData={"rfc3161Timestamps": [{"signedTimestamp": "AA=="}] * 33}
            )
        ),
        "read at most",
    )
    yield "unknown-material-member", changed(lambda v: material(v).update(x=1)), "Material.x is not"
    yield "no-media-type", changed(lambda v: v.pop("mediaType")), "mediaType is missing"
    yield (
        "media-type-of-something-else",
        changed(lambda v: v.update(mediaType="application/json")),
        "mediaType is 'application/json'",
    )
    yield "unknown-member", changed(lambda v: v.update(extra={})), "extra is not a known"
    yield (
        "member-in-other-case",
        changed(lambda v: v.update(DsseEnvelope=envelope(v))),
        "DsseEnvelope is not a known",
    )


def _texts(text: bytes) -> Iterator[tuple[str, bytes, str]]:
    other = compact(bundle(compact(statement(OTHER_DIGEST)), by=THEIRS)["dsseEnvelope"])
    yield "nothing", b"", "expecting value"
    yield "not-json", b"bundle", "expecting value"
    yield "not-utf-8", b"\xff" + text, "not UTF-8"
    yield "byte-order-mark", b"\xef\xbb\xbf" + text, "BOM"
    yield "truncated", text[:-1], "delimiter"
    yield "more-behind-it", text + b"{}", "extra data"
    yield "a-list", b"[" + text + b"]", "not an object"
    yield "a-number", b"1", "not an object"
    yield "not-a-number", text[:-1] + b',"x":NaN}', "NaN is not"
    yield "deep", b"[" * 10_000, "deeper than"
    yield "duplicate-member", text[:-1] + b',"dsseEnvelope":' + other + b"}", "duplicate key"
    escaped = b',"dsse\\u0045nvelope":' + other + b"}"
    yield "duplicate-member-escaped", text[:-1] + escaped, "duplicate key"


def _statements() -> Iterator[tuple[str, bytes, str]]:
    whole = compact(statement())
    twin = b',"subject":[{"digest":{"sha256":"' + b"cd" * 32 + b'"}}]}'
    yield (
        "statement-of-another-type",
        said(lambda v: v.update(predicateType="https://audit.test/failed-evaluation/v1")),
        "failed-evaluation",
    )
    yield "statement-type-with-space", said(lambda v: v.update(predicateType=SIGN + " ")), "of type"
    yield "statement-about-another-digest", raw(compact(statement(OTHER_DIGEST))), "not about"
    yield (
        "statement-about-two",
        said(lambda v: v["subject"].insert(0, {"digest": {"sha256": "cd" * 32}})),
        "more than one subject",
    )
    yield "statement-about-nothing", said(lambda v: v.update(subject=[])), "subject"
    yield (
        "statement-digest-in-upper-case",
        said(lambda v: v["subject"][0].update(digest={"sha256": "AB" * 32})),
        "not about",
    )
    yield (
        "statement-digest-of-other-algorithm",
        said(lambda v: v["subject"][0].update(digest={"sha512": "ab" * 32})),
        "not about",
    )
    yield (
        "statement-algorithm-in-other-case",
        said(lambda v: v["subject"][0].update(digest={"SHA256": "ab" * 32})),
        "not about",
    )
    yield (
        "statement-digest-a-list",
        said(lambda v: v["subject"][0].update(digest={"sha256": ["ab" * 32]})),
        "string",
    )
    yield (
        "statement-v0.1",
        said(lambda v: v.update(_type="https://in-toto.io/Statement/v0.1")),
        "Statement/v1",
    )
    yield "statement-without-type", said(lambda v: v.pop("_type")), "_type"
    yield "statement-duplicate-subject", raw(whole[:-1] + twin), "duplicate key 'subject'"
    yield (
        "statement-duplicate-subject-first",
        raw(b"{" + twin[1:-1] + b"," + whole[1:]),
        "duplicate key 'subject'",
    )
    yield (
        "statement-subject-in-other-case",
        raw(whole[:-1] + twin.replace(b"subject", b"Subject")),
        "case alone",
    )
    yield (
        "statement-twins-deep-inside",
        said(lambda v: v.update(predicate={"a": [{"b": 1, "B": 2}]})),
        "case alone",
    )
    yield "statement-not-json", raw(b"not json"), "expecting value"
    yield "statement-with-more-behind-it", raw(whole + b" x"), "extra data"
    yield "statement-not-utf-8", raw(whole[:-1] + b',"x":"\xff"}'), "not UTF-8"
    yield "statement-with-nan", raw(whole[:-1] + b',"x":NaN}'), "NaN"
    yield "statement-a-list", raw(b"[" + whole + b"]"), "statement"
    yield "statement-deep", raw(b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}"), "deeper than"


def main() -> None:
    for old in VECTORS.glob("*.json"):
        old.unlink()
    VECTORS.mkdir(parents=True, exist_ok=True)
    for name, data, reason in cases():
        outcome = "reject" if reason else "accept"
        vector = {"reason": reason, "bundle": b64(data)}
        path = VECTORS / f"{name}.{outcome}.json"
        path.write_bytes(json.dumps(vector, indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
