"""Patterns for identities: as `re.fullmatch` matches, in time that grows with the name alone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.sign import Identity
from audit.sign.certificate._pattern import compile_pattern

ISSUER = "https://issuer.example"
_atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "[a-c]", r"\d", r"\.", r"[\w-]", "-"])
_marks = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "{0}"])
_patterns = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("({}){}".format, inner, _marks),
    ),
    max_leaves=8,
)


@given(_patterns, st.lists(st.text("abc1.-", max_size=7), min_size=1, max_size=6))
def test_a_pattern_matches_what_the_library_matches(text: str, names: list[str]) -> None:
    try:
        pattern = compile_pattern(text)
    except ValueError as exc:
        assert "steps" in str(exc)  # noqa: PT017
        return
    for name in names:
        assert pattern.matches(name) == bool(re.fullmatch(text, name))


@pytest.mark.parametrize(
    ("text", "name", "holds"),
    [
        (r"^https://ci\.example/acme/.*$", "https://ci.example/acme/x", True),
        (r"https://ci\.example/acme/.*", "https://ci.example.evil/acme/x", False),
        ("a|b", "ab", False),
        ("^a$|^b$", "b", True),
        ("[]a]", "]", True),
        ("[a-]", "-", True),
        ("(|a)b", "b", True),
        ("", "", True),
        (".", "\n", False),
        ("[^a]", "\n", True),
    ],
)
def test_the_whole_name_is_matched(text: str, name: str, holds: bool) -> None:
    assert compile_pattern(text).matches(name) is holds


@pytest.mark.parametrize("text", ["(a+)+@c", "(a|a)*@c", "(.*)(.*)(.*)(.*)(.*)@c", "((a*)*)*@c"])
def test_a_name_made_to_take_for_ever_is_answered(text: str) -> None:
    # A reader that tries one way after another would not come to an end here.
    assert not compile_pattern(text).matches("a" * 2000 + "@b")
    assert compile_pattern(text).matches("a" * 2000 + "@c")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(", "too early"),
        ("[", "too early"),
        ("\\", "too early"),
        ("(a", "too early"),
        ("a)", "cannot stand"),
        ("*a", "cannot stand"),
        ("a$b", "cannot stand"),
        ("a^", "cannot stand"),
        ("a**", "repeats a repetition"),
        ("a{", "without counts"),
        ("a{x}", "without counts"),
        ("a{2,1}", "wrong way round"),
        ("[b-a]", "wrong way round"),
        (r"[\d-z]", "between classes"),
        ("(?i)a", "not read"),
        ("(?=a)", "not read"),
        ("(?P<x>a)", "not read"),
        (r"\bx", "not read"),
        (r"(a)\1", "not read"),
        ("a{1001}", "steps"),
        ("((a{100}){100})", "steps"),
        ("(" * 30 + "a" + ")" * 30, "nests deeper"),
        ("a" * 1001, "longer than"),
    ],
)
def test_a_pattern_that_is_not_read_is_refused_before_anything_is_verified(
    text: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        Identity(text, ISSUER, pattern=True)
