"""What a redaction found, with no text in it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from audit.documents._base import Document
from audit.documents.digest import Sha256


class FoundSpan(Document):
    """One place, in code points of the original text; `score` is in percent."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    type: str
    score: Annotated[int, Field(ge=0, le=100)]


class RedactionReport(Document):
    """What was found in one text and what was looked at: types, places and counts, never text.

    `counts` is what a coverage receipt in the ledger carries.
    """

    format: Literal["audit.redaction/v1"] = "audit.redaction/v1"
    recognisers: tuple[Sha256, ...]
    """Digests of the recogniser sets that looked at the text, in order."""
    spans: tuple[FoundSpan, ...]
    counts: dict[str, int]
    characters: int = Field(ge=0)
    layers: tuple[str, ...]
    """Encodings that were opened inside the text."""
    refused: str | None = None
    """Why the text was masked whole instead of scanned."""


class ProbeCheck(Document):
    """One planted value: whether the answer came, and whether it held the value."""

    name: str
    answered: bool
    leaked: bool
    detail: str


class ProbeReport(Document):
    """What came back when synthetic identifiers were sent through a live gateway."""

    format: Literal["audit.gateway-probe/v1"] = "audit.gateway-probe/v1"
    outcome: Literal["clean", "leaking", "unknown"]
    checks: tuple[ProbeCheck, ...]

    @model_validator(mode="after")
    def _outcome_follows_from_checks(self) -> Self:
        if self.outcome != (found := outcome_of(self.checks)):
            raise ValueError(f"outcome is {self.outcome} but the checks say {found}")
        return self


def outcome_of(checks: tuple[ProbeCheck, ...]) -> Literal["clean", "leaking", "unknown"]:
    """Return `leaking` for any leak, `clean` when every check was answered, else `unknown`."""
    if any(check.leaked for check in checks):
        return "leaking"
    return "clean" if checks and all(check.answered for check in checks) else "unknown"
