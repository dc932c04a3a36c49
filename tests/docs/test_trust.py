"""docs/trust.md is one table, and every test that it names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "trust.md").read_text("utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "| Who |" not in line]
ROOMS = {
    "ledger",
    "pack",
    "signing",
    "gate",
    "release",
    "watermark",
    "gateway",
    "redaction",
    "report",
}


def test_the_trust_page_is_one_table_about_every_room() -> None:
    assert PAGE.count("\n|---|") == 1
    assert "\n\n" not in PAGE.partition("\n|---|")[2]
    assert {row.split(" | ")[0].strip("| ") for row in ROWS} == ROOMS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row.split(" | ")[1:4])[:80])
def test_every_row_of_the_trust_table_names_a_test_that_exists(row: str) -> None:
    *_, who, holds, can, noticed, tests = row.strip("| ").split(" | ")
    assert all((who, holds, can, noticed))
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", tests)
    assert named
    assert re.sub(r"`test_\w+\.py::test_\w+`", "", tests).strip(", ") == ""
    for file, function in named:
        sources = [path.read_text("utf-8") for path in (ROOT / "tests").rglob(file)]
        assert any(f"def {function}(" in source for source in sources), (file, function)
