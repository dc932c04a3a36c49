"""Whatever stands in a ledger: a report comes out, follows from it, and is a sound page."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.core.canonical import MAX_SAFE_INT
from audit.core.errors import PersonalDataLeft
from audit.documents import POSITIVE, Event, Report
from audit.report import FORMATS, ReportRequest, make_reports, verify_report
from tests.fakes.readers import reader
from tests.fakes.releases import ALLOWED, DENIED
from tests.unit.report.conftest import NOW
from tests.unit.report.test_html import Reader

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    [
        "allow",
        "deny",
        "<b>",
        "{{ 7*7 }}",
        "{% raw %}",
        "&lt;",
        "</style>",
        "\u202e",
        "=1+1",
        "1" * 400,
    ]
)
FACTS = st.dictionaries(
    st.sampled_from(
        [
            "outcome",
            "findings",
            "policy",
            "version",
            "key",
            "actor",
            "files",
            "refused",
            "rules_off",
        ]
    )
    | st.from_regex(r"(finetune|eval)\.[a-z<>&]{1,8}", fullmatch=True),
    st.recursive(
        st.none() | st.booleans() | st.integers(-MAX_SAFE_INT, MAX_SAFE_INT) | TEXT,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.just("a"), inner, max_size=1)
        ),
        max_leaves=4,
    ),
    max_size=6,
)
REAL = [*DENIED.events(), *ALLOWED.events()]


@st.composite
def ledgers(draw: st.DrawFn) -> list[Event]:
    """Return real events in any order, some of them with other facts."""
    events = draw(st.lists(st.sampled_from(REAL), max_size=12))
    return [
        event.model_copy(update={"facts": draw(FACTS)}) if draw(st.booleans()) else event
        for event in events
    ]


@contextmanager
def unless_refused() -> Iterator[None]:
    """Made-up text may look like personal data; then refusing it is right."""
    try:
        yield
    except PersonalDataLeft as exc:
        assert "has the shape of" in str(exc)  # noqa: PT017


def reports(events: list[Event], broken: int | None) -> tuple[Report, ...]:
    return make_reports(reader(events, broken=broken), request=ReportRequest(as_of_ns=NOW))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=ledgers(), data=st.data())
def test_any_ledger_gives_sound_pages_that_follow_from_it(
    events: list[Event], data: st.DataObject
) -> None:
    broken = data.draw(st.none() | st.integers(0, max(len(events) - 1, 0)))
    with unless_refused():
        for report in reports(events, broken):
            source = FORMATS["json"](report, "both")
            verify_report(reader(events, broken=broken), source, source="r")
            page = Reader(FORMATS["html"](report, "both").decode())
            assert not page.open
            assert not {"script", "b<", "style>"} & set(page.tags)
            assert page.tags.count("style") == 1
            assert page.tags.count("table") == page.tags.count("tbody") - extra_bodies(report)


def extra_bodies(report: Report) -> int:
    """Return how many tables have more bodies than one: one body per control point."""
    points = sum(
        len({item.control for item in group.items}) - 1 for group in report.groups if group.items
    )
    return points + len({line.framework for line in report.crosswalk}) - 1


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=ledgers(), data=st.data())
def test_what_comes_after_the_break_changes_nothing(
    events: list[Event], data: st.DataObject
) -> None:
    broken = data.draw(st.integers(0, max(len(events) - 1, 0)))
    other = data.draw(ledgers())
    with unless_refused():
        one = reports(events, broken)
        two = reports([*events[:broken], *other, *events], broken)
        assert one == two


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=ledgers())
def test_more_breaks_never_show_more(events: list[Event]) -> None:
    def shown(broken: int | None) -> Any:
        return {i.id for r in reports(events, broken) for i in r.items if i.result in POSITIVE}

    with unless_refused():
        assert shown(0) == set()
