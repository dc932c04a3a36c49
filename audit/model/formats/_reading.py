"""What a reader of one format gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.documents import FileRole


@dataclass(frozen=True, slots=True)
class DataSpan:
    """Bytes that a tensor keeps in another file: `location` is as the file says it."""

    location: str
    tensor: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Reading:
    """An accepted file: its format, role, and what its header says.

    `tensors`, `shards` and `data` are what has to agree with other files.
    """

    format: str
    role: FileRole
    facts: Mapping[str, str] = field(default_factory=dict)
    tensors: frozenset[str] = frozenset()
    shards: Mapping[str, frozenset[str]] = field(default_factory=dict)
    data: tuple[DataSpan, ...] = ()
