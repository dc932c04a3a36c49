"""Leaves: msgspec writes what RFC 8785 says, and a leaf has one spelling."""

import copy
import json
import pickle  # noqa: TID251 - our own bytes, to show that an event survives it
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from audit.core.errors import UsageError
from audit.documents import GENESIS, Event, FrozenFacts
from audit.ledger._leaf import _slow_outline, encode_event, is_canonical, outline, read_leaf, splice
from tests.fakes.ledgers import event

VECTORS = Path(__file__).parents[2] / "vectors" / "ledger" / "jcs"
KEYS = st.text(alphabet=st.characters(max_codepoint=127), max_size=8)
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53 - 1), 2**53 - 1) | TEXT
FACTS = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=12,
    ),
    max_size=5,
)
GOOD = splice(encode_event(event(0)), prev=GENESIS, seq=0, ts_ns=1)


def leaf_of(facts: Any) -> bytes:
    """Return what would be the leaf if anything could be a fact."""
    body = b'{"facts":%b,"inputs":[],"model_id":null,"outputs":[],"subject":null,"type":"a.b"}'
    return splice(body % facts, prev=GENESIS, seq=0, ts_ns=1)


@given(FACTS)
@example({"é"[:0]: '\u2028\u2029\x7f\x00\x1f\b\f\n\r\t"\\/ 中😀'})
def test_an_event_is_encoded_as_rfc_8785_says(facts: dict[str, Any]) -> None:
    made = Event(type="a.b", facts=facts)
    assert encode_event(made) == rfc8785.dumps(made.model_dump(mode="json"))


@given(FACTS)
def test_what_is_encoded_is_canonical_and_reads_back(facts: dict[str, Any]) -> None:
    leaf = splice(encode_event(Event(type="a.b", facts=facts)), prev=GENESIS, seq=7, ts_ns=9)
    assert is_canonical(leaf)
    entry = read_leaf(leaf)
    assert (entry.event.facts, entry.leaf()) == (facts, leaf)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_fast_and_slow_reader_agree_on_any_changed_byte(at: int, byte: int) -> None:
    leaf = GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
    try:
        read_leaf(leaf)
        readable = True
    except ValueError:
        readable = False
    # Patterns of names and digests are the slow reader's alone.
    assert is_canonical(leaf) >= readable


@pytest.mark.parametrize(
    "facts",
    [
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":-0.0}',
        b'{"a":01}',
        b'{"a":9007199254740992}',
        b'{"a":-9007199254740992}',
        b'{"a":123456789012345678901234567890}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u000A"}',
        b'{"a":"\\u000a"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\udc00\\ud800"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xff"}',
        b'{"a":"\x01"}',
        b'{"\xc3\xa9":1}',
        b'{"\\u00e9":1}',
        b'{"a":{"a":[{"\xc3\xa9":1}]}}',
        b"[]",
        b"null",
        b"",
        b'{"a":' + b"[" * 9 + b"1.5" + b"]" * 9 + b"}",
        b'{"a":' + b"[" * 9999 + b"]" * 9999 + b"}",
        b'{},"facts":{}',
        b'{},"more":1',
    ],
)
def test_a_body_with_another_spelling_is_refused_by_both_readers(facts: bytes) -> None:
    leaf = leaf_of(facts)
    assert not is_canonical(leaf)
    with pytest.raises(ValueError, match=r"not an entry|canonical form"):
        read_leaf(leaf)


@pytest.mark.parametrize("text", ["plain", "数据", "é\N{GRINNING FACE}", '"\\\n'])
@pytest.mark.parametrize("subject", [None, "sha256:" + "ab" * 32])
def test_fast_and_slow_reader_say_the_same_of_a_leaf(text: str, subject: str | None) -> None:
    given_ = Event(type="a.b", subject=subject, facts={"text": text, "deep": {"text": [text]}})
    leaf = splice(encode_event(given_), prev="ab" * 32, seq=7, ts_ns=5)
    said = ("7", "5", "ab" * 32, "a.b", subject)
    assert outline(leaf) == _slow_outline(leaf) == said


def test_twins_that_look_alike_stay_two_texts() -> None:
    composed, decomposed = (
        leaf_of(json.dumps({"a": text}, ensure_ascii=False, separators=(",", ":")).encode())
        for text in ("\u00e9", "e\u0301")
    )
    assert is_canonical(composed)
    assert is_canonical(decomposed)
    assert composed != decomposed


def test_facts_that_nest_deeper_than_the_fast_reader_are_still_canonical() -> None:
    deep: Any = "end"
    for _ in range(20):
        deep = {"a": [deep]}
    assert is_canonical(
        splice(encode_event(Event(type="a.b", facts=deep)), prev=GENESIS, seq=0, ts_ns=1)
    )


def test_facts_are_a_copy_that_cannot_be_changed() -> None:
    given_ = {"a": {"b": [1, {"c": 2}]}}
    made = Event(type="a.b", facts=given_)
    given_["a"]["b"].append(1.5)
    assert made.facts == {"a": {"b": [1, {"c": 2}]}}
    for change in (
        lambda: made.facts.update(a=1.5),
        lambda: made.facts.pop("a"),
        lambda: made.facts["a"].__setitem__("b", 1.5),
        lambda: made.facts["a"]["b"].append(1.5),
        made.facts["a"]["b"][1].clear,
        lambda: made.facts.__ior__({"a": 1.5}),
    ):
        with pytest.raises(TypeError, match="cannot be changed"):
            change()


def test_facts_can_be_copied_and_sent_to_another_process() -> None:
    made = Event(type="a.b", facts={"a": {"b": [1, {"c": 2}]}})
    assert copy.deepcopy(made) == made == made.model_copy(deep=True)
    again = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert again == made
    assert type(again.facts) is type(again.facts["a"]) is FrozenFacts


def test_facts_put_in_around_the_check_are_checked_when_they_are_recorded() -> None:
    spoiled = event(0).model_copy(update={"facts": {"a": 0.5}})
    with pytest.raises(UsageError, match="float"):
        encode_event(spoiled)
    fine = event(0).model_copy(update={"facts": {"b": 1, "a": "é"}})
    assert encode_event(fine) == rfc8785.dumps(fine.model_dump(mode="json"))


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.json")), ids=lambda path: path.stem)
def test_published_jcs_vectors_are_written_as_published_or_refused(path: Path) -> None:
    """`refused`: floats, or keys that are not ASCII; such a value goes into a string."""
    facts = {"value": json.loads(path.read_bytes())}
    if path.stem.endswith(".refused"):
        with pytest.raises(ValueError, match=r"no canonical form|not ASCII"):
            Event(type="a.b", facts=facts)
        return
    published = path.with_suffix(".out").read_bytes()
    assert b'{"facts":{"value":' + published + b'},"inputs"' in encode_event(
        Event(type="a.b", facts=facts)
    )
