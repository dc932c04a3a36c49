"""What looking through a whole ledger found wrong, and where."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from audit.documents._base import Document
from audit.documents.anchor import OutsideWord
from audit.documents.ledger import Hex64


class Damage(StrEnum):
    """What is wrong, by what must have been done to the ledger."""

    EDITED = "edited-entry"
    MISSING = "missing-entry"
    DUPLICATED = "duplicated-entry"
    SWAPPED = "swapped-entries"
    UNACCOUNTED = "unaccounted-entry"
    """An entry that the head does not commit to."""
    TRUNCATED = "truncated-tail"
    REWRITTEN = "rewritten-history"
    FORK = "fork"
    """The log's key signed two histories."""
    ROLLED_BACK = "rolled-back"
    """Somebody outside saw more entries than there are."""
    HEAD = "head"
    CHECKPOINT = "checkpoint"
    """The table of checkpoints was edited."""
    EXPIRY = "expiry"
    """What is left of entries that expired: the log's word, or their hashes."""
    STALE = "stale-checkpoint"
    QUORUM = "quorum"
    ANCHOR = "anchor"
    ATTACHMENT = "attachment"
    KEY = "key"
    """A name of an event that leads to no entry."""
    TILE = "tile"
    PAYLOAD = "payload"
    TABLES = "tables"
    """The tables or their guards are not those this version makes."""


class LedgerDamage(Document):
    """One thing that is wrong; `seq` to `until` are the first and last entry it may be in."""

    kind: Damage
    seq: int | None = None
    until: int | None = None
    what: str


class LedgerCheck(Document):
    """What a look through the whole ledger gave; without `damage` nothing is wrong.

    `root` is the one recomputed from the entries; None where entries are lost.
    """

    format: Literal["audit.ledger-check/v1"] = "audit.ledger-check/v1"
    size: int = Field(ge=0)
    """How many entries the head commits to."""
    root: Hex64 | None
    damage: tuple[LedgerDamage, ...]
    unlisted: int = Field(ge=0, default=0)
    """How many more findings there are than are listed."""
    outside: tuple[OutsideWord, ...]
    checkpoints: int = Field(ge=0)
    attachments: int = Field(ge=0)
    tiles: int | None
    """How many entries the tiles hold that were compared; None if there were none."""
    payloads: int | None
    """How many payloads were opened; None without the vault's key."""
