"""A checkpoint's layout: how its files and tensors have to be called, and what is not so."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from audit.documents._base import Document
from audit.documents.digest import Sha256


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MemberRule(_Part):
    """What a member of config.json has to be: text that matches as a whole, or an object."""

    pattern: str | None = None
    type: Literal["object", "text"] | None = None


class FileRules(_Part):
    """Patterns that no file's path may match, and patterns of which each must match one."""

    forbid: tuple[str, ...] = ()
    require: tuple[str, ...] = ()


class Namespace(_Part):
    """Keys that match `any` have to match `must` as well."""

    any: str
    must: str


class Pair(_Part):
    """Two matrices of one adapter: the rows of the first are the columns of the second."""

    first: str
    second: str


class Rename(_Part):
    """How a loader calls a key: what matches at its beginning is replaced."""

    pattern: str
    to: str


class KeyRules(_Part):
    """What the names of tensors have to be."""

    forbid: tuple[str, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    pairs: tuple[Pair, ...] = ()
    rename: tuple[Rename, ...] = ()


class LayoutProfile(_Part):
    """A profile file; every pattern is a regular expression."""

    format: Literal["audit.layout/v1"]
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")
    config: dict[str, MemberRule] = Field(default_factory=dict)
    files: FileRules = FileRules()
    keys: KeyRules = KeyRules()


class LayoutProblem(Document):
    """One thing that is not as the profile says: a reason code, where, and what."""

    reason: str
    where: str
    detail: str


class LayoutReport(Document):
    """What checking a model directory against a profile gave; the profile by its digest."""

    format: Literal["audit.layout-report/v1"] = "audit.layout-report/v1"
    profile: str
    profile_digest: Sha256
    keys: int
    problems: tuple[LayoutProblem, ...]
