"""Evidence: what was checked about a release, and against whom.

A rule sees only these documents. Whatever could not be checked is here too,
as evidence that it could not, so that absence and failure are never confused.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from audit.documents._base import Document
from audit.documents.digest import Blake3, Sha256
from audit.documents.inspection import FileRole, Refusal
from audit.documents.nanos import Nanos
from audit.documents.signing import LogPlace


class SignatureEvidence(Document):
    """A signature over the subject that verified against a key or identity the policy names."""

    kind: Literal["signature"] = "signature"
    subject: Sha256
    bundle: Sha256
    """The digest of the bundle, or of the payload of a legacy signature."""
    signer: str
    """The policy's name for the key or identity."""
    key: Sha256
    """SHA-256 of the key's SubjectPublicKeyInfo."""
    predicate_type: str
    identity: str | None = None
    """Whom the certificate names; None for a key."""
    issuer: str | None = None
    trusted_root: Sha256 | None = None
    """SHA-256 of the trusted root that was used; None for a key."""
    log: LogPlace | None = None
    times: tuple[Nanos, ...] = ()
    """When trusted logs and timestamp authorities saw the signature."""


class RejectedSignature(Document):
    """A signature found beside the subject that counts for nothing, and why."""

    kind: Literal["rejected-signature"] = "rejected-signature"
    subject: Sha256
    bundle: Sha256
    reason: str


class BlobEvidence(Document):
    """One blob of the artifact, read whole and hashed: its name and what was found."""

    kind: Literal["blob"] = "blob"
    subject: Sha256
    name: str
    expected: Sha256
    found: Sha256 | None
    """None: the blob is not there."""


class StructureEvidence(Document):
    """One part of the artifact, held against what the others say of it."""

    kind: Literal["structure"] = "structure"
    subject: Sha256
    part: str
    """`config`, or the path of a file."""
    problem: str | None


class FormatEvidence(Document):
    """One file of the model, inspected from the bytes that would be served."""

    kind: Literal["format"] = "format"
    subject: Sha256
    path: str
    format: str
    role: FileRole | None
    refusal: Refusal | None
    templates: tuple[Sha256, ...] = ()
    """The digests of the chat templates in it: the part of a model that is a program."""


class DatasetEvidence(Document):
    """The dataset fingerprint that the artifact carries, and whether the ledger has it."""

    kind: Literal["dataset"] = "dataset"
    subject: Sha256
    fingerprint: Blake3
    recorded_seq: int | None
    """The entry that recorded the fingerprint before the artifact was packaged."""


class EvaluationEvidence(Document):
    """One metric that the artifact carries, and whether the ledger has the same value."""

    kind: Literal["evaluation"] = "evaluation"
    subject: Sha256
    metric: str
    value: str
    recorded_seq: int | None


class Carrier(StrEnum):
    """Where the facts of a release stand."""

    LEDGER = "ledger"
    """What was recorded when the release was described and packaged."""
    ANNOTATIONS = "annotations"
    CARD = "card"
    CONFIG = "config"
    STATEMENT = "statement"


class CarrierEvidence(Document):
    """What one carrier says about the release: each fact by name, as text."""

    kind: Literal["carrier"] = "carrier"
    subject: Sha256
    carrier: Carrier
    facts: dict[str, str]
    problem: str | None
    """Why it could not be read."""


class EnvironmentEvidence(Document):
    """The lock file that the release names, as the ledger recorded it before packaging."""

    kind: Literal["environment"] = "environment"
    subject: Sha256
    lock: Sha256
    format: str
    problems: tuple[str, ...]
    """What makes the environment another one when it is built again."""
    recorded_seq: int


class LedgerState(StrEnum):
    """What verifying the ledger gave."""

    INTACT = "intact"
    BROKEN = "broken"
    UNCHECKPOINTED = "uncheckpointed"
    """Links hold, but no checkpoint by a key the policy names covers the release."""
    STALE = "stale"
    """It holds, but no checkpoint is as young as the policy asks: it may have been rolled back."""
    UNWITNESSED = "unwitnessed"
    """It holds, but no checkpoint is cosigned by the quorum of witnesses that the policy asks for."""


class LedgerEvidence(Document):
    """What verifying the ledger from its first entry gave, and what it knows of the subject."""

    kind: Literal["ledger"] = "ledger"
    subject: Sha256
    state: LedgerState
    size: int
    root: str
    checkpoint_size: int | None
    packaged_seq: int | None
    """The entry that recorded the packaging of the subject."""
    problem: str | None


Evidence = Annotated[
    SignatureEvidence
    | RejectedSignature
    | BlobEvidence
    | StructureEvidence
    | FormatEvidence
    | DatasetEvidence
    | EvaluationEvidence
    | CarrierEvidence
    | EnvironmentEvidence
    | LedgerEvidence,
    Field(discriminator="kind"),
]
