"""Compliance reports: what the ledger was asked, what it answered, what follows per item.

A report states evidence, never compliance. It is a pure function of a range of
the ledger, the questions' scope and the catalogues, so that anyone with the
ledger can make it again, byte for byte.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from audit.documents._base import Document
from audit.documents.digest import Sha256
from audit.documents.ledger import Hex64
from audit.documents.nanos import Nanos
from audit.documents.release import ModelId

Written = Annotated[str, StringConstraints(min_length=1)]
QueryId = Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z_]+$", max_length=64)]
ReportKind = Literal["gdpr", "mlps"]
Method = Literal["examine", "test"]
"""How a question is answered: records are read, or something is recomputed. Never by interview."""


class Text(Document):
    """One text in both languages of a report."""

    en: Written
    zh: Written


class BrokenAt(Document):
    """Where verifying the ledger stopped; nothing from entry `seq` on is believed."""

    seq: int = Field(ge=0)
    what: Written


class QueryScope(Document):
    """What every question of one report was asked of.

    The range is the first `size` entries and the first `checkpoints` stored
    checkpoints; `root` is the Merkle root over these entries, which with the
    size names them exactly. `from_ns` and `to_ns` bound the period (start
    inclusive, end exclusive); `as_of_ns` is the time that ages count up to.
    """

    size: int = Field(ge=0)
    root: Hex64 | None
    """None: the ledger is broken, and `size` counts the entries before the break."""
    checkpoints: int = Field(ge=0)
    broken: BrokenAt | None
    vkeys: tuple[str, ...]
    """The log keys that were believed; without one no checkpoint counts as signed."""
    model_id: ModelId | None
    from_ns: Nanos | None
    to_ns: Nanos | None
    as_of_ns: Nanos
    retention_days: int = Field(gt=0)

    @model_validator(mode="after")
    def _broken_ledgers_have_no_root(self) -> Self:
        if (self.root is None) is not (self.broken is not None):
            raise ValueError("a ledger has a root or a break, and not both")
        if None not in (self.from_ns, self.to_ns) and self.from_ns >= self.to_ns:  # type: ignore[operator]
            raise ValueError("the period ends before it begins")
        return self


class QueryOutcome(StrEnum):
    """What a question of the ledger came to."""

    PASS = "pass"  # noqa: S105
    """The rule holds."""
    PARTIAL = "partial"
    """Part of what the rule asks for is shown; the rest is not recorded."""
    FAIL = "fail"
    """The records contradict the rule."""
    ABSENT = "absent"
    """The question was asked, and nothing is recorded that answers it."""
    NOT_RUN = "not_run"
    """Nothing records this yet, so it was not asked. Never counts as a pass."""


class QueryAnswer(Document):
    """One evidence query, answered; `query` is the evidence id that items cite.

    `digest` is SHA-256 over the answer's record (docs/reports.md): all rows,
    also those beyond the ones printed here.
    """

    query: QueryId
    section: Written
    title: Text
    method: Method
    computes: Text
    passes: Text
    """What has to hold for `pass`."""
    limit: Text
    """What even a pass does not show."""
    outcome: QueryOutcome
    observed: Text
    row_count: int = Field(ge=0)
    rows: tuple[dict[str, Any], ...]
    digest: Sha256


class ItemResult(StrEnum):
    """What the evidence comes to for one item: MLPS values, then GDPR values."""

    MET = "met"
    PARTLY_MET = "partly_met"
    NOT_MET = "not_met"
    EVIDENCE_PRESENT = "evidence_present"
    EVIDENCE_PARTIAL = "evidence_partial"
    EVIDENCE_MISSING = "evidence_missing"
    CONTRADICTED = "contradicted"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASSESSED = "not_assessed"


POSITIVE = frozenset(
    {
        ItemResult.MET,
        ItemResult.PARTLY_MET,
        ItemResult.EVIDENCE_PRESENT,
        ItemResult.EVIDENCE_PARTIAL,
    }
)


class ReportItem(Document):
    """One item of a framework and what the evidence for it comes to.

    A positive result rests on at least one answered query and its method, so
    that it always has a step, an observed value and a basis.
    """

    id: Written
    control: Written
    control_title: Text
    unit: str | None
    text: Text
    share: Written
    """How much of the evidence can come from this product: a key of the catalogue."""
    result: ItemResult
    reason: Text
    methods: tuple[Method, ...]
    evidence: tuple[QueryId, ...]
    """The queries that can establish the item."""
    supporting: tuple[QueryId, ...]
    """Queries about records around it: they can contradict the item, never establish it."""
    attest: tuple[Text, ...]
    never_claim: tuple[Text, ...]
    refs: dict[str, str]

    @model_validator(mode="after")
    def _positive_results_rest_on_evidence(self) -> Self:
        if self.result in POSITIVE and not (self.methods and self.evidence):
            raise ValueError(f"{self.id}: {self.result} without method or evidence")
        return self


class ReportGroup(Document):
    """Items that stand under one heading: a domain (MLPS) or a chapter (GDPR)."""

    id: Written
    title: Text
    items: tuple[ReportItem, ...]


class ReportAbout(Document):
    """What the operator says the report is about. Declared, not checked."""

    system: str | None = None
    organisation: str | None = None
    role: str | None = None
    grade: str | None = None
    filing: str | None = None


class Maker(Document):
    """What made the report; `catalogues` is over the control files it was made with."""

    version: str
    catalogues: Sha256


class CitedEntry(Document):
    """A ledger entry that the printed rows cite; `leaf` is its leaf hash."""

    seq: int = Field(ge=0)
    ts_ns: Nanos
    type: str
    leaf: Hex64


class Framework(Document):
    """What the items are taken from, and what is not certain about it."""

    id: Written
    title: Text
    claim: Text
    not_verified: tuple[Text, ...]
    shares: dict[str, Text]


class CrosswalkLine(Document):
    """A provision of another framework that the same evidence speaks to; no result is given."""

    framework: Written
    framework_title: Text
    ref: Text
    text: Text
    evidence: tuple[QueryId, ...]
    numbering: Text
    """How far the number was checked."""


class FieldLine(Document):
    """A provision that a field of every ledger entry is evidence for."""

    field: Written
    ref: Written
    text: Text


class Report(Document):
    """A whole report. `digest` is over the canonical JSON of all other members."""

    format: Literal["audit.report/v1"] = "audit.report/v1"
    digest: Sha256
    kind: ReportKind
    framework: Framework
    maker: Maker
    about: ReportAbout
    scope: QueryScope
    groups: tuple[ReportGroup, ...]
    answers: tuple[QueryAnswer, ...]
    cited: tuple[CitedEntry, ...]
    law: tuple[Text, ...]
    """Law that depends on the period, as it is cited for this one."""
    crosswalk: tuple[CrosswalkLine, ...]
    fields: tuple[FieldLine, ...]
    never_claimed: tuple[Text, ...]

    @model_validator(mode="after")
    def _cited_evidence_is_here(self) -> Self:
        known = {answer.query for answer in self.answers}
        for item in self.items:
            if missing := sorted({*item.evidence, *item.supporting} - known):
                raise ValueError(f"{item.id} cites {missing[0]}, which is not answered here")
        return self

    @property
    def items(self) -> tuple[ReportItem, ...]:
        """All items, in order."""
        return tuple(item for group in self.groups for item in group.items)


class ReportVerification(Document):
    """What making a report again from the ledger confirmed; one that differs has none."""

    format: Literal["audit.report-verification/v1"] = "audit.report-verification/v1"
    report: Sha256
    """The report's own digest."""
    kind: ReportKind
    scope: QueryScope
    recorded_seq: int | None
    """The entry that recorded exactly this file, if one did."""
