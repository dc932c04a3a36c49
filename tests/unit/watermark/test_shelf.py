"""The receipt shelf: kept, found again in four ways, erasable, refused when it is something else."""

import sqlite3
from pathlib import Path

import pytest

from audit.core.errors import ConfigError, StorageFailed
from audit.watermark import ReceiptShelf, fingerprint, verify_receipt
from tests.unit.watermark.made import FP_KEY, TEXT, TRUSTED, TS, mark, receipt, record


@pytest.fixture
def shelf(tmp_path: Path) -> ReceiptShelf:
    return ReceiptShelf(tmp_path / "receipts.db")


def test_a_receipt_is_found_by_id_text_wording_and_time(shelf: ReceiptShelf) -> None:
    for number in range(3):
        shelf.add(
            record(number, text=f"{TEXT} {number}", mark=mark(tag=f"0{number}" * 6)),
            lookup=bytes([number]) * 16,
        )
    wanted = receipt(1).receipt_id
    found = shelf.find(wanted)
    assert found is not None
    assert verify_receipt(found.signed, TRUSTED).receipt_id == wanted
    assert shelf.find_texts([b"\x01" * 16, b"\x09" * 16]) == (wanted,)
    assert wanted in shelf.nearest(fingerprint(TEXT, FP_KEY), most=3)
    block = shelf.tags("00112233445566ff", from_ns=TS, until_ns=TS + 2 * 10**6)
    assert block.receipt_ids == (receipt(0).receipt_id, wanted)
    assert block.tags == bytes.fromhex("00" * 6 + "01" * 6)


def test_what_is_not_there_is_not_found(shelf: ReceiptShelf) -> None:
    assert shelf.find(receipt().receipt_id) is None
    assert shelf.find_texts([]) == ()
    assert shelf.nearest([1, 2, 3], most=5) == ()
    assert shelf.tags("0" * 16, from_ns=0, until_ns=2**62).receipt_ids == ()
    assert shelf.erase("7" * 26) is False


def test_a_receipt_is_added_once(shelf: ReceiptShelf) -> None:
    shelf.add(record(), lookup=b"")
    with pytest.raises(StorageFailed, match="on the shelf already"):
        shelf.add(record(), lookup=b"")
    assert len(shelf) == 1


def test_erasing_leaves_the_signed_receipt_and_nothing_that_leads_to_the_text(
    tmp_path: Path,
) -> None:
    path = tmp_path / "receipts.db"
    one = record()
    assert one.salt is not None
    with ReceiptShelf(path) as shelf:
        shelf.add(one, lookup=b"L" * 16)
        assert shelf.erase(receipt().receipt_id) is True
        kept = shelf.find(receipt().receipt_id)
        assert kept is not None
        assert (kept.salt, kept.sketch, kept.fingerprint) == (None, None, None)
        assert verify_receipt(kept.signed, TRUSTED) == receipt()
        assert shelf.find_texts([b"L" * 16]) == ()
        assert shelf.nearest(fingerprint(TEXT, FP_KEY), most=3) == ()
    assert one.salt.encode() not in path.read_bytes()


def test_receipts_survive_closing_the_shelf(tmp_path: Path) -> None:
    with ReceiptShelf(tmp_path / "receipts.db") as shelf:
        shelf.add(record(), lookup=b"x")
    with ReceiptShelf(tmp_path / "receipts.db") as again:
        assert len(again) == 1


def test_a_file_that_is_no_shelf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "receipts.db"
    path.write_bytes(b"not a database at all, and long enough to look like one" * 20)
    with pytest.raises(ConfigError, match="not a receipt shelf"):
        ReceiptShelf(path)
    with pytest.raises(StorageFailed):
        ReceiptShelf(tmp_path / "missing" / "receipts.db")


def test_an_edited_row_cannot_pass_for_a_receipt(tmp_path: Path) -> None:
    path = tmp_path / "receipts.db"
    with ReceiptShelf(path) as shelf:
        shelf.add(record(), lookup=b"x")
    with sqlite3.connect(path) as db:
        db.execute("""UPDATE receipt SET record = replace(record, '"tokens":200', '"tokens":2')""")
    db.close()
    with ReceiptShelf(path) as shelf:
        found = shelf.find(receipt().receipt_id)
    assert found is not None
    with pytest.raises(Exception, match="does not cover"):
        verify_receipt(found.signed, TRUSTED)
