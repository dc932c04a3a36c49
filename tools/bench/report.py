"""Reports: both of them over a ledger of responses and releases, against reading it once."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from audit.documents import Event, Named
from audit.ledger import Ledger, open_ledger
from audit.report import make_reports
from tools.bench import Figure, median_ratio

RESPONSES, RELEASES = 5_000, 50
DIGEST = "sha256:" + "ab" * 32


def figures() -> Iterator[Figure]:
    """Give the time of both reports in passes over the ledger."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        with open_ledger(str(path), create=True) as ledger:
            ledger.append_many([*_events()])
            value, spread = median_ratio(
                lambda: make_reports(ledger), lambda: _read_once(ledger), rounds=3
            )
            detail = f"{ledger.size()} entries; baseline reads every entry once; {spread}"
    yield Figure("report/both-over-one-pass", value, detail, at_most=2.5)


def _read_once(ledger: Ledger) -> int:
    return sum(1 for _ in ledger.entries())


def _events() -> Iterator[Event]:
    for number in range(RESPONSES):
        yield Event(type="gateway.response", model_id="acme/x", facts={"n": number})
    for number in range(RELEASES):
        subject = f"sha256:{number:064x}"
        yield Event(type="release.packaged", model_id="acme/x", subject=subject)
        yield Event(
            type="gate.decided",
            model_id="acme/x",
            subject=subject,
            inputs=(Named(name="policy", digest=DIGEST),),
            facts={"outcome": "allow", "findings": [], "policy": "p", "policy_version": "1"},
        )
