"""What exists must be written down; what is written down must exist."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from audit import documents
from audit.cli._root import SECTIONS
from audit.core import errors
from audit.gate import RULES
from audit.release.describe.mapping import TRAINING

ROOT = Path(__file__).parents[2]
KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.AuditError)
]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def headings(name: str) -> list[str]:
    return re.findall(r"^## (\S+)$", page(name), re.MULTILINE)


def test_rules_page_lists_exactly_the_rules_in_their_order() -> None:
    assert headings("rules.md") == list(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_parameter_of_a_rule_is_on_its_page(rule: object) -> None:
    section = page("rules.md").split(f"## {rule.name}\n")[1].split("\n## ")[0]  # type: ignore[attr-defined]
    for name in rule.parameters.model_fields:  # type: ignore[attr-defined]
        assert f"| `{name}` |" in section


def test_errors_page_lists_exactly_the_slugs() -> None:
    assert sorted(headings("errors.md")) == sorted(kind.slug for kind in KINDS)
    assert len({kind.slug for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_every_error_says_its_exit_code(kind: type[errors.AuditError]) -> None:
    section = page("errors.md").split(f"## {kind.slug}\n")[1].split("\n## ")[0]
    assert f"Exit {kind.exit_code}." in section
    assert f"| {kind.exit_code} |" in page("exit-codes.md")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_tree_of_errors_is_drawn(kind: type[errors.AuditError]) -> None:
    assert re.search(rf"^\s*[*.-] {kind.__name__}\s", errors.__doc__ or "", re.MULTILINE)


def test_every_command_has_its_module() -> None:
    named = {command for room in SECTIONS.values() for command in room}
    folder = ROOT / "audit" / "cli"
    assert named == {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}


def test_every_training_fact_is_in_the_table_of_the_release_page() -> None:
    text = page("release.md")
    for row in TRAINING:
        name = "finetune.lora_*" if row.name.startswith("finetune.lora_") else row.name
        assert f"| `{name}` |" in text
        assert all(f"`{key}`" in text for key in row.keys)


def test_every_limitation_names_a_test_that_exists() -> None:
    rows = re.findall(r"^\| .*\| `(\w+)` \|$", page("limitations.md"), re.MULTILINE)
    lines = [line for line in page("limitations.md").splitlines() if line.startswith("| ")]
    assert len(rows) == len(lines) - page("limitations.md").count("| limitation |")
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for name in rows:
        assert f"def {name}(" in sources, name


def test_every_public_document_is_in_a_schema() -> None:
    described: set[str] = set()
    for path in (ROOT / "schemas").glob("*.schema.json"):
        schema = json.loads(path.read_text("utf-8"))
        described |= {schema.get("title", ""), *schema.get("$defs", {})}
    public = [getattr(documents, name) for name in documents.__all__]
    missing = {
        kind.__name__
        for kind in public
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not documents.Document
    } - described
    assert not missing
