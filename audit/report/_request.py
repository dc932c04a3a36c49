"""What the caller wants in a report."""

from dataclasses import dataclass, field

from audit.documents import ReportAbout

RETENTION_DAYS = 184
"""The longest six calendar months: 180 days would be too short for a six-month duty."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Which part of the ledger a report is about, and what the operator declares.

    `vkeys` are the log keys whose checkpoints count. Without `as_of_ns`, ages
    count up to the time at which the report is made.
    """

    vkeys: tuple[str, ...] = ()
    model_id: str | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    as_of_ns: int | None = None
    retention_days: int = RETENTION_DAYS
    about: ReportAbout = field(default_factory=ReportAbout)
