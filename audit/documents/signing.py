"""What signing answers: the key that was made, the signature that was attached."""

from typing import Literal

from audit.documents._base import Document
from audit.documents.digest import Sha256


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
    bundle: Sha256
    manifest: Sha256
    """The manifest that attaches the bundle."""
    key: Sha256
    predicate_type: str
