"""Anchors: what somebody outside says of a checkpoint, and who makes and checks that."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, Self

from pydantic import Field, field_validator

from audit.documents._base import Document
from audit.documents.nanos import Nanos

ANCHORED = "ledger.anchored"
"""The type of the event that records an anchor."""


class AnchorKind(StrEnum):
    """What an anchor is made of."""

    TIMESTAMP = "timestamp"
    """An RFC 3161 response over the checkpoint's bytes, in DER."""
    LOG = "log"
    """A Sigstore bundle v0.3 over the checkpoint's bytes, with its entry in a Rekor v2 log."""


class OutsideKind(StrEnum):
    """Who vouches for a tree: somebody who does not hold the database."""

    TIMESTAMP = "timestamp"
    LOG = "log"
    WITNESS = "witness"
    CHECKPOINT = "checkpoint"
    """A checkpoint that the verifier kept himself."""


class Anchor(Document):
    """A checkpoint and what somebody outside says of exactly its bytes.

    A file of its own, so that it can be kept where the database's
    administrator cannot write.
    """

    format: Literal["audit.anchor/v1"] = "audit.anchor/v1"
    kind: AnchorKind
    checkpoint: str
    """The whole signed note; its UTF-8 bytes are what was anchored."""
    data: str
    """Base64 of the anchor itself."""

    @field_validator("data")
    @classmethod
    def _data_has_one_spelling(cls, data: str) -> str:
        try:
            raw = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise ValueError("not base64") from exc
        if not raw or base64.b64encode(raw).decode("ascii") != data:
            raise ValueError("empty, or not in its one spelling")
        return data

    @classmethod
    def of(cls, kind: AnchorKind, note: bytes, data: bytes) -> Self:
        """Return the anchor `data` over the checkpoint `note`."""
        encoded = base64.b64encode(data).decode("ascii")
        return cls(kind=kind, checkpoint=note.decode("utf-8"), data=encoded)

    @property
    def note(self) -> bytes:
        """The bytes that were anchored."""
        return self.checkpoint.encode("utf-8")

    @property
    def raw(self) -> bytes:
        """The anchor itself: DER or JSON."""
        return base64.b64decode(self.data)

    @property
    def digest(self) -> str:
        """SHA-256 of the anchor itself, as the ledger's entry about it has it."""
        return "sha256:" + hashlib.sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class AnchorWord:
    """Who vouches for a checkpoint, and since when."""

    by: str
    """The authority's or log's URL; for a log also the entry's number in it."""
    at_ns: int | None
    """When it had seen the checkpoint. A log gives no time."""


class OutsideWord(Document):
    """Somebody outside saw the tree of `size` entries."""

    kind: OutsideKind
    size: int = Field(ge=0)
    by: str
    at_ns: Nanos | None


class AnchorMaker(Protocol):
    """Has checkpoints anchored at one place."""

    @property
    def kind(self) -> AnchorKind:
        """What it makes."""

    @property
    def place(self) -> str:
        """The URL of the service."""

    def make(self, note: bytes) -> tuple[bytes, AnchorWord]:
        """Return an anchor over `note`, verified as its later readers will verify it.

        Raises:
            SigningFailed: the service refused, cannot be reached, or did not do its part.
        """


class AnchorVerifier(Protocol):
    """Knows whose anchors count."""

    def verify(self, kind: AnchorKind, data: bytes, note: bytes) -> AnchorWord | None:
        """Return who vouches for `note`; None if it is nobody whose word counts here.

        Raises:
            SignatureMismatch: somebody whose word counts does not say that.
        """
