"""Canonical bytes: one value, one spelling."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.canonical import MAX_SAFE_INT, JsonValue, canonical_bytes

KEYS = st.text(alphabet=st.characters(max_codepoint=127), max_size=8)
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INT, MAX_SAFE_INT) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_what_is_encoded_reads_back_and_encodes_the_same(value: dict[str, JsonValue]) -> None:
    data = canonical_bytes(value)
    assert json.loads(data) == value
    assert canonical_bytes(dict(reversed(list(json.loads(data).items())))) == data


@pytest.mark.parametrize("value", [1.5, float("nan"), b"x", {1}, (1.0,)])
def test_a_value_without_one_spelling_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="store it as a string"):
        canonical_bytes({"a": value})  # type: ignore[dict-item]


@pytest.mark.parametrize("value", [{"a": 2**53}, {"é": 1}, {"a": "\ud800"}])
def test_a_value_readers_disagree_on_is_refused(value: dict[str, JsonValue]) -> None:
    with pytest.raises(ValueError, match=r"survive|ASCII|surrogates"):
        canonical_bytes(value)
