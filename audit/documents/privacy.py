"""What erasure and retention answer."""

from typing import Literal

from pydantic import Field, model_validator

from audit.documents._base import Document
from audit.documents.ledger import Hex64
from audit.documents.nanos import Nanos


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
