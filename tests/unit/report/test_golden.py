"""Whole reports of a small ledger under a small catalogue, as they have to be, byte for byte.

After a change that is meant: `python -m tests.unit.report.test_golden` writes them again;
read the difference before committing it.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from audit.documents import Maker, Report, ReportAbout
from audit.ledger import open_ledger
from audit.report import FORMATS, Language, ReportRequest
from audit.report._catalogue import FILES, Catalogues, read_catalogues
from audit.report._compile import answers_of, compile_report, digest_of
from audit.report._view import View, survey
from tests.fakes.ledgers import LOG, Ticks
from tests.fakes.releases import ALLOWED, DENIED, edit

GOLDEN = Path(__file__).parents[2] / "vectors" / "report"
ABOUT = ReportAbout(system="客服 support bot", organisation="Acme <GmbH> & Söhne", grade="三级")
SHOWN: tuple[tuple[str, str, Language], ...] = (
    ("gdpr", "json", "both"),
    ("gdpr", "html", "en"),
    ("gdpr", "text", "both"),
    ("mlps", "json", "both"),
    ("mlps", "html", "both"),
    ("mlps", "text", "zh"),
)


def catalogue() -> Catalogues:
    return read_catalogues({name: (GOLDEN / "catalogue" / name).read_bytes() for name in FILES})


def reports(folder: Path, *, broken: bool) -> dict[str, Report]:
    """Return both reports of a ledger in `folder`; its entry 9 is edited if `broken`."""
    found = catalogue()
    with open_ledger(str(folder / "golden.db"), create=True, clock=Ticks()) as ledger:
        ledger.append_many([*DENIED.events(), *ALLOWED.events()])
        ledger.checkpoint(LOG)
        if broken:
            edit(ledger.url, 9)
        request = ReportRequest(vkeys=(LOG.vkey,), about=ABOUT)
        view = View(ledger, survey(ledger, request, now_ns=1_800_000_000_000_000_000))
        answers = answers_of(view, found)
        made = (
            compile_report(kind, view, answers, about=ABOUT, found=found)
            for kind in ("gdpr", "mlps")
        )
        return {report.kind: of_any_version(report) for report in made}


def of_any_version(report: Report) -> Report:
    maker = Maker(version="0", catalogues=report.maker.catalogues)
    report = report.model_copy(update={"maker": maker})
    return report.model_copy(update={"digest": digest_of(report)})


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for state in ("intact", "broken"):
        (folder / state).mkdir()
        made = reports(folder / state, broken=state == "broken")
        for kind, form, language in SHOWN:
            if state == "intact" or form == "text":
                yield f"{state}.{kind}.{language}.{form}", FORMATS[form](made[kind], language)


def test_reports_are_what_they_were(tmp_path: Path) -> None:
    made = dict(files(tmp_path))
    assert {path.name for path in GOLDEN.iterdir() if path.is_file()} == set(made)
    for name, data in made.items():
        assert data.decode() == (GOLDEN / name).read_text("utf-8"), name


@pytest.mark.parametrize("kind", ["gdpr", "mlps"])
def test_a_report_written_by_an_earlier_commit_is_still_read(kind: str) -> None:
    data = (GOLDEN / f"intact.{kind}.both.json").read_bytes()
    report = Report.read(data, source=kind)
    assert FORMATS["json"](report, "both") == data
    assert report.digest == digest_of(report)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        for name, data in files(Path(folder)):
            (GOLDEN / name).write_bytes(data)
