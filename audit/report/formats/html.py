"""HTML: the view for people. One file, no script, nothing from outside, prints on A4.

Every value is escaped by the template engine; a name that the template needs
and does not get is an error, never a silent blank.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from audit.core.periods import show_instant
from audit.core.resources import shelf
from audit.documents import (
    CrosswalkLine,
    ItemResult,
    QueryAnswer,
    QueryOutcome,
    Report,
    ReportGroup,
    ReportItem,
    Text,
    is_digest,
)
from audit.report._compile import counts_of
from audit.report._language import Language, words

MARKS = {
    ItemResult.MET: ("●", "good"),
    ItemResult.PARTLY_MET: ("◐", "part"),
    ItemResult.NOT_MET: ("✕", "bad"),
    ItemResult.EVIDENCE_PRESENT: ("●", "good"),
    ItemResult.EVIDENCE_PARTIAL: ("◐", "part"),
    ItemResult.EVIDENCE_MISSING: ("○", "gone"),
    ItemResult.CONTRADICTED: ("✕", "bad"),
    ItemResult.NOT_APPLICABLE: ("–", "none"),
    ItemResult.NOT_ASSESSED: ("·", "none"),
    QueryOutcome.PASS: ("●", "good"),
    QueryOutcome.PARTIAL: ("◐", "part"),
    QueryOutcome.FAIL: ("✕", "bad"),
    QueryOutcome.ABSENT: ("○", "gone"),
    QueryOutcome.NOT_RUN: ("·", "none"),
}
"""A sign and a colour class for each result: never the colour alone."""
RESULTS = {
    "mlps": (
        ItemResult.MET,
        ItemResult.PARTLY_MET,
        ItemResult.NOT_MET,
        ItemResult.NOT_APPLICABLE,
        ItemResult.NOT_ASSESSED,
    ),
    "gdpr": (
        ItemResult.EVIDENCE_PRESENT,
        ItemResult.EVIDENCE_PARTIAL,
        ItemResult.EVIDENCE_MISSING,
        ItemResult.CONTRADICTED,
        ItemResult.NOT_APPLICABLE,
        ItemResult.NOT_ASSESSED,
    ),
}
_GAPS = frozenset(
    {
        ItemResult.PARTLY_MET,
        ItemResult.NOT_MET,
        ItemResult.EVIDENCE_PARTIAL,
        ItemResult.EVIDENCE_MISSING,
        ItemResult.CONTRADICTED,
    }
)
_PARTS = {
    "4": ("gate",),
    "5": ("redaction",),
    "6": ("retention",),
    "7": ("ledger", "signing"),
    "8": ("watermark",),
    "A": ("release", "change"),
}
"""Which sections of queries stand in which part of the report."""
CODED = frozenset(
    {
        "algorithm",
        "allowed",
        "coverage",
        "decision",
        "field",
        "function",
        "outcome",
        "release_signed",
        "sealed",
        "signed",
        "threshold",
        "verified_by_gate",
    }
)
"""Columns that hold codes of ours, which words.yaml spells out."""
_WIDE = 6
"""Rows of more columns than this are set as a block each; an A4 page holds no more."""


def html(report: Report, language: Language) -> bytes:
    """Return the page of a report in one language, or in both."""
    page = _Page(report, language)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            report=report,
            say=page.say,
            tx=page.text,
            marks=MARKS,
            style=Markup(_read("report.css")),  # noqa: S704
        )
        .encode("utf-8")
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """What the template asks while it is rendered."""

    report: Report
    language: Language
    _said: dict[str, Markup] = field(default_factory=dict)

    @property
    def order(self) -> tuple[str, ...]:
        """The languages shown, the main one first."""
        if self.language != "both":
            return (self.language,)
        return ("zh", "en") if self.report.kind == "mlps" else ("en", "zh")

    @property
    def lang(self) -> str:
        """The language of the page as a whole."""
        return _TAGS[self.order[0]]

    def text(self, text: Text) -> Markup:
        """Return a text in the page's languages; each is marked as what it is."""
        if len(self.order) == 1 or text.en == text.zh:
            return escape(getattr(text, self.order[0]))
        parts = [
            f'<span lang="{_TAGS[name]}">{escape(getattr(text, name))}</span>'
            for name in self.order
        ]
        return Markup('<span class="bi">' + " ".join(parts) + "</span>")  # noqa: S704

    def say(self, key: str) -> Markup:
        """Return a word of the templates."""
        if key not in self._said:
            self._said[key] = self.text(words()[key])
        return self._said[key]

    def plain(self, key: str) -> str:
        """Return a word for an attribute, which cannot hold marked-up text."""
        return " / ".join(getattr(words()[key], name) for name in self.order)

    @property
    def contents(self) -> tuple[str, ...]:
        """The parts of the report, in order."""
        return (*map(str, range(12)), "A", "B", "C", "D", "E")

    def part_key(self, name: str) -> str:
        """Return the key of the heading of a part."""
        return f"part.{name}.{self.report.kind}" if name == "3" else f"part.{name}"

    @property
    def declared(self) -> tuple[str, ...]:
        """What the operator declares in this kind of report."""
        own = ("grade", "filing") if self.report.kind == "mlps" else ("role",)
        return ("system", "organisation", *own)

    @property
    def results(self) -> tuple[ItemResult, ...]:
        """The result values of this kind of report, in order."""
        return RESULTS[self.report.kind]

    def counts(self, items: Sequence[ReportItem]) -> dict[ItemResult, int]:
        """Return how many items have each result; zero counts too."""
        return dict.fromkeys(self.results, 0) | counts_of(items)

    def points(self, group: ReportGroup) -> list[list[ReportItem]]:
        """Return the items of a group by control point, in order."""
        return [list(items) for _, items in groupby(group.items, lambda item: item.control)]

    @property
    def frameworks(self) -> list[list[CrosswalkLine]]:
        """The crosswalk by framework, in order."""
        lines = self.report.crosswalk
        return [list(group) for _, group in groupby(lines, lambda line: line.framework)]

    @property
    def answers(self) -> Mapping[str, QueryAnswer]:
        """The answers by query id."""
        return {answer.query: answer for answer in self.report.answers}

    def part(self, name: str) -> list[QueryAnswer]:
        """Return the answers that stand in one part of the report, those that were asked first."""
        found = [one for one in self.report.answers if one.section in _PARTS[name]]
        return sorted(found, key=lambda one: one.outcome is QueryOutcome.NOT_RUN)

    @property
    def gaps(self) -> list[ReportItem]:
        """The items whose result is partial, missing or contradicted."""
        return [item for item in self.report.items if item.result in _GAPS]

    @property
    def to_attest(self) -> list[ReportItem]:
        """The items for which a person must add something."""
        return [item for item in self.report.items if item.attest]

    def columns(self, answer: QueryAnswer) -> list[str]:
        """Return the columns of an answer's rows, in the order of their first use."""
        return list(dict.fromkeys(key for row in answer.rows for key in row))

    def is_wide(self, answer: QueryAnswer) -> bool:
        """Whether the rows have too many columns for a table on paper."""
        return len(self.columns(answer)) > _WIDE

    def cell(self, row: Mapping[str, Any], key: str) -> Markup:
        """Return one value of a row."""
        value = row.get(key)
        if value is None or value in ("", []):
            return Markup("–")
        if key == "ts_ns":
            return escape(show_instant(int(value)))
        if key == "seq":
            return Markup('<a href="#entry-{0}">{0}</a>').format(value)
        if key in CODED and f"val.{value}" in words():
            return self.say(f"val.{value}")
        if isinstance(value, list):
            return Markup(", ").join(self._word(item) for item in value)
        return self._word(value)

    def _word(self, value: Any) -> Markup:
        shown = escape(str(value))
        is_code = isinstance(value, str) and (is_digest(value) or len(value) > 40)
        return Markup("<code>{}</code>").format(shown) if is_code else shown

    def instant(self, ns: int) -> str:
        """Return an instant as text."""
        return show_instant(ns)


_TAGS = {"en": "en", "zh": "zh-CN"}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _read(name: str) -> str:
    return shelf("reports").joinpath(name).read_text(encoding="utf-8")
