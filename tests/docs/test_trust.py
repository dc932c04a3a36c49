"""Every test that docs/trust.md names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_named_in_the_trust_table_exists() -> None:
    page = (ROOT / "docs" / "trust.md").read_text("utf-8")
    named = re.findall(r"`(test_\w+\.py)(?:::(test_\w+))?`", page)
    assert named
    for file, function in named:
        (path,) = ROOT.joinpath("tests").rglob(file)
        assert f"def {function}" in path.read_text("utf-8")
