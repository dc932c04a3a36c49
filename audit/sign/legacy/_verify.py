"""Verify what cosign v1 and v2 attach under the tags `sha256-<hex>.sig` and `.att`.

The same rules as for bundles. These formats carry at most a promise of
inclusion, never a proof; a certificate needs that promise all the same, and
everything the annotations say is compared with the signed bytes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from audit.core import strict_json
from audit.core.errors import ConfigError, SignatureMismatch
from audit.sign import _base64
from audit.sign._dsse import Envelope
from audit.sign._fields import Fields
from audit.sign.bundle import Expected, VerifiedBundle, bundle_digest, verify_parsed
from audit.sign.bundle._parse import ArtifactSignature, Bundle
from audit.sign.keys import only_block
from audit.sign.legacy._simple import check_payload
from audit.sign.log import KINDS, Entry

SIGNATURE = "dev.cosignproject.cosign/signature"
CERTIFICATE = "dev.sigstore.cosign/certificate"
CHAIN = "dev.sigstore.cosign/chain"
BUNDLE = "dev.sigstore.cosign/bundle"
TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"
MAX_ANNOTATION = 1 << 20


@dataclass(frozen=True, slots=True)
class LegacySignature:
    """One layer of a signature or attestation image: its bytes and annotations."""

    payload: bytes
    annotations: Mapping[str, str]


def verify_legacy(
    signature: LegacySignature, expected: Expected, *, reference: str | None = None
) -> VerifiedBundle:
    """Verify a simple-signing signature; with a `reference`, for that repository alone.

    Raises:
        SignatureMismatch: it does not hold, with the reason.
    """
    with _refusing(signature):
        raw = _decoded(_annotation(signature, SIGNATURE), SIGNATURE)
        content = ArtifactSignature(raw, None, message=signature.payload)
        # What was signed is the payload itself; that it is about the digest is checked after.
        about = replace(expected, digest=bundle_digest(signature.payload), artifact=True)
        found = verify_parsed(_bundle(signature, content), about)
        check_payload(signature.payload, digest=expected.digest, reference=reference)
    return replace(found, payload=signature.payload)


def verify_legacy_attestation(signature: LegacySignature, expected: Expected) -> VerifiedBundle:
    """Verify a DSSE envelope that is attached as a layer of its own.

    Raises:
        SignatureMismatch: it does not hold, with the reason.
    """
    with _refusing(signature):
        envelope = Envelope.parse(Fields(_json(signature.payload, "the envelope"), ""))
        found = verify_parsed(_bundle(signature, envelope), expected)
    return replace(found, payload=envelope.payload)


@contextmanager
def _refusing(signature: LegacySignature) -> Iterator[None]:
    try:
        yield
    except ValueError as exc:
        name = bundle_digest(signature.payload)
        raise SignatureMismatch(f"legacy signature {name}: {exc}") from exc


def _bundle(signature: LegacySignature, content: Envelope | ArtifactSignature) -> Bundle:
    certificate = None
    if (pem := signature.annotations.get(CERTIFICATE)) is not None:
        certificate = only_block(pem.encode("utf-8", "replace"), "CERTIFICATE")
    return Bundle(
        digest=bundle_digest(signature.payload),
        certificate=certificate,
        hint=None,
        content=content,
        entry=_entry(signature) if BUNDLE in signature.annotations else None,
        timestamps=_timestamps(signature),
    )


def _entry(signature: LegacySignature) -> Entry:
    top = Fields(_json(_annotation(signature, BUNDLE).encode(), BUNDLE), "")
    promise = top.data("SignedEntryTimestamp")
    inner = top.object("Payload")
    top.done()
    body = inner.data("body")
    integrated, index = inner.number("integratedTime"), inner.number("logIndex")
    log_id = inner.text("logID")
    inner.done()
    try:
        log = bytes.fromhex(log_id)
    except ValueError as exc:
        raise ValueError("Payload.logID is not hex") from exc
    value = _json(body, "the log entry's body")
    if not isinstance(value, dict):
        raise ValueError("the log entry's body is not an object")  # noqa: TRY004
    kind = str(value.get("kind")), str(value.get("apiVersion"))
    if kind not in KINDS:
        raise ValueError(f"the log entry is of kind {kind[0][:40]!r} {kind[1][:40]!r}, not read")
    return Entry(index, log, kind, integrated, promise, None, body)


def _timestamps(signature: LegacySignature) -> tuple[bytes, ...]:
    if TIMESTAMP not in signature.annotations:
        return ()
    top = Fields(_json(_annotation(signature, TIMESTAMP).encode(), TIMESTAMP), "")
    stamp = top.data("SignedRFC3161Timestamp")
    top.done()
    return (stamp,)


def _annotation(signature: LegacySignature, name: str) -> str:
    text = signature.annotations.get(name)
    if not text:
        raise ValueError(f"the annotation {name} is missing")
    if len(text) > MAX_ANNOTATION:
        raise ValueError(f"the annotation {name} is too long")
    return text


def _decoded(text: str, name: str) -> bytes:
    try:
        return _base64.decode(text)
    except ValueError as exc:
        raise ValueError(f"the annotation {name} is {exc}") from exc


def _json(data: bytes, source: str) -> Any:
    try:
        return strict_json.loads(data, source=source)
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
