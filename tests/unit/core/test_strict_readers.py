"""JSON and YAML with one meaning."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core import strict_json, strict_yaml
from audit.core.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b'{"a": 1,\n "a": 2}', r"x:2: duplicate key 'a'"),
        (b'{"b": {"a": 1},\n "c": {"a": 1,\n "\\u0061": 2}}', r"x:3: duplicate key 'a'"),
        (b'{"s": "NaN",\n "a": NaN}', r"x:2: NaN is not a JSON number"),
        (b"[1e400, -Infinity]", r"x:1: -Infinity"),
        (b'{"a": \xff}', r"x: not UTF-8 at byte 6"),
        (b'{"a": 1}x', r"x:1:9: extra data"),
        (b"[" * 100 + b"]" * 100, r"x:1: nests deeper"),
        (b"9" * 5000, r"x: .*digits"),
        (b"", r"x:1:1"),
        (b'{"a": "\\ud800"}', r"x: an escaped surrogate"),
        (b'{"a\\uDFFF": 1}', r"x: an escaped surrogate"),
        (b'["\\ude00\\ud83d"]', r"x: an escaped surrogate"),
    ],
)
def test_json_that_readers_disagree_on_is_refused(text: bytes, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        strict_json.loads(text, source="x")


def test_an_escaped_pair_is_one_character() -> None:
    assert strict_json.loads(b'["\\ud83d\\ude00"]', source="x") == ["\U0001f600"]


def test_a_number_keeps_its_spelling() -> None:
    value = strict_json.loads(b'{"a": 2e-05, "b": 0.10, "c": 7, "d": "0.10"}', source="x")
    assert value == {"a": "2e-05", "b": "0.10", "c": 7, "d": "0.10"}
    assert isinstance(value["b"], strict_json.Number)
    assert not isinstance(value["d"], strict_json.Number)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read_or_refuse(data)


def read_or_refuse(data: bytes) -> None:
    try:
        value = strict_json.loads(data, source="x")
    except ConfigError:
        return
    json.dumps(value)


PIECES = st.sampled_from(['"', "\\", "[", "]", "{", "}", "a", ":", '"\\""', '"[["'])


@given(st.lists(PIECES).map("".join), st.integers(0, 70))
def test_nesting_is_counted_as_a_reader_counts_it(middle: str, levels: int) -> None:
    text = "[" * levels + json.dumps(middle) + "]" * levels
    if levels <= strict_json.MAX_DEPTH:
        strict_json.loads(text.encode(), source="x")
    else:
        with pytest.raises(ConfigError, match="nests deeper than 64"):
            strict_json.loads(text.encode(), source="x")


@given(st.lists(PIECES).map("".join), st.integers(0, 70))
def test_brackets_in_text_that_is_not_json_never_reach_the_reader(text: str, levels: int) -> None:
    read_or_refuse((text + "[" * levels).encode() * 40)


def test_a_duplicate_key_at_the_end_of_a_large_text_is_found_in_a_second() -> None:
    text = b"{" + b",".join(b'"%d": 0' % number for number in range(50_000)) + b',"7": 1}'
    started = time.process_time()
    with pytest.raises(ConfigError, match="duplicate key '7'"):
        strict_json.loads(text, source="x")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"a: 1\na: 2\n", r"x:2: duplicate key 'a'"),
        (b"a: &b 1\nc: *b\n", r"aliases"),
        (b"a: !!int 1\n", r"x:1: the tag"),
        (b"a: !mine 1\n", r"x:1: the tag"),
        (b"a: [\n", r"x:2:1"),
        (b"a: 1\n---\nb: 2\n", r"x"),
        (b"? [a]\n: 1\n", r"plain text"),
        (b"\xff", r"not UTF-8"),
        (b"", r"empty"),
        (b"\x00", r"x"),
        (b"[" * 100 + b"]" * 100, r"deeper"),
    ],
)
def test_yaml_that_readers_disagree_on_is_refused(text: bytes, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        strict_yaml.loads(text, source="x")


def test_every_yaml_scalar_is_the_text_that_stands_there() -> None:
    text = b"a: no\nb: 2e-5\nc: 0123\nd: [1.50, ~]\ne: 2026-01-01\n"
    document = strict_yaml.loads(text, source="x")
    assert document.value == {
        "a": "no",
        "b": "2e-5",
        "c": "0123",
        "d": ["1.50", "~"],
        "e": "2026-01-01",
    }
    assert document.line_of(("d", 1)) == 4
    assert document.line_of(("e", "below")) == 5


@given(st.text(max_size=60))
def test_any_text_is_read_as_yaml_or_refused(text: str) -> None:
    try:
        strict_yaml.loads(text.encode("utf-8", "surrogatepass"), source="x")
    except ConfigError:
        return
