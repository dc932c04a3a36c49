"""A canary: what was asked of it, what was seen of it, and what that comes to."""

from decimal import Decimal
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from audit.documents._base import Document
from audit.documents.digest import Sha256
from audit.documents.nanos import Nanos
from audit.documents.release import ModelId
from audit.documents.verdict import PolicyRef


class Arm(StrEnum):
    """Which of the two served a request."""

    CANARY = "canary"
    STABLE = "stable"


class Action(StrEnum):
    """What a finding asks for: to wait and look, or to take the canary back."""

    PAUSE = "pause"
    ROLL_BACK = "roll_back"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlowLimit(_Part):
    """At most `share` of the canary's requests may take longer than `over_ms`.

    "P99 over 1200 ms" is a share of 0.01 over 1200 ms, and needs no histogram.
    """

    over_ms: int = Field(ge=1)
    share: Decimal = Field(gt=0, lt=1, allow_inf_nan=False)
    action: Action = Action.ROLL_BACK


class ErrorLimit(_Part):
    """At most `rate` of the canary's requests may fail (status 500 and above)."""

    rate: Decimal = Field(gt=0, lt=1, allow_inf_nan=False)
    action: Action = Action.PAUSE


class ShiftLimit(_Part):
    """How much slower than stable the canary may be: a distance of distributions, 0 to 1."""

    least: Decimal = Field(default=Decimal("0.1"), gt=0, lt=1, allow_inf_nan=False)
    action: Action = Action.ROLL_BACK


class CanaryPolicy(_Part):
    """The file `canary.yaml`."""

    format: Literal["audit.canary/v1"]
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    version: str = Field(min_length=1, max_length=64)
    percent: Decimal = Field(gt=0, le=50, allow_inf_nan=False)
    """How many requests of a hundred the canary serves."""
    min_samples: int = Field(default=200, ge=30)
    """Requests of each arm below which nothing is said."""
    alpha: Decimal = Field(default=Decimal("0.01"), gt=0, le=Decimal("0.1"))
    """How often a canary that is no worse may be taken back, over all looks together."""
    detect: Decimal = Field(default=Decimal("0.5"), gt=0, lt=1)
    """The shift that must have been found if it were there; else the samples are too few."""
    shift: ShiftLimit = ShiftLimit()
    slow: SlowLimit | None = None
    errors: ErrorLimit | None = None


class ArmCounts(Document):
    """What was seen of one arm."""

    requests: int = Field(ge=0)
    errors: int = Field(ge=0)
    slow: int = Field(ge=0)


class CanaryOutcome(StrEnum):
    """The three answers. Only `pass` lets a canary grow."""

    PASS = "pass"  # noqa: S105
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"


class CanaryFinding(Document):
    """One limit that the canary does not keep, and what the policy wants then."""

    limit: Literal["shift", "slow", "errors", "samples"]
    action: Action
    message: str


class CanaryVerdict(Document):
    """The answer about one canary from one set of samples; decimals are text."""

    format: Literal["audit.canary-verdict/v1"] = "audit.canary-verdict/v1"
    outcome: CanaryOutcome
    model_id: ModelId
    canary: Sha256
    stable: Sha256
    policy: PolicyRef
    samples: Sha256
    arm_key: str | None
    """The id of the key by which every sample's arm was recomputed; None: it was not."""
    decided_at_ns: Nanos
    arms: dict[Arm, ArmCounts]
    shift: str | None
    """How much slower the canary was: the largest distance of the two distributions."""
    detectable: str | None
    """The smallest shift that these samples could have shown."""
    findings: tuple[CanaryFinding, ...]

    @classmethod
    def outcome_of(cls, findings: tuple[CanaryFinding, ...]) -> CanaryOutcome:
        """Return the outcome that findings come to."""
        if any(one.action is Action.ROLL_BACK for one in findings):
            return CanaryOutcome.FAIL
        return CanaryOutcome.INCONCLUSIVE if findings else CanaryOutcome.PASS

    @model_validator(mode="after")
    def _outcome_follows_from_findings(self) -> Self:
        if self.outcome is not (found := self.outcome_of(self.findings)):
            raise ValueError(f"outcome is {self.outcome} but the findings say {found}")
        return self
