"""What signing answers: the key that was made, the signature that was attached."""

from typing import Literal

from audit.documents._base import Document
from audit.documents.digest import Sha256
from audit.documents.nanos import Nanos


class GeneratedKey(Document):
    """A new key pair and the files it lies in."""

    format: Literal["audit.generated-key/v1"] = "audit.generated-key/v1"
    key: Sha256
    """SHA-256 of the public key's SubjectPublicKeyInfo."""
    private: str
    public: str


class AttachedSignature(Document):
    """A signature that was made, verified and attached to its subject."""

    format: Literal["audit.attached-signature/v1"] = "audit.attached-signature/v1"
    subject: Sha256
    bundle: Sha256 | None
    manifest: Sha256 | None
    """The manifest that attaches the bundle; None when only the older form was written."""
    key: Sha256
    signer: str | None = None
    """The identity in the certificate; None for a key."""
    legacy: Sha256 | None = None
    """The image that holds the signature in the older form, when one was written."""
    predicate_type: str


class LogPlace(Document):
    """Where a transparency log holds a signature."""

    log_id: str
    """SHA-256 by which the trusted root names the log, in hex."""
    url: str
    index: int
    proved: bool
    """Whether inclusion was proved, rather than promised."""


class VerifiedSignature(Document):
    """A signature that was verified, and against whom and what."""

    format: Literal["audit.verified-signature/v1"] = "audit.verified-signature/v1"
    subject: Sha256
    bundle: Sha256
    """The digest of the bundle, or of the payload of a legacy signature."""
    predicate_type: str
    key: Sha256
    """SHA-256 of the SubjectPublicKeyInfo of the key that signed."""
    signer: str
    """The file of the key, or the identity in the certificate."""
    issuer: str | None
    """Who vouches for the identity; None for a key."""
    trusted_root: Sha256 | None
    """SHA-256 of the trusted root file; None when none was used."""
    log: LogPlace | None
    times: tuple[Nanos, ...]
    """When trusted logs and timestamp authorities saw the signature."""
