"""References inside texts: unseen, whole or refused, and never more than a lead."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import ConfigError
from audit.core.standalone import canonical
from audit.documents import DetectionVerdict, Explicit
from audit.watermark import canonical_text, derive_epoch
from audit.watermark.labels import (
    Reference,
    after,
    find_reference,
    make_reference,
    reference_holds,
    without_wrapper,
    wrapped,
)
from tests.unit.watermark.world import ROOT, World, line

KEY = b"k" * 32
ID = "01M7Q0541Q1RT2DQ3KJSG3ZMQN"
# The magic of C2PA 2.x, A.8, one variation selector per byte.
MAGIC = [0xFEFF, 0xE0133, 0xE0122, 0xE0140, 0xE0131, 0xE0144, 0xE0148, 0xE0144, 0xFE00]


def test_a_reference_is_38_unseen_characters_in_the_encoding_of_c2pa() -> None:
    text = wrapped(make_reference(ID, KEY))
    points = [ord(char) for char in text]
    assert len(points) == 38
    assert points[:9] == MAGIC
    assert points[9:14] == [0xFE01, 0xFE00, 0xFE00, 0xFE00, 0xE0108]
    assert {unicodedata.category(char) for char in text} == {"Cf", "Mn"}


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
def test_a_reference_survives_copying_escaping_and_normalising(form: str) -> None:
    text = f"words {wrapped(make_reference(ID, KEY))}and more"
    carried = json.loads(json.dumps(unicodedata.normalize(form, text))).encode().decode()
    found = find_reference(carried)
    assert found == make_reference(ID, KEY)
    assert reference_holds(found, KEY)
    assert not reference_holds(found, b"x" * 32)


@given(st.binary(min_size=8, max_size=8), st.integers(0, 2**128 - 1))
def test_every_reference_reads_back(code: bytes, number: int) -> None:
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    receipt_id = "".join(letters[number >> shift & 31] for shift in range(125, -1, -5))
    made = Reference(receipt_id, code)
    assert find_reference("a" + wrapped(made)) == made


@pytest.mark.parametrize("cut", [10, 13, 14, 20, 37])
def test_a_wrapper_that_is_not_whole_is_refused(cut: int) -> None:
    with pytest.raises(ConfigError, match="not whole"):
        find_reference("words" + wrapped(make_reference(ID, KEY))[:cut])


def test_two_wrappers_say_two_things() -> None:
    one = wrapped(make_reference(ID, KEY))
    with pytest.raises(ConfigError, match="2 wrappers"):
        find_reference(one + "words" + one)


def test_a_byte_order_mark_and_emoji_are_no_wrapper() -> None:
    assert find_reference("\ufeffwords ❤\ufe0f") is None


@pytest.mark.parametrize("place", list(Explicit))
def test_the_wrapper_is_no_part_of_the_text_for_either_verifier(place: Explicit) -> None:
    text = "Some words.\n\nMore of them 🙂\ufe0f."
    marked = text + after(place) + wrapped(make_reference(ID, KEY))
    assert canonical_text(marked) == canonical_text(text) == canonical(marked)
    assert without_wrapper(marked) == text + after(place)


def test_a_wrapper_leads_to_the_receipt_and_vouches_for_no_text(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    mine = line()
    key = derive_epoch(ROOT, mine.model_digest, mine.epoch).text
    text, issued = world.answer(1)
    reference = wrapped(make_reference(issued.receipt.receipt_id, key))
    assert world.examiner().examine(text + reference).verdict is DetectionVerdict.AUTHENTIC
    moved = world.examiner().examine("some other words " * 40 + reference)
    assert moved.verdict is DetectionVerdict.NO_EVIDENCE
    forged = wrapped(make_reference(issued.receipt.receipt_id, b"x" * 32))
    found = world.examiner().examine("some other words " * 40 + forged)
    assert "wrapper-malformed" in found.remarks
    assert found.attributions == ()
