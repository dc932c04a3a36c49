"""Sigstore bundles (protobuf-specs, bundle v0.3), parsed closed-world and bounded."""

import hashlib
from dataclasses import dataclass
from typing import Any

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.sign import _base64
from audit.sign._dsse import Envelope
from audit.sign._fields import Fields

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MAX_BUNDLE = 4 << 20
"""Largest bundle that is read, in bytes; the same as an OCI manifest."""
MAX_LOG_ENTRIES = 8
MAX_TIMESTAMPS = 32


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it claims to be; nothing in it has been verified."""

    digest: str
    hint: str | None
    """What the bundle calls its key; anybody can write any hint."""
    envelope: Envelope
    log_entries: tuple[dict[str, Any], ...]
    timestamps: tuple[bytes, ...]


def bundle_digest(data: bytes) -> str:
    """Return the digest that names a bundle."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def parse_bundle(data: bytes) -> Bundle:
    """Read a key-managed bundle with a DSSE envelope.

    Raises:
        ValueError: anything else, with the member that is wrong.
    """
    if len(data) > MAX_BUNDLE:
        raise ValueError(f"{len(data)} bytes; {MAX_BUNDLE} are read at most")
    try:
        value = strict_json.loads(data, source="the bundle")
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
    top = Fields(value, "")
    if (kind := top.text("mediaType")) != BUNDLE_TYPE:
        raise ValueError(f"mediaType is {kind[:80]!r}, not {BUNDLE_TYPE}")
    material = top.object("verificationMaterial")
    if "messageSignature" in top:
        raise ValueError("it signs raw bytes, not a statement")
    envelope = Envelope.parse(top.object("dsseEnvelope"))
    top.done()
    hint, entries, timestamps = _material(material)
    return Bundle(bundle_digest(data), hint, envelope, entries, timestamps)


def _material(
    material: Fields,
) -> tuple[str | None, tuple[dict[str, Any], ...], tuple[bytes, ...]]:
    for name in ("certificate", "x509CertificateChain"):
        if name in material:
            raise ValueError(f"it carries a {name}, not a public key hint")
    key = material.object("publicKey")
    hint = key.text("hint") if "hint" in key else None
    key.done()
    entries = tuple(material.list("tlogEntries", most=MAX_LOG_ENTRIES))
    if not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("verificationMaterial.tlogEntries holds something other than objects")
    stamps: list[bytes] = []
    if "timestampVerificationData" in material:
        inner = material.object("timestampVerificationData")
        for item in inner.list("rfc3161Timestamps", most=MAX_TIMESTAMPS):
            stamp = Fields(item, inner.path("rfc3161Timestamps"))
            stamps.append(stamp.data("signedTimestamp"))
            stamp.done()
        inner.done()
    material.done()
    return hint, entries, tuple(stamps)


def hint_text(hint: str | None) -> str:
    """Return a hint in a form that is safe to print."""
    if hint is None:
        return "none"
    try:
        raw = _base64.decode(hint)
    except ValueError:
        raw = b""
    return f"sha256:{raw.hex()}" if len(raw) == hashlib.sha256().digest_size else repr(hint[:80])
