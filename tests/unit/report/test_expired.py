"""Reports on a ledger whose first entries expired: said, and never held against an old report."""

from pathlib import Path

import pytest

from audit.core.errors import EntryExpired, VerificationError
from audit.core.progress import SILENT
from audit.documents import QueryOutcome
from audit.ledger import Ledger, load_retention, open_ledger
from audit.report import FORMATS, ReportRequest, ask_query, verify_report
from tests.fakes.ledgers import LOG, Ticks, event
from tests.fakes.releases import ALLOWED
from tests.unit.report.conftest import both

JANUARY, AUGUST = 1_767_225_600_000_000_000, 1_785_542_400_000_000_000  # 2026-01-01, 2026-08-01
DAY = 86_400 * 10**9
POLICY = b"""\
apiVersion: audit.retention/v1
kind: RetentionPolicy
metadata: {id: logs, version: "1"}
spec: {keep_months: 6}
"""
REQUEST = ReportRequest(vkeys=(LOG.vkey,), as_of_ns=AUGUST + DAY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "aged.db"
    clock = Ticks(JANUARY)
    with open_ledger(str(path), create=True, clock=clock) as ledger:
        ledger.append_many([*ALLOWED.events(), *(event(n) for n in range(300))])
        clock.now = AUGUST
        ledger.append(event(1))
        ledger.checkpoint(LOG)
    return path


def expire(ledger: Ledger) -> None:
    expirer = ledger.expirer(load_retention(POLICY, source="p"), LOG)
    assert expirer.run(below=None, progress=SILENT).expired == 256
    ledger.checkpoint(LOG)


def test_a_report_from_before_an_expiry_is_undecided_and_not_false(path: Path) -> None:
    with open_ledger(str(path), clock=Ticks(AUGUST)) as ledger:
        data = FORMATS["json"](both(ledger, REQUEST)[1], "both")
        verify_report(ledger, data, source="r")
        expire(ledger)
        with pytest.raises(EntryExpired, match="have expired since, as ledger entry"):
            verify_report(ledger, data, source="r")
        with pytest.raises(VerificationError):
            verify_report(ledger, data.replace(b"acme", b"ACME"), source="r")


def test_a_report_after_an_expiry_says_so_and_can_be_made_again(path: Path) -> None:
    with open_ledger(str(path), clock=Ticks(AUGUST)) as ledger:
        expire(ledger)
        answer = ask_query(ledger, "ledger.retention", request=REQUEST).answer
        assert answer.outcome is QueryOutcome.PASS  # 212 days: January is in the same partition
        assert (
            "Entries below 256 expired, on the log's signed word. Entry 256" in answer.observed.en
        )
        assert "条目 256 之前的条目" in answer.observed.zh
        data = FORMATS["json"](both(ledger, REQUEST)[1], "both")
        verify_report(ledger, data, source="r")
