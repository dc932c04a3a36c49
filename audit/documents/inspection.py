"""What inspecting a model's files found, read from their headers alone."""

from enum import StrEnum
from typing import Literal

from audit.documents._base import Document
from audit.documents.manifest import FileDigests


class FileRole(StrEnum):
    """What a file of a model directory is for; the ModelPack layer type follows from it."""

    WEIGHT = "weight"
    CONFIG = "config"
    DOC = "doc"


class Refusal(Document):
    """Why a file is refused: a reason code from docs/model-formats.md, and where."""

    reason: str
    detail: str


class InspectedFile(Document):
    """One file: its format, role and facts, or the reason why it is refused.

    `facts` are short strings read from the header (tensor count, architecture).
    """

    path: str
    format: str
    role: FileRole | None
    digests: FileDigests
    facts: dict[str, str]
    refusal: Refusal | None


class ModelInspection(Document):
    """Every file of one model directory; nothing else may be in it."""

    format: Literal["audit.model-inspection/v1"] = "audit.model-inspection/v1"
    files: tuple[InspectedFile, ...]

    @property
    def refused(self) -> tuple[InspectedFile, ...]:
        """The files that are refused."""
        return tuple(file for file in self.files if file.refusal is not None)
