"""Every class of attack on the ledger has tests, and every test that is named exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ledger-attacks.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\d+) \|(.*)$", PAGE, re.MULTILINE)


def test_every_class_has_its_row() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, 25))


@pytest.mark.parametrize(("number", "row"), ROWS, ids=[number for number, _ in ROWS])
def test_the_tests_of_a_class_exist(number: str, row: str) -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row)
    assert named
    for file, function in named:
        texts = [path.read_text("utf-8") for path in (ROOT / "tests").rglob(file)]
        assert any(f"def {function}(" in text for text in texts), f"{file}::{function}"


def test_every_test_with_the_number_of_a_class_is_in_its_row() -> None:
    rows = dict(ROWS)
    for path in (ROOT / "tests").rglob("test_*.py"):
        for number, name in re.findall(
            r"^def test_(0[1-9]|1\d|2[0-4])_(\w+)\(", path.read_text("utf-8"), re.M
        ):
            assert f"test_{number}_{name}" in rows[str(int(number))], name
