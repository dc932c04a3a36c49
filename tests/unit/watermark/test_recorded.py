"""A receipt counts where the ledger recorded it, once, when the receipt says it was made."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit.core.errors import ReceiptUnrecorded
from audit.documents import DetectionVerdict, Receipt
from audit.ledger import Ledger, open_ledger
from audit.watermark import (
    begun_event,
    failed_event,
    recorded_responses,
    served_event,
    verify_recorded,
)
from tests.unit.watermark.made import TS, receipt
from tests.unit.watermark.world import World

MINUTE = 60 * 10**9
Make = Callable[[str], Ledger]


class FakeClock:
    def __init__(self) -> None:
        self.now = TS

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make(tmp_path: Path, clock: FakeClock) -> Iterator[Make]:
    opened = []

    def made(name: str) -> Ledger:
        opened.append(open_ledger(f"sqlite:///{tmp_path}/{name}.db", create=True, clock=clock))
        return opened[-1]

    yield made
    for ledger in opened:
        ledger.close()


def begin(ledger: Ledger, one: Receipt) -> None:
    ledger.append(
        begun_event(one.receipt_id, one.ts_ns, model_id=one.model_id, model_digest=one.model_digest)
    )


def record(ledger: Ledger, one: Receipt) -> None:
    begin(ledger, one)
    ledger.append(served_event(one))


def verify(ledger: Ledger, one: Receipt) -> int:
    return verify_recorded(one, recorded_responses(ledger.entries())).number


def test_a_recorded_receipt_leads_to_its_entry(make: Make) -> None:
    ledger, other, mine = make("a"), receipt(1), receipt()
    record(ledger, other)
    record(ledger, mine)
    assert (verify(ledger, other), verify(ledger, mine)) == (1, 3)


def test_a_receipt_replayed_into_another_ledger_is_refused(make: Make, clock: FakeClock) -> None:
    mine, first, second = receipt(), make("a"), make("b")
    record(first, mine)
    clock.now += 10 * MINUTE
    record(second, mine)
    assert verify(first, mine) == 1
    with pytest.raises(ReceiptUnrecorded, match="600 s after the time it names"):
        verify(second, mine)


def test_a_receipt_made_up_later_under_an_earlier_time_is_refused(
    make: Make, clock: FakeClock
) -> None:
    """Somebody with a leaked receipt key backdates a receipt to before the revocation."""
    ledger = make("a")
    clock.now += 24 * 60 * MINUTE
    record(ledger, receipt())
    with pytest.raises(ReceiptUnrecorded, match="86400 s after"):
        verify(ledger, receipt())


def test_a_receipt_of_another_ledger_is_not_in_this_one(make: Make) -> None:
    with pytest.raises(ReceiptUnrecorded, match="0 entries record it"):
        verify(make("a"), receipt())


def test_a_receipt_that_was_recorded_twice_counts_for_nothing(make: Make) -> None:
    ledger = make("a")
    record(ledger, receipt())
    ledger.append(served_event(receipt()))
    with pytest.raises(ReceiptUnrecorded, match="2 entries record it"):
        verify(ledger, receipt())


@pytest.mark.parametrize(
    "changes", [{"tokens": 1}, {"model_digest": "sha256:" + "2" * 64}, {"ts_ns": TS + 1}]
)
def test_an_entry_of_another_receipt_under_the_same_id_is_not_its_entry(
    make: Make, changes: dict[str, object]
) -> None:
    ledger = make("a")
    record(ledger, receipt())
    changed = receipt().model_copy(update=changes)
    with pytest.raises(ReceiptUnrecorded, match="records another receipt"):
        verify(ledger, changed)


def test_a_response_that_never_began_or_began_after_it_was_served_is_refused(make: Make) -> None:
    ledger, one, other = make("a"), receipt(), receipt(1)
    ledger.append(served_event(one))
    with pytest.raises(ReceiptUnrecorded, match="no beginning"):
        verify(ledger, one)
    begin(ledger, one)
    with pytest.raises(ReceiptUnrecorded):
        verify(ledger, one)
    begin(ledger, other)
    ledger.append(
        failed_event(other.receipt_id, "engine", model_id="m", model_digest=other.model_digest)
    )
    with pytest.raises(ReceiptUnrecorded, match="0 entries"):
        verify(ledger, other)


def test_a_detector_with_the_ledger_leaves_unrecorded_receipts_out(
    make: Make, tmp_path: Path, clock: FakeClock
) -> None:
    world, ledger = World.make(tmp_path), make("a")
    kept_text, kept = world.answer(1)
    text, _ = world.answer(2)
    clock.now = kept.receipt.ts_ns
    record(ledger, kept.receipt)
    plain = world.examiner()
    examiner = replace(
        plain,
        sources=replace(plain.sources, recorded=recorded_responses(ledger.entries())),
    )
    assert examiner.examine(kept_text).verdict is DetectionVerdict.AUTHENTIC
    found = examiner.examine(text)
    assert found.verdict is DetectionVerdict.MODEL_ONLY
    assert "receipt-unrecorded" in found.remarks
