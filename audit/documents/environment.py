"""The environment a model was trained in, as its lock file has it."""

from typing import Literal

from pydantic import Field

from audit.documents._base import Document
from audit.documents.digest import Sha256


class EnvironmentLock(Document):
    """A lock file that was read, and what would make another environment of it."""

    format: Literal["audit.environment-lock/v1"] = "audit.environment-lock/v1"
    path: str
    digest: Sha256
    lock_format: str
    packages: int = Field(ge=0)
    problems: tuple[str, ...]


class LockChange(Document):
    """One change between two lock files.

    A `hash` that changed under one version is another package by the same name.
    """

    kind: Literal["added", "removed", "version", "hash"]
    package: str
    before: str
    after: str


class LockChanges(Document):
    """Every change from one lock file to another, by name of the package."""

    format: Literal["audit.lock-changes/v1"] = "audit.lock-changes/v1"
    changes: tuple[LockChange, ...]
