"""Manifests, indexes and descriptors: strict, bounded, and one reading only."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import ConfigError
from audit.oci import INDEX_TYPE, MANIFEST_TYPE, digest_of, parse_index, parse_manifest

ITEM = {"mediaType": "a/b", "size": 2, "digest": digest_of(b"{}")}
MANIFEST: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": MANIFEST_TYPE,
    "config": ITEM,
    "layers": [ITEM],
}
INDEX: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [ITEM]}


def read(value: object) -> object:
    return parse_manifest(json.dumps(value).encode(), source="m")


def test_a_manifest_reads_back_as_it_was_written() -> None:
    found = parse_manifest(
        json.dumps(MANIFEST | {"subject": ITEM, "annotations": {"a": "b"}}).encode(), source="m"
    )
    assert (found.config.json(), found.layers[0].json()) == (ITEM, ITEM)
    assert found.subject is not None
    assert found.annotations == {"a": "b"}
    assert len(found.blobs) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"schemaVersion": 1},
        {"schemaVersion": "2"},
        {"mediaType": INDEX_TYPE},
        {"mediaType": None},
        {"manifests": []},
        {"config": None},
        {"config": {}},
        {"layers": None},
        {"layers": {}},
        {"layers": [ITEM] * 1001},
        {"layers": [None]},
        {"layers": [ITEM | {"size": -1}]},
        {"layers": [ITEM | {"size": 2**60}]},
        {"layers": [ITEM | {"size": True}]},
        {"layers": [ITEM | {"size": "2"}]},
        {"layers": [ITEM | {"size": 2.5}]},
        {"layers": [ITEM | {"digest": "md5:" + "a" * 32}]},
        {"layers": [ITEM | {"digest": ITEM["digest"].upper()}]},  # type: ignore[attr-defined]
        {"layers": [ITEM | {"digest": "sha256:../../x"}]},
        {"layers": [ITEM | {"digest": "blake3:" + "a" * 64}]},
        {"layers": [ITEM | {"mediaType": ""}]},
        {"layers": [ITEM | {"annotations": {"a": 1}}]},
        {"layers": [ITEM | {"annotations": []}]},
        {"layers": [ITEM | {"artifactType": 1}]},
        {"subject": 1},
        {"subject": {}},
        {"artifactType": 1},
        {"annotations": {"a": None}},
    ],
)
def test_a_manifest_with_a_wrong_member_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"^m: "):
        read(MANIFEST | change)


@pytest.mark.parametrize(
    "change",
    [{"mediaType": MANIFEST_TYPE}, {"layers": []}, {"manifests": None}, {"manifests": [{}]}],
)
def test_an_index_with_a_wrong_member_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        parse_index(json.dumps(INDEX | change).encode(), source="i")


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b"{", b"\xff", b"[" * 999, b" " * (5 << 20)])
def test_bytes_that_are_no_manifest_are_refused(data: bytes) -> None:
    with pytest.raises(ConfigError):
        parse_manifest(data, source="m")
    with pytest.raises(ConfigError):
        parse_index(data, source="i")


def test_a_duplicate_member_is_refused() -> None:
    text = json.dumps(MANIFEST)[:-1] + ',"config":' + json.dumps(ITEM) + "}"
    with pytest.raises(ConfigError, match="duplicate"):
        parse_manifest(text.encode(), source="m")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from([*MANIFEST, "subject", "annotations", "artifactType"]), JSON)
def test_no_member_crashes_the_reader(member: str, value: object) -> None:
    try:
        read(MANIFEST | {member: value})
    except ConfigError:
        return


@given(st.binary(max_size=60), st.integers(0, 200))
def test_no_edit_crashes_the_reader(junk: bytes, at: int) -> None:
    text = json.dumps(MANIFEST).encode()
    try:
        parse_manifest(text[:at] + junk + text[at:], source="m")
    except ConfigError:
        return
