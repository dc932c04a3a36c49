"""docs/model-formats.md names every reason, and the code gives no other."""

import ast
import re
from pathlib import Path

from audit.model import REASONS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/model-formats.md").read_text(encoding="utf-8")


def given() -> set[str]:
    """Return every text that the room passes as the first argument of a refusal."""
    found = set()
    for path in (ROOT / "audit/model").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Refused", "cursor.text"}:
                texts = [
                    sub.value for sub in ast.walk(node.args[0]) if isinstance(sub, ast.Constant)
                ]
                found |= {text for text in texts if re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", text)}
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "ModelRefused":
                found.add(ast.literal_eval(node.args[1]))
    return found


def test_the_page_has_a_row_for_every_reason_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", PAGE, flags=re.MULTILINE))
    assert rows == REASONS


def test_every_reason_is_given_somewhere_and_no_other_is() -> None:
    assert given() - {"duplicate key"} == set(REASONS)
