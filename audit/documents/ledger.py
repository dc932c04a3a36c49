"""Ledger entries and checkpoints."""

import hashlib
from typing import Annotated, Any, Literal, cast

from pydantic import Field, StringConstraints, field_validator

from audit.core.canonical import JsonValue, canonical_bytes
from audit.documents._base import Document
from audit.documents.anchor import OutsideWord
from audit.documents.digest import Digest, Sha256
from audit.documents.frozen import FrozenFacts
from audit.documents.nanos import Nanos
from audit.documents.release import ModelId

ENTRY_SCHEMA: Literal["audit.entry/v1"] = "audit.entry/v1"
MAX_ENTRY = 65_535
"""Largest leaf in bytes: a tlog-tiles entry bundle gives its length 16 bits."""
GENESIS = "0" * 64
"""What the first entry points back to."""

EventType = Annotated[str, StringConstraints(pattern=r"^[a-z]+(\.[a-z_]+)+$", max_length=64)]
Hex64 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Named(Document):
    """Something an event used or made: what it is called there, and its digest."""

    name: str
    digest: Digest


class Event(Document):
    """What happened, with no personal data in it.

    `facts` hold text, integers, booleans, lists and objects of them; no floats.
    They are copied, and cannot be changed afterwards.
    """

    type: EventType
    model_id: ModelId | None = None
    subject: Sha256 | None = None
    inputs: tuple[Named, ...] = ()
    outputs: tuple[Named, ...] = ()
    facts: dict[str, Any] = Field(default_factory=dict)

    @field_validator("facts")
    @classmethod
    def _facts_have_one_spelling(cls, facts: dict[str, Any]) -> dict[str, Any]:
        try:
            return FrozenFacts(facts)
        except TypeError as exc:
            raise ValueError(str(exc)) from exc


class LedgerEntry(Document):
    """One leaf of the log; `prev` is the leaf hash of the entry before.

    The leaf is the canonical JSON of exactly these five members, and its hash
    is SHA-256(0x00 || leaf) as in RFC 6962, 2.1. Chain and Merkle tree are one
    commitment, since `prev` lies inside the leaf.
    """

    event: Event
    prev: Hex64
    schema_: Literal["audit.entry/v1"] = Field(default=ENTRY_SCHEMA, alias="schema")
    seq: Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,18})$")]
    ts_ns: Nanos

    def leaf(self) -> bytes:
        """Return the canonical bytes of the entry.

        Raises:
            ValueError: longer than `MAX_ENTRY`.
        """
        value = self.model_dump(mode="json", by_alias=True)
        leaf = canonical_bytes(cast("dict[str, JsonValue]", value))
        if len(leaf) > MAX_ENTRY:
            raise ValueError(f"an entry of {len(leaf)} bytes; {MAX_ENTRY} is the most")
        return leaf

    @property
    def number(self) -> int:
        """The entry's place in the log, from 0."""
        return int(self.seq)


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962, 2.1: leaves are prefixed with 0x00)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


class Checkpoint(Document):
    """A signed statement of the log's size and root (C2SP tlog-checkpoint).

    `note` is the whole signed note; the other fields are what it says.
    """

    origin: str
    size: int = Field(ge=0)
    root: Hex64
    note: str


class ExpiredEntries(Document):
    """Entries that are no longer kept, on the log's signed word; their hashes are."""

    below: int = Field(gt=0)
    entry: str
    """The number of the entry that records the expiry."""
    policy_id: str
    policy_version: str
    policy_digest: Sha256
    vkey: str


class LedgerVerification(Document):
    """What verifying a whole ledger found; a ledger that does not hold has none.

    `last_checkpoint` is the largest stored one, among those by a pinned key if
    keys were pinned. `covered` counts the entries under a checkpoint by a
    pinned key; without pinned keys nothing is covered.
    """

    format: Literal["audit.ledger-verification/v1"] = "audit.ledger-verification/v1"
    size: int = Field(ge=0)
    root: Hex64
    last_checkpoint: Checkpoint | None
    checkpoint_vkey: str | None
    covered: int = Field(ge=0)
    pinned: bool
    outside: tuple[OutsideWord, ...] = ()
    """Who outside the database saw this history, oldest tree first, as far as it was checked."""
    anchored: int = Field(ge=0, default=0)
    """How many entries are under somebody's word who does not hold the database."""
    unanchored_since_ns: Nanos | None = None
    """The own time of the first entry that nobody outside vouches for; None if there is none."""
    uncounted_anchors: int = Field(ge=0, default=0)
    """Anchors that are stored and count for nothing, since nobody who was named made them."""
    lost_anchors: int = Field(ge=0, default=0)
    """Anchors that an entry records and that are not stored any more."""
    expired: ExpiredEntries | None = None
    """None: every entry is there, from the first on."""
