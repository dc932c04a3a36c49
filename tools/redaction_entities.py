"""Write docs/redaction-entities.md from the tables of the redact room. `--check` only compares."""

import sys
from pathlib import Path

from audit.redact.kinds import RULES, Rule
from audit.redact.shapes import SHAPES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "redaction-entities.md"
HEAD = """# Entities

Written by `python -m tools.redaction_entities`; a test compares. Types are presidio's where it has one.

* **check**: the value passes its check digits or structure; *alone* it counts without context, else only beside a word of its topic
* **label**: a value of the right form counts behind its label even when the check fails
* **context**: form and a word nearby; there is no check digit

## Numbers

| type | countries | evidence | source |
|---|---|---|---|
"""
MIDDLE = """
Telephone numbers of any country, IPv4 addresses, and national numbers told by their dash (SE, KR, US) are found by their own code
(`audit/redact/_phones.py`, `_digits.py`); names and addresses by models and grammar (`audit/redact/names`).

## Other shapes

| type | source |
|---|---|
"""


def evidence(rule: Rule) -> str:
    parts = []
    if rule.check is not None:
        parts.append("check, alone" if rule.alone else "check")
    if rule.labelled:
        parts.append("label")
    return ", ".join(parts) or "context"


def text() -> str:
    rows: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for rule in RULES:
        kinds, sources = rows.setdefault((rule.type, rule.countries), (set(), set()))
        kinds.add(evidence(rule))
        if rule.source:
            sources.add(rule.source)
        elif rule.check is not None:
            sources.add(
                f"`{rule.check.__module__.rpartition('.')[2]}.{rule.check.__name__}`"
                if rule.check.__name__ != "<lambda>"
                else "national rule"
            )
    numbers = [
        f"| {kind} | {countries} | {'; '.join(sorted(evidences))} | {', '.join(sorted(sources))} |"
        for (kind, countries), (evidences, sources) in sorted(rows.items())
    ]
    shapes = sorted({f"| {shape.type} | {shape.about or 'its written form'} |" for shape in SHAPES})
    return HEAD + "\n".join(numbers) + "\n" + MIDDLE + "\n".join(shapes) + "\n"


def main() -> int:
    if "--check" in sys.argv:
        return PAGE.read_text("utf-8") != text()
    PAGE.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
