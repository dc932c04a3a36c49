"""A rule in words: its section of docs/rules.md, which ships with the package."""

from audit.core.resources import shelf


def explain(rule: str) -> str:
    """Return the section of docs/rules.md about `rule`, heading and all.

    Raises:
        KeyError: the page has no such heading.
    """
    page = shelf("docs").joinpath("rules.md").read_text("utf-8")
    for section in page.split("\n## ")[1:]:
        if section.partition("\n")[0] == rule:
            return f"## {section.rstrip()}\n"
    raise KeyError(rule)
