"""Step 8: write the GDPR and MLPS reports from the ledger as it is now."""

from pathlib import Path

from audit.core.clock import Clock
from audit.gate import GatePolicy
from audit.release._session import Session
from audit.release.steps.package import Made
from audit.report import ReportRequest, write_reports


def report(session: Session, made: Made, policy: GatePolicy, clock: Clock) -> list[Path]:
    """Write the reports to the folder `reports`, record them, and return their paths."""
    folder = session.folder / "reports"
    request = ReportRequest(vkeys=policy.document.spec.ledger.vkeys, model_id=session.model_id)
    written = write_reports(session.ledger, folder, request=request, clock=clock)
    session.record("report.rendered", subject=made.manifest.digest, outputs=written)
    return [folder / one.name for one in written]
