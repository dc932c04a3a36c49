"""JSON cut at its quotes says what JSON read leaf by leaf says; what is known is what was clean."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.redact import Redactor, redact_json
from audit.redact import _leaves as leaves

REDACTOR = Redactor()
VALUES = [
    "13812345678", "a@example.com", "hunter2hunter2", "10.1.2.3", "plain words", "", "é 13812345678", "tab\t13812345678",
    "line\nbreak", 'quote " here 13812345678', "back\\slash", "{\"phone\": \"13812345678\"}", "[1]", "110101199003074610",
]  # fmt: skip
KEYS = ["phone", "password", "trace_id", "id", "lat", "手机", "a b", "13812345678", "msg"]
ANY = st.recursive(
    st.sampled_from(VALUES)
    | st.sampled_from([13812345678, 31.230416, 5, True, None, 110101199003074610]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=12,
)


def laid_out(row: leaves.Row) -> list[tuple[str, str, int, int]]:
    """Return every leaf of a row with its key and where it was written."""
    out = []
    at = 0
    for part in row.text.split("\x1e")[:-1]:
        key, mark, value = part.partition("\x1f")
        start = at + len(key) + len(mark) if mark else at
        for piece in row.pieces(start, at + len(part)):
            if piece.at == start:
                out.append((key, value, piece.start, piece.end))
        at += len(part) + 1
    return out


@given(ANY, st.sampled_from([None, 1]), st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : ")]))
def test_both_ways_give_the_same_leaves(
    value: Any, indent: int | None, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    try:
        cut = leaves._CutRow(text, names=False, known=None)
    except leaves._Odd:
        return
    except json.JSONDecodeError:
        assert '\\"' in text or "\\\\" in text  # `row` never cuts these
        return
    read = leaves._ReadRow(text, names=False)
    if '\\"' not in text and "\\\\" not in text:
        assert cut.text == read.text
        assert laid_out(cut) == laid_out(read)


@given(ANY)
def test_redacted_json_is_json_of_the_same_shape(value: Any) -> None:
    text = json.dumps(value)
    result = redact_json(REDACTOR, text)
    assert result is not None
    assert len(json.loads(result.text)) == len(value) if isinstance(value, list | dict) else True
    assert "13812345678" not in result.text


def test_a_leaf_is_known_when_it_was_clean_twice_and_never_otherwise() -> None:
    redactor = Redactor()
    text = '{"service": "chat-api", "note": "ask 13812345678", "line": "%s"}'
    for number in range(4):
        result = redact_json(redactor, text % f"row number {number}")
        assert result is not None
        assert "13812345678" not in result.text
    assert redactor.known is not None
    assert redactor.known.leaves == {"service\x1fchat-api\x1e"}


def test_what_is_known_does_not_grow_without_end() -> None:
    known = leaves.Known(most=10)
    for number in range(100):
        known.saw(f"leaf {number}")
        known.saw(f"leaf {number}")
        assert len(known.leaves) <= 10
    known.saw("x" * 500)
    known.saw("x" * 500)
    assert "x" * 500 not in known.leaves


@pytest.mark.parametrize(
    "text", ['{"a": "\\ud83d\\ude00 13812345678"}', '{"a": "\\ud800 13812345678"}']
)
def test_escaped_astral_characters_and_lone_surrogates_stay_what_they_are(text: str) -> None:
    result = redact_json(REDACTOR, text)
    assert result is not None
    assert "13812345678" not in result.text
    assert json.loads(result.text)["a"][:1] == json.loads(text)["a"][:1]
    result.text.encode("utf-8")
