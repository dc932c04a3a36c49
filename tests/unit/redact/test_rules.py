"""The table itself: no row can raise, and every row is reachable."""

import random

import pytest

from audit.redact.kinds import RULES, Rule

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def values(form: str, count: int, dice: random.Random) -> list[str]:
    if form.startswith("*"):
        return ["".join(dice.choices(ALPHABET, k=int(form[1:]))) for _ in range(count)]
    pool = {"9": ALPHABET[:10], "A": ALPHABET[10:]}
    return ["".join(dice.choice(pool[c]) for c in form) for _ in range(count)]


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.type}-{r.forms[0]}")
def test_no_value_of_its_forms_makes_a_rule_raise(rule: Rule) -> None:
    dice = random.Random(rule.type)  # noqa: S311
    for form in rule.forms:
        for value in values(form, 400, dice):
            for test in (rule.check, rule.looks):
                if test is not None:
                    assert test(value) in (True, False)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.type}-{r.forms[0]}")
def test_rule_can_count(rule: Rule) -> None:
    assert rule.alone or rule.topic.words or rule.topic.phrases
