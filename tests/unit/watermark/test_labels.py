"""Labels: written where readers look, read back, and tied to their receipt."""

import html
import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import ConfigError, SignatureMismatch, UsageError
from audit.documents import AigcLabel, Explicit
from audit.watermark import canonical_text
from audit.watermark.labels import (
    Carrier,
    add_label,
    after,
    before,
    carrier_of,
    explicit_words,
    find_explicit,
    find_label,
    label_for,
    label_remarks,
    verify_label,
    without_explicit,
)
from tests.unit.watermark.made import record

PRODUCER = "001191440300708461136T1XGW3"
SIGNED = record().signed
LABEL = label_for(SIGNED, producer=PRODUCER)
FIELDS = [
    "Label", "ContentProducer", "ProduceID", "ReservedCode1",
    "ContentPropagator", "PropagateID", "ReservedCode2",
]  # fmt: skip
FILES = {
    Carrier.TEXT: ["", "# Title\n\ntext", "---\ntitle: x\n---\nbody\n", "--- not front matter"],
    Carrier.JSON: ["{}", '{"a": 1.50, "b": [1e400]}', ' {\n  "a": "{"\n}\n'],
    Carrier.HTML: ["<html><head><title>x</title></head></html>", "<HEAD lang='zh'>\n</HEAD>"],
}
CASES = [(carrier, text) for carrier, texts in FILES.items() for text in texts]


@pytest.mark.parametrize(("carrier", "text"), CASES)
def test_a_label_that_is_added_is_read_back(carrier: Carrier, text: str) -> None:
    assert find_label(text, carrier, source="f") is None
    labelled = add_label(text, LABEL, carrier, source="f")
    assert find_label(labelled, carrier, source="f") == LABEL
    with pytest.raises(UsageError, match="has a label already"):
        add_label(labelled, LABEL, carrier, source="f")


@pytest.mark.parametrize(("carrier", "text"), CASES)
def test_nothing_but_the_label_is_added(carrier: Carrier, text: str) -> None:
    labelled = add_label(text, LABEL, carrier, source="f")
    kept = iter(labelled)
    assert all(char in kept for char in text)
    assert labelled.endswith(text[len(text) // 2 :] if carrier is Carrier.TEXT else text[-1:])


def test_front_matter_is_what_other_readers_of_yaml_expect() -> None:
    labelled = add_label("---\ntitle: a\n---\nbody\n", LABEL, Carrier.TEXT, source="f")
    matter = yaml.safe_load(labelled.split("---\n")[1])
    assert list(matter["AIGC"]) == FIELDS
    assert matter["title"] == "a"
    assert all(isinstance(value, str) for value in matter["AIGC"].values())


def test_json_and_html_hold_the_same_seven_fields() -> None:
    value = json.loads(add_label("{}", LABEL, Carrier.JSON, source="f"))["AIGC"]
    page = add_label("<head></head>", LABEL, Carrier.HTML, source="f")
    match = re.search(r'<meta name="AIGC" content="([^"]*)">', page)
    assert match is not None
    assert json.loads(html.unescape(match.group(1))) == value
    assert list(value) == FIELDS
    assert value["ProduceID"] == SIGNED.receipt.receipt_id
    assert value["ReservedCode1"] == SIGNED.signature


def test_a_label_of_another_receipt_or_signature_is_refused() -> None:
    verify_label(LABEL, SIGNED)
    with pytest.raises(SignatureMismatch, match="the label names"):
        verify_label(LABEL, record(1).signed)
    forged = LABEL.model_copy(update={"reserved_code1": "A" * 88})
    with pytest.raises(SignatureMismatch, match="another signature"):
        verify_label(forged, SIGNED)


@pytest.mark.parametrize(
    ("carrier", "text", "message"),
    [
        (Carrier.TEXT, '---\nAIGC: "yes"\n---\n', "AIGC"),
        (Carrier.TEXT, '---\nAIGC:\n  Label: "1"\n---\n', "ContentProducer: field required"),
        (Carrier.JSON, '{"AIGC": {"Label": 1}}', "AIGC"),
        (Carrier.JSON, '{"AIGC": {}, "AIGC": {}}', "duplicate key 'AIGC'"),
        (
            Carrier.HTML,
            '<meta name="AIGC" content="{}"><meta name="AIGC" content="{}">',
            "2 labels",
        ),
        (Carrier.HTML, '<meta name="AIGC">', "f:1:1"),
    ],
)
def test_half_a_label_is_not_a_label(carrier: Carrier, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        find_label(text, carrier, source="f")


@pytest.mark.parametrize(("carrier", "text"), [(Carrier.JSON, "[1]"), (Carrier.HTML, "<p>x</p>")])
def test_a_file_without_a_place_for_a_label_is_refused(carrier: Carrier, text: str) -> None:
    with pytest.raises(UsageError, match="a label needs"):
        add_label(text, LABEL, carrier, source="f")


def test_a_value_other_than_1_2_or_3_is_no_label() -> None:
    text = add_label("{}", LABEL, Carrier.JSON, source="f").replace('"Label": "1"', '"Label": "4"')
    with pytest.raises(ConfigError, match="Label"):
        find_label(text, Carrier.JSON, source="f")


def test_what_the_standard_would_question_is_remarked() -> None:
    assert label_remarks(LABEL) == ()
    poor = LABEL.model_copy(
        update={"content_producer": "Acme", "reserved_code1": "", "content_propagator": ""}
    )
    assert len(label_remarks(poor)) == 3


@pytest.mark.parametrize("place", Explicit)
def test_the_words_people_read_are_put_found_and_taken_off(place: Explicit) -> None:
    text = f"{before(place)}The sea is wide.{after(place)}"
    assert find_explicit(text) is place
    assert without_explicit(text).strip() == "The sea is wide."
    assert canonical_text(text) == b"The sea is wide."


def test_the_words_hold_what_the_standard_asks_for() -> None:
    zh, en = explicit_words(Explicit.ZH_START), explicit_words(Explicit.EN_START)
    assert "人工智能" in zh
    assert "生成" in zh
    assert "AI" in en
    assert "generated" in en


def test_canonical_text_ignores_the_label_but_not_other_front_matter() -> None:
    assert canonical_text(add_label("body\n", LABEL, Carrier.TEXT, source="f")) == b"body"
    assert canonical_text("---\ntitle: x\n---\nbody") == b"---\ntitle: x\n---\nbody"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_can_carry_a_label(text: str) -> None:
    try:
        before_label = find_label(text, Carrier.TEXT, source="f")
    except ConfigError:
        return  # it opens with something that is no front matter
    assert before_label is None
    assert find_label(
        add_label(text, LABEL, Carrier.TEXT, source="f"), Carrier.TEXT, source="f"
    ) == (LABEL)


@given(st.text())
def test_reading_labels_ends_in_a_label_nothing_or_our_error(text: str) -> None:
    for carrier in Carrier:
        try:
            found = find_label(text, carrier, source="f")
        except (ConfigError, UsageError):
            continue
        assert found is None or isinstance(found, AigcLabel)


def test_the_name_of_a_file_says_how_it_is_labelled() -> None:
    names = {"a.JSON": Carrier.JSON, "a.htm": Carrier.HTML, "a.md": Carrier.TEXT, "-": Carrier.TEXT}
    assert {name: carrier_of(name) for name in names} == names
