"""Merkle trees: the published cases, and the laws for any tree."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core import standalone
from audit.core.errors import VerificationError
from audit.ledger._merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_path,
    inclusion_path,
    node_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "ledger" / "merkle"
LEAVES = [hashlib.sha256(b"\x00" + bytes([number])).digest() for number in range(70)]

OURS = {
    "additional/sizes-are-equal-one-and-proof-is-empty": "its roots are not 32 bytes long",
}
"""Published cases that are accepted there and refused here, and why."""


def cases(kind: str) -> list[Any]:
    found = json.loads((VECTORS / f"{kind}.json").read_bytes())
    return [pytest.param(case, id=case["name"]) for case in found]


def hashes(*texts: str | None) -> list[bytes]:
    return [base64.b64decode(text or "") for text in texts]


@pytest.mark.parametrize("case", cases("inclusion"))
def test_published_inclusion_cases_agree(case: dict[str, Any]) -> None:
    leaf, root, *path = hashes(case["leafHash"], case["root"], *(case["proof"] or []))
    try:
        verify_inclusion(
            index=case["leafIdx"], size=case["treeSize"], leaf=leaf, path=path, root=root
        )
    except VerificationError:
        assert case["wantErr"] is True
        with pytest.raises(ValueError, match=r"entry|hash"):
            standalone.verify_inclusion(case["leafIdx"], case["treeSize"], leaf, root, path)
    else:
        assert case["wantErr"] is False
        standalone.verify_inclusion(case["leafIdx"], case["treeSize"], leaf, root, path)


@pytest.mark.parametrize("case", cases("consistency"))
def test_published_consistency_cases_agree(case: dict[str, Any]) -> None:
    old_root, root, *path = hashes(case["root1"], case["root2"], *(case["proof"] or []))
    sizes = case["size1"], case["size2"]
    try:
        verify_consistency(
            old_size=case["size1"], size=case["size2"], old_root=old_root, root=root, path=path
        )
    except VerificationError:
        assert case["wantErr"] is (case["name"] not in OURS)
        with pytest.raises(ValueError, match=r"tree|proof|hash"):
            standalone.verify_consistency(sizes, old_root, root, path)
    else:
        assert case["wantErr"] is False
        standalone.verify_consistency(sizes, old_root, root, path)


def subtree(start: int, end: int) -> bytes:
    return tree_root(LEAVES[start:end])


SIZES = st.integers(1, len(LEAVES))


@given(SIZES, st.data())
def test_every_entry_of_every_tree_is_proved(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(index, size, subtree)
    good = {"index": index, "size": size, "leaf": LEAVES[index], "path": path}
    verify_inclusion(**good, root=subtree(0, size))
    other = data.draw(st.integers(0, size - 1).filter(lambda at: at != index)) if size > 1 else 1
    for bad in (
        {"index": other},
        {"leaf": LEAVES[(index + 1) % len(LEAVES)]},
        {"path": [*path, LEAVES[0]]},
        {"path": [LEAVES[0], *path]},
        {"path": path[:-1]} if path else {"size": size + 1},
        {"path": path[::-1]} if path != path[::-1] else {"index": -1},
        {"leaf": LEAVES[index][:31]},
        {"leaf": b""},
        {"size": 2**63},
    ):
        with pytest.raises(VerificationError):
            verify_inclusion(**(good | bad), root=subtree(0, size))


@given(st.integers(0, len(LEAVES)), st.data())
def test_every_tree_extends_every_smaller_one(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    path = consistency_path(old, size, subtree)
    good: dict[str, Any] = {
        "old_size": old,
        "size": size,
        "old_root": subtree(0, old),
        "root": subtree(0, size),
        "path": path,
    }
    verify_consistency(**good)
    for bad in (
        {"old_root": LEAVES[-1][::-1]},
        {"root": LEAVES[-1][::-1]} if old else {"old_root": b""},
        {"path": [*path, LEAVES[0]]},
        {"path": path[:-1]} if path else {"old_size": size + 1},
        {"root": subtree(0, size)[:31]},
        {"old_size": -1},
    ):
        with pytest.raises(VerificationError):
            verify_consistency(**(good | bad))


@given(SIZES)
def test_a_frontier_that_was_packed_grows_on(size: int) -> None:
    tree = Frontier()
    for leaf in LEAVES[:size]:
        tree.add(leaf)
    again = Frontier.unpack(size, tree.pack())
    assert again.root() == tree.root() == subtree(0, size)
    again.add(LEAVES[0])
    assert again.root() == tree_root([*LEAVES[:size], LEAVES[0]])
    with pytest.raises(ValueError, match="not the frontier"):
        Frontier.unpack(size, tree.pack()[:-1])


def test_an_inner_node_cannot_be_shown_as_an_entry() -> None:
    node = node_hash(LEAVES[0], LEAVES[1])
    with pytest.raises(VerificationError):
        verify_inclusion(index=0, size=4, leaf=node, path=[subtree(2, 4)], root=subtree(0, 4))


def test_a_tree_without_entries_has_the_root_rfc_6962_says() -> None:
    assert tree_root([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()
    with pytest.raises(ValueError, match="has no leaf 0"):
        inclusion_path(0, 0, subtree)
    with pytest.raises(VerificationError, match="no tree of 0"):
        verify_inclusion(index=0, size=0, leaf=LEAVES[0], path=[], root=EMPTY_ROOT)
