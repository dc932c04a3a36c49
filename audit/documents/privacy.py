"""What erasure and retention answer."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from audit.documents._base import Document
from audit.documents.ledger import Hex64
from audit.documents.nanos import Nanos
from audit.documents.policy import PolicyMetadata
from audit.documents.verdict import PolicyRef


class ErasureReceipt(Document):
    """What was destroyed of one subject, and the entry that records it.

    The subject's identifier is not in it: whoever asked for the erasure keeps
    the two together. `subject_ref` is the random name that the subject's
    entries have. If nothing is held, the subject was erased before or never
    known, and nobody can tell which.
    """

    format: Literal["audit.erasure-receipt/v1"] = "audit.erasure-receipt/v1"
    outcome: Literal["erased", "nothing-held"]
    subject_ref: str | None
    entry: str | None
    """The number of the ledger entry that records the erasure."""
    entry_hash: Hex64 | None
    erased_at_ns: Nanos | None
    payloads: int = Field(ge=0)
    database: str
    not_reached: tuple[str, ...] = (
        "backups, replicas and archived write-ahead logs of the database",
        "snapshots and freed blocks of the file system and the disk below it",
        "copies that were read and kept elsewhere",
    )
    """Where copies may be that this erasure cannot destroy."""

    @model_validator(mode="after")
    def _names_its_entry_if_there_is_one(self) -> "ErasureReceipt":
        named = (self.subject_ref, self.entry, self.entry_hash, self.erased_at_ns)
        if (self.outcome == "erased") == (None in named) or (None in named and any(named)):
            raise ValueError("an erasure names its subject and entry, and nothing else does")
        return self


class VaultVerification(Document):
    """What opening every payload gave; if one is missing or edited there is none."""

    format: Literal["audit.vault-verification/v1"] = "audit.vault-verification/v1"
    held: int = Field(ge=0)
    """Payloads that are what their entries commit to."""
    erased: int = Field(ge=0)
    """Payloads that are gone, with an entry that says so."""
    unnamed: int = Field(ge=0)
    """Stored payloads that no entry commits to: left by a writer that was stopped."""
    unfinished: int = Field(ge=0)
    """Erasures that were recorded and whose traces are not scrubbed yet."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class RetentionSpec(_Part):
    """How long entries are kept."""

    keep_months: int = Field(ge=6, le=1200)
    """Calendar months. Six is the least that laws on network and AI logs ask for."""


class RetentionPolicy(_Part):
    """A whole retention policy file."""

    api_version: Literal["audit.retention/v1"] = Field(alias="apiVersion")
    kind: Literal["RetentionPolicy"]
    metadata: PolicyMetadata
    spec: RetentionSpec


class RetentionPlan(Document):
    """What a retention policy keeps of a ledger, and what could expire now."""

    format: Literal["audit.retention-plan/v1"] = "audit.retention-plan/v1"
    policy: PolicyRef
    keep_months: int
    cutoff_ns: Nanos
    """Entries that are older are not kept by the policy."""
    size: int = Field(ge=0)
    minimum: int = Field(ge=0)
    """Entries below expired before."""
    kept_from: int = Field(ge=0)
    """The first entry that the policy keeps."""
    covered: int = Field(ge=0)
    """Entries under a checkpoint; others do not expire."""
    partition: int = Field(gt=0)
    """Entries that expire together."""
    below: int = Field(ge=0)
    """Entries below can expire; the minimum index if none can."""


class ExpiryReceipt(Document):
    """What expired, and the entry and the signed note that say so; None if nothing did."""

    format: Literal["audit.expiry-receipt/v1"] = "audit.expiry-receipt/v1"
    policy: PolicyRef
    cutoff_ns: Nanos
    minimum: int = Field(ge=0)
    """Entries below have expired, now or before."""
    expired: int = Field(ge=0)
    entry: str | None
    entry_hash: Hex64 | None
    note: str | None
