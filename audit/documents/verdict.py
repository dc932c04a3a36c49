"""What the gate says, and why."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import model_validator

from audit.documents._base import Document
from audit.documents.digest import Sha256
from audit.documents.evidence import Evidence
from audit.documents.nanos import Nanos
from audit.documents.release import Release


class Outcome(StrEnum):
    """The three answers of a gate. Only `allow` opens it."""

    ALLOW = "allow"
    UNDECIDED = "undecided"
    DENY = "deny"


class Finding(Document):
    """One rule that did not hold."""

    rule: str
    outcome: Literal[Outcome.DENY, Outcome.UNDECIDED]
    message: str
    hint: str | None = None


class PolicyRef(Document):
    """The policy a verdict was made under; `digest` is over the bytes of its file."""

    id: str
    version: str
    digest: Sha256


class RuleOff(Document):
    """A rule the policy switched off, and the reason it gave."""

    rule: str
    reason: str


class Verdict(Document):
    """The gate's answer for one release under one policy.

    `outcome` follows from `findings`. It is stored all the same, so that a
    reader without this package sees it, and checked on the way in, so that
    nobody can edit one without the other.
    """

    format: Literal["audit.verdict/v1"] = "audit.verdict/v1"
    outcome: Outcome
    release: Release
    policy: PolicyRef
    decided_at_ns: Nanos
    findings: tuple[Finding, ...]
    rules_off: tuple[RuleOff, ...]
    evidence: tuple[Evidence, ...]

    @classmethod
    def outcome_of(cls, findings: tuple[Finding, ...]) -> Outcome:
        """Return the outcome of the worst finding, `allow` when there is none."""
        order = list(Outcome)
        return max((f.outcome for f in findings), key=order.index, default=Outcome.ALLOW)

    @model_validator(mode="after")
    def _outcome_follows_from_findings(self) -> Self:
        if self.outcome is not (worst := self.outcome_of(self.findings)):
            raise ValueError(f"outcome is {self.outcome} but the findings say {worst}")
        return self
