"""Real SQLite ledgers that reports are made from."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from audit.documents import Event, Report
from audit.ledger import Ledger, open_ledger
from audit.report import ReportRequest, make_reports
from tests.fakes.ledgers import LOG, Ticks
from tests.fakes.releases import ALLOWED, DENIED

NOW = 1_790_000_000_000_000_000 + 10 * 86_400 * 10**9
"""Ten days after the clock of the ledgers starts."""
REQUEST = ReportRequest(vkeys=(LOG.vkey,), as_of_ns=NOW)

MakeLedger = Callable[[Iterable[Event]], Ledger]


@pytest.fixture
def ledger_of(tmp_path: Path) -> Iterator[MakeLedger]:
    """Make a ledger of these events, under a checkpoint, at a path of its own."""
    with ExitStack() as stack:

        def make(events: Iterable[Event]) -> Ledger:
            path = tmp_path / f"{len(list(tmp_path.iterdir()))}.db"
            ledger = stack.enter_context(open_ledger(str(path), create=True, clock=Ticks()))
            ledger.append_many(list(events))
            ledger.checkpoint(LOG)
            return ledger

        yield make


@pytest.fixture
def released(ledger_of: MakeLedger) -> Ledger:
    """One release that was denied, and the next, which was allowed."""
    return ledger_of([*DENIED.events(), *ALLOWED.events()])


def both(ledger: Ledger, request: ReportRequest = REQUEST) -> tuple[Report, Report]:
    """Return the GDPR and the MLPS report."""
    gdpr, mlps = make_reports(ledger, ["gdpr", "mlps"], request=request)
    return gdpr, mlps
