"""The table of identifiers: one row per kind and country, looked up by compact shape."""

from audit.redact.kinds import china, europe, world
from audit.redact.kinds.rule import Rule

RULES: tuple[Rule, ...] = china.RULES + world.RULES + europe.RULES

BY_FORM: dict[str, tuple[Rule, ...]] = {
    form: tuple(rule for rule in RULES if form in rule.forms)
    for form in {form for rule in RULES for form in rule.forms}
}
"""Rules by exact shape; `*N` holds those for any mix of N letters and digits."""

MIXED_BY_SIZE: dict[int, tuple[Rule, ...]] = {
    int(form[1:]): rules for form, rules in BY_FORM.items() if form.startswith("*")
}
"""Rules for any mix of letters and digits of a length."""

BY_SIZE: dict[int, tuple[Rule, ...]] = {
    size: BY_FORM["9" * size] for size in range(40) if "9" * size in BY_FORM
}
"""Rules for plain numbers of a length."""

ALONE_BY_SIZE: dict[int, tuple[Rule, ...]] = {
    size: alone
    for size, rules in BY_SIZE.items()
    if (alone := tuple(rule for rule in rules if rule.alone))
}
"""Those of them that count without context."""

WORDS_BY_SIZE: dict[int, frozenset[str]] = {
    size: frozenset(word for rule in rules for word in rule.topic.words)
    for size, rules in BY_SIZE.items()
}
"""All words that any rule for numbers of a length looks for."""

__all__ = ["ALONE_BY_SIZE", "BY_FORM", "BY_SIZE", "MIXED_BY_SIZE", "RULES", "WORDS_BY_SIZE", "Rule"]
