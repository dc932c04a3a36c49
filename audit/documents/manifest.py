"""Manifests of files: what was hashed, one line per file."""

from typing import Literal

from pydantic import Field

from audit.documents._base import Document
from audit.documents.digest import Blake3, Sha256


class FileDigests(Document):
    """The digests of one file, taken in one pass over the same bytes."""

    size: int = Field(ge=0)
    blake3: Blake3
    sha256: Sha256


class FileLine(FileDigests):
    """One file of a tree; `path` is relative, POSIX, and unique in its manifest."""

    path: str


class DatasetManifest(Document):
    """Every file of a dataset, in code-point order of its path.

    `fingerprint` is BLAKE3 over the canonical JSON of `files` reduced to path,
    size and BLAKE3, so it can be recomputed with b3sum and a JSON writer.
    """

    format: Literal["audit.dataset-manifest/v1"] = "audit.dataset-manifest/v1"
    fingerprint: Blake3
    files: tuple[FileLine, ...] = Field(min_length=1)

    @property
    def size(self) -> int:
        """The bytes of all files together."""
        return sum(line.size for line in self.files)
