"""A report that was written can be made again; one that was edited cannot."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.core.errors import AuditError, ChainBroken, EvidenceError, VerificationError
from audit.documents import Event, Named, Report
from audit.ledger import Ledger, open_ledger
from audit.report import FORMATS, ask_again, ask_query, read_report, verify_report
from audit.report._compile import digest_of
from tests.fakes.ledgers import LOG, Ticks
from tests.fakes.notes import SeededSigner
from tests.fakes.releases import ALLOWED, DENIED, FakeRelease, edit
from tests.unit.report.conftest import REQUEST, MakeLedger, both


def written(ledger: Ledger) -> bytes:
    return FORMATS["json"](both(ledger)[1], "both")


def resealed(data: bytes, change: dict[str, object]) -> bytes:
    """Return a report changed by somebody who also mends its digest."""
    report = Report.model_validate_json(json.dumps(json.loads(data) | change))
    report = report.model_copy(update={"digest": digest_of(report)})
    return FORMATS["json"](report, "both")


def test_a_report_follows_from_its_ledger_also_after_the_ledger_grew(released: Ledger) -> None:
    data = written(released)
    assert verify_report(released, data, source="r").recorded_seq is None
    released.append_many(list(FakeRelease("2.0.0").events()))
    released.append(
        Event(
            type="report.rendered",
            outputs=(Named(name="mlps.json", digest="sha256:" + hashlib.sha256(data).hexdigest()),),
        )
    )
    released.checkpoint(LOG)
    found = verify_report(released, data, source="r", vkeys=(LOG.vkey,))
    assert found.recorded_seq == released.size() - 1


def test_a_checkpoint_added_at_the_same_size_changes_nothing(ledger_of: MakeLedger) -> None:
    ledger = ledger_of(ALLOWED.events())
    data = written(ledger)
    ledger.checkpoint(SeededSigner(LOG.name, seed=2))
    verify_report(ledger, data, source="r")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    path = tmp_path_factory.mktemp("verify") / "kept.db"
    with open_ledger(str(path), create=True, clock=Ticks()) as ledger:
        ledger.append_many([*DENIED.events(), *ALLOWED.events()])
        ledger.checkpoint(LOG)
        return path, written(ledger)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_one_edited_byte_anywhere_is_found(kept: tuple[Path, bytes], data: st.DataObject) -> None:
    _, report = kept
    at = data.draw(st.integers(0, len(report) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != report[at]))
    with pytest.raises(VerificationError):
        read_report(report[:at] + bytes([byte]) + report[at + 1 :], source="r")


@pytest.mark.parametrize(
    "change",
    [
        {"answers": "pass"},
        {"items": "met"},
        {"scope": {"retention_days": 1}},
        {"scope": {"vkeys": []}},
        {"scope": {"size": 5}},
        {"scope": {"checkpoints": 0}},
    ],
    ids=str,
)
def test_a_report_edited_and_sealed_again_does_not_follow(
    released: Ledger, change: dict[str, object]
) -> None:
    data = written(released)
    value = json.loads(data)
    if "answers" in change:
        value["answers"][1] |= {"outcome": "pass"}
    elif "items" in change:
        item = next(i for g in value["groups"] for i in g["items"] if i["result"] == "partly_met")
        item["result"] = "met"
    else:
        value["scope"] |= change["scope"]
    with pytest.raises(VerificationError):
        verify_report(released, resealed(data, value), source="r")


def test_declared_fields_are_protected_only_by_the_recorded_file(released: Ledger) -> None:
    data = written(released)
    released.append(
        Event(
            type="report.rendered",
            outputs=(Named(name="mlps.json", digest=f"sha256:{hashlib.sha256(data).hexdigest()}"),),
        )
    )
    value = json.loads(data)
    value["about"]["organisation"] = "somebody else"
    edited = resealed(data, value)
    assert verify_report(released, data, source="r").recorded_seq is not None
    assert verify_report(released, edited, source="r").recorded_seq is None


def test_the_first_thing_that_differs_is_named(released: Ledger) -> None:
    data = written(released)
    value = json.loads(data)
    value["groups"][3]["items"][0]["result"] = "not_applicable"
    with pytest.raises(VerificationError, match=r"8\.1\.4\.1 a\) now reads not_assessed"):
        verify_report(released, resealed(data, value), source="r")


def test_an_edited_ledger_no_longer_supports_the_report(released: Ledger) -> None:
    data = written(released)
    edit(released.url, 4)
    with pytest.raises(ChainBroken) as caught:
        verify_report(released, data, source="r")
    assert caught.value.seq == 4


def test_another_ledger_does_not_support_the_report(
    released: Ledger, ledger_of: MakeLedger
) -> None:
    data = written(released)
    with pytest.raises(ChainBroken):
        verify_report(ledger_of([*ALLOWED.events(), *DENIED.events()]), data, source="r")


def test_a_report_of_a_broken_ledger_can_be_made_again(released: Ledger) -> None:
    edit(released.url, 6)
    verify_report(released, written(released), source="r")


def test_a_report_of_a_broken_ledger_does_not_follow_from_a_mended_one(
    released: Ledger, ledger_of: MakeLedger
) -> None:
    edit(released.url, 6)
    data = written(released)
    with pytest.raises(ChainBroken, match="was broken when the report was made"):
        verify_report(ledger_of([*DENIED.events(), *ALLOWED.events()]), data, source="r")


def test_other_keys_than_the_reports_are_a_no(released: Ledger) -> None:
    with pytest.raises(VerificationError, match="other log keys"):
        verify_report(released, written(released), source="r", vkeys=("other+12345678+AQ==",))


def test_a_report_by_another_version_is_undecided(released: Ledger) -> None:
    data = written(released)
    value = json.loads(data)
    value["maker"]["version"] = "9.9.9"
    with pytest.raises(EvidenceError, match=r"9\.9\.9") as caught:
        verify_report(released, resealed(data, value), source="r")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b"x" * 100, b'{"a":1,"a":2}'])
def test_what_is_no_report_does_not_verify(released: Ledger, data: bytes) -> None:
    with pytest.raises(AuditError) as caught:
        verify_report(released, data, source="r")
    assert caught.value.exit_code == 10


def test_a_query_asked_again_has_the_digest_of_the_report_and_of_its_record(
    released: Ledger,
) -> None:
    _, report = both(released)
    released.append_many(list(FakeRelease("2.0.0").events()))
    for answer in report.answers:
        record = ask_again(released, report, answer.query)
        assert record.answer == answer
        digest = hashlib.sha256(b"".join(record.lines)).hexdigest()
        assert answer.digest == f"sha256:{digest}"


def test_a_query_asked_now_sees_what_was_added(released: Ledger) -> None:
    before = ask_query(released, "gate.decisions", request=REQUEST)
    released.append_many(list(FakeRelease("2.0.0").events()))
    after = ask_query(released, "gate.decisions", request=REQUEST)
    assert (before.answer.row_count, after.answer.row_count) == (2, 3)
    assert before.answer.digest != after.answer.digest
