"""Sigstore bundles v0.1 to v0.3 (protobuf-specs, bundle), parsed closed-world and bounded."""

import hashlib
from dataclasses import dataclass

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.sign import _base64
from audit.sign._dsse import Envelope
from audit.sign._fields import Fields
from audit.sign.log import Entry, parse_entry

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
VERSIONS = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1": 1,
    "application/vnd.dev.sigstore.bundle+json;version=0.2": 2,
    "application/vnd.dev.sigstore.bundle+json;version=0.3": 3,
    BUNDLE_TYPE: 3,
}
MAX_BUNDLE = 4 << 20
"""Largest bundle that is read, in bytes; the same as an OCI manifest."""
MAX_CERTIFICATES = 16
MAX_LOG_ENTRIES = 1
"""With several it would be open which of them vouches for the time."""
MAX_TIMESTAMPS = 32


@dataclass(frozen=True, slots=True)
class ArtifactSignature:
    """A signature over an artifact itself, the digest it claims, and its bytes if we have them."""

    signature: bytes
    digest: bytes | None
    message: bytes | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it claims to be; nothing in it has been verified."""

    digest: str
    certificate: bytes | None
    """DER of the signing certificate; None when it was signed with a plain key."""
    hint: str | None
    """What the bundle calls its key; anybody can write any hint."""
    content: Envelope | ArtifactSignature
    entry: Entry | None
    timestamps: tuple[bytes, ...]

    @property
    def signature(self) -> bytes:
        """Return the one signature in the bundle."""
        return self.content.signature


def bundle_digest(data: bytes) -> str:
    """Return the digest that names a bundle."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def parse_bundle(data: bytes) -> Bundle:
    """Read a bundle.

    Raises:
        ValueError: not one, or beyond the bounds, with the member that is wrong.
    """
    if len(data) > MAX_BUNDLE:
        raise ValueError(f"{len(data)} bytes; {MAX_BUNDLE} are read at most")
    try:
        value = strict_json.loads(data, source="the bundle")
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
    top = Fields(value, "")
    kind = top.text("mediaType")
    if kind not in VERSIONS:
        raise ValueError(f"mediaType is {kind[:80]!r}, not a bundle's")
    material = top.object("verificationMaterial")
    content = _content(top)
    top.done()
    certificate, hint = _signer(material, VERSIONS[kind])
    entry = _entry(material, VERSIONS[kind])
    timestamps = _timestamps(material)
    material.done()
    return Bundle(bundle_digest(data), certificate, hint, content, entry, timestamps)


def _content(top: Fields) -> Envelope | ArtifactSignature:
    if "messageSignature" not in top:
        return Envelope.parse(top.object("dsseEnvelope"))
    if "dsseEnvelope" in top:
        raise ValueError("it holds two signatures")
    inner = top.object("messageSignature")
    digest = None
    if "messageDigest" in inner:
        claim = inner.object("messageDigest")
        if claim.text("algorithm") != "SHA2_256":
            raise ValueError(f"{claim.path('algorithm')} is not SHA2_256")
        digest = claim.data("digest")
        claim.done()
    content = ArtifactSignature(inner.data("signature"), digest)
    inner.done()
    return content


def _signer(material: Fields, version: int) -> tuple[bytes | None, str | None]:
    kinds = [n for n in ("certificate", "x509CertificateChain", "publicKey") if n in material]
    if len(kinds) != 1:
        what = " and ".join(kinds) if kinds else "neither a certificate nor a key"
        raise ValueError(f"it is signed with {what}")
    [kind] = kinds
    inner = material.object(kind)
    if kind == "publicKey":
        hint = inner.optional_text("hint")
        inner.done()
        return None, hint
    if (kind == "certificate") != (version == 3):
        raise ValueError(f"a bundle of this version has no {kind}")
    # The rest of a chain is not used: paths are built from the trusted root alone.
    chain = [inner] if version == 3 else inner.objects("certificates", MAX_CERTIFICATES)
    found = []
    for one in chain:
        found.append(one.data("rawBytes"))
        one.done()
    inner.done()
    if not found:
        raise ValueError(f"{inner.path('certificates')} is empty")
    return found[0], None


def _entry(material: Fields, version: int) -> Entry | None:
    entries = [parse_entry(item) for item in material.objects("tlogEntries", MAX_LOG_ENTRIES)]
    if not entries:
        return None
    if version == 1 and entries[0].promise is None:
        raise ValueError("a log entry in a bundle v0.1 has a promise of inclusion")
    if entries[0].proof is None:
        raise ValueError("a log entry in a bundle has a proof of inclusion")
    return entries[0]


def _timestamps(material: Fields) -> tuple[bytes, ...]:
    if "timestampVerificationData" not in material:
        return ()
    inner = material.object("timestampVerificationData")
    stamps = []
    for item in inner.objects("rfc3161Timestamps", MAX_TIMESTAMPS):
        stamps.append(item.data("signedTimestamp"))
        item.done()
    inner.done()
    return tuple(stamps)


def hint_text(hint: str | None) -> str:
    """Return a hint in a form that is safe to print."""
    if hint is None:
        return "none"
    try:
        raw = _base64.decode(hint)
    except ValueError:
        raw = b""
    return f"sha256:{raw.hex()}" if len(raw) == hashlib.sha256().digest_size else repr(hint[:80])
