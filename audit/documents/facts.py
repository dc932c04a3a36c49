"""Facts about a release, each with the file it was read from."""

from typing import Literal

from audit.documents._base import Document
from audit.documents.digest import Blake3, Sha256
from audit.documents.manifest import FileDigests
from audit.documents.release import ModelId, Version


class Fact(Document):
    """One value, as its source wrote it, and where that was.

    `pointer` says where in the source: a JSON pointer (RFC 6901), or a short
    description when the value was chosen from several.
    """

    name: str
    value: str
    source: str
    source_digest: Sha256
    pointer: str


class SourceFile(Document):
    """A file that facts were read from, or that a release names."""

    path: str
    digests: FileDigests


class ReleaseFacts(Document):
    """Everything the carriers (card, annotations, statement) say about a release."""

    format: Literal["audit.release-facts/v1"] = "audit.release-facts/v1"
    model_id: ModelId
    version: Version
    dataset_fingerprint: Blake3
    facts: tuple[Fact, ...]
    sources: tuple[SourceFile, ...]
