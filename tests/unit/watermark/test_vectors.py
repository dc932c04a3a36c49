"""Known answers of our own formats: what one release wrote, every later one reads and writes."""

import json
from pathlib import Path

import numpy as np
import pytest

from audit.documents import AigcLabel, Explicit, MarkProfile
from audit.watermark import (
    LocalRoot,
    derive_epoch,
    engine_key,
    receipt_key,
    tag_for,
)
from audit.watermark.labels import Carrier, add_label, after, before, find_label
from audit.watermark.mark import Streams, follow
from audit.watermark.mark._g1 import pack

VECTORS = Path(__file__).parents[2] / "vectors" / "watermark"
G1 = json.loads((VECTORS / "audit-g1.match.json").read_text())
LABELS = json.loads((VECTORS / "labels.match.json").read_text("utf-8"))
KEYS = derive_epoch(LocalRoot(bytes.fromhex(G1["root"])), G1["model_digest"], G1["epoch"])
TAG = bytes.fromhex(G1["tag"])
STREAMS = Streams(MarkProfile(**G1["profile"]), KEYS.pilot, KEYS.payload)


def test_the_key_tree_gives_the_keys_of_the_vector() -> None:
    assert KEYS.key_id == G1["key_id"]
    assert {name: getattr(KEYS, name).hex() for name in G1["keys"]} == G1["keys"]
    assert tag_for(KEYS, G1["receipt_id"], int(G1["ts_ns"]), symbols=6) == TAG
    assert receipt_key(KEYS, G1["receipt_id"]) == int(G1["request_key"])
    assert engine_key(KEYS) == int(G1["engine_key"])


@pytest.mark.parametrize("case", G1["cases"], ids=lambda case: str(case["context"][3]))
def test_the_mark_gives_the_numbers_of_the_vector(case: dict[str, list[int]]) -> None:
    slot = STREAMS.slot(pack(np.array(case["context"])))
    assert slot.position == case["position"]
    numbers = STREAMS.numbers(slot, np.array(case["tokens"]), TAG)
    assert numbers.tolist() == [float(number) for number in case["numbers"]]
    for token, number in zip(case["tokens"], case["numbers"], strict=True):
        trail = follow(np.array([*case["context"], token]), STREAMS)
        assert trail.numbers(TAG).tolist() == [float(number)]


@pytest.mark.parametrize("carrier", list(Carrier))
def test_labels_are_written_and_read_as_in_the_vector(carrier: Carrier) -> None:
    label = AigcLabel.model_validate(LABELS["label"], by_alias=True)
    file = LABELS["files"][carrier.value]
    assert add_label(file["bare"], label, carrier, source="f") == file["labelled"]
    assert find_label(file["labelled"], carrier, source="f") == label


@pytest.mark.parametrize("place", list(Explicit))
def test_the_words_people_read_are_those_of_the_vector(place: Explicit) -> None:
    assert before(place) + "你好。" + after(place) == LABELS["explicit"][place.value]
