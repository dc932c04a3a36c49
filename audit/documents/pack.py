"""Evidence packs: what one holds, and which question it answers."""

from typing import Literal

from pydantic import Field

from audit.documents._base import Document
from audit.documents.digest import Sha256
from audit.documents.nanos import Nanos


class PackManifest(Document):
    """The question a pack answers, and the digest of every other member.

    The period is half-open; without `from_ns` it begins with the log, without
    `until_ns` it ends with the checkpoint. Its entries are those from number
    `first` to before `end`. An entry is selected if its event holds one of
    `subjects` anywhere; without subjects all are. `whole` says that the pack
    has every entry of the period, not only the `selected` ones.
    """

    format: Literal["audit.pack/v1"] = "audit.pack/v1"
    from_ns: Nanos | None
    until_ns: Nanos | None
    subjects: tuple[str, ...]
    first: int = Field(ge=0)
    end: int = Field(ge=0)
    whole: bool
    selected: int = Field(ge=0)
    members: dict[str, Sha256]
