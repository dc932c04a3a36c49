"""What an entry's body says was signed, compared with what is in the bundle.

A body that is about another signature, payload or key would lend its time and
its place in the log to this one.
"""

import hashlib
from dataclasses import dataclass

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.sign._fields import Fields
from audit.sign.keys import only_block
from audit.sign.log._entry import Entry

ALGORITHMS = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


@dataclass(frozen=True, slots=True)
class Signed:
    """The signature an entry must be about."""

    signature: bytes
    verifier: bytes
    """DER of the certificate, or of the public key when there is none."""
    is_certificate: bool
    hashed: dict[str, bytes]
    """Digests of the bytes that were signed, by algorithm."""
    payload: bytes | None
    """The DSSE payload; None for a signature over an artifact itself."""


def compare_body(entry: Entry, signed: Signed) -> None:
    """Check that a body is about exactly this signature.

    Raises:
        ValueError: it is about another one, or is not read.
    """
    try:
        value = strict_json.loads(entry.body, source="the log entry's body")
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
    top = Fields(value, "body")
    kind = (top.text("kind"), top.text("apiVersion"))
    if kind != entry.kind:
        raise ValueError("the log entry's body is of another kind than it is said to be")
    spec = top.object("spec")
    top.done()
    _READERS[kind](spec, signed)
    spec.done()


def _hashedrekord_1(spec: Fields, signed: Signed) -> None:
    if signed.payload is not None:
        raise ValueError("the log entry is about an artifact, not about a statement")
    data, signature = spec.object("data"), spec.object("signature")
    _same_digest(data.object("hash"), "algorithm", "value", signed)
    data.done()
    key = signature.object("publicKey")
    _same(signature.data("content") == signed.signature, "signature")
    _same(_is_verifier_pem(key.data("content"), signed), "key")
    key.done()
    signature.done()


def _hashedrekord_2(spec: Fields, signed: Signed) -> None:
    inner = spec.object("hashedRekordV002")
    data, signature = inner.object("data"), inner.object("signature")
    name = ALGORITHMS.get(data.text("algorithm"), "")
    digest = data.data("digest")
    _same(signed.hashed.get(name) == digest, "digest")
    _same(signature.data("content") == signed.signature, "signature")
    _same_verifier(signature.object("verifier"), signed)
    for fields in (data, signature, inner):
        fields.done()


def _dsse_1(spec: Fields, signed: Signed) -> None:
    payload = _payload(signed)
    envelope, digest = spec.object("envelopeHash"), spec.object("payloadHash")
    envelope.text("algorithm"), envelope.text("value")  # over a JSON text nobody has kept
    envelope.done()
    _same(digest.text("algorithm") == "sha256", "digest")
    _same(digest.text("value") == hashlib.sha256(payload).hexdigest(), "payload")
    digest.done()
    for one in _one(spec.objects("signatures", 8)):
        _same(one.data("signature") == signed.signature, "signature")
        _same(_is_verifier_pem(one.data("verifier"), signed), "key")
        one.done()


def _dsse_2(spec: Fields, signed: Signed) -> None:
    payload = _payload(signed)
    inner = spec.object("dsseV002")
    digest = inner.object("payloadHash")
    _same(digest.text("algorithm") == "SHA2_256", "digest")
    _same(digest.data("digest") == hashlib.sha256(payload).digest(), "payload")
    digest.done()
    for one in _one(inner.objects("signatures", 8)):
        _same(one.data("content") == signed.signature, "signature")
        _same_verifier(one.object("verifier"), signed)
        one.done()
    inner.done()


_READERS = {
    ("hashedrekord", "0.0.1"): _hashedrekord_1,
    ("hashedrekord", "0.0.2"): _hashedrekord_2,
    ("dsse", "0.0.1"): _dsse_1,
    ("dsse", "0.0.2"): _dsse_2,
}


def _payload(signed: Signed) -> bytes:
    if signed.payload is None:
        raise ValueError("the log entry is about a statement, not about an artifact")
    return signed.payload


def _one(items: list[Fields]) -> list[Fields]:
    if len(items) != 1:
        raise ValueError(f"the log entry is about {len(items)} signatures, not one")
    return items


def _same_digest(item: Fields, algorithm: str, value: str, signed: Signed) -> None:
    name, found = item.text(algorithm), item.text(value)
    wanted = signed.hashed.get(name)
    _same(wanted is not None and wanted.hex() == found, "digest")
    item.done()


def _same_verifier(item: Fields, signed: Signed) -> None:
    item.optional_text("keyDetails")
    name = "x509Certificate" if signed.is_certificate else "publicKey"
    inner = item.object(name)
    _same(inner.data("rawBytes") == signed.verifier, "key")
    inner.done()
    item.done()


def _is_verifier_pem(pem: bytes, signed: Signed) -> bool:
    try:
        found = only_block(pem, "CERTIFICATE" if signed.is_certificate else "PUBLIC KEY")
    except ValueError:
        return False
    return found == signed.verifier


def _same(holds: bool, what: str) -> None:  # noqa: FBT001
    if not holds:
        raise ValueError(f"the log entry is about another {what}")
