"""The key tree and the registry: separate, reproducible, refused when they do not fit."""

import os
from itertools import combinations
from pathlib import Path

import pytest
from pydantic import ValidationError

from audit.core.errors import ConfigError, UsageError
from audit.documents import KeyRegistry, MarkProfile, RegisteredKey
from audit.watermark import (
    LocalRoot,
    derive_all,
    derive_epoch,
    new_receipt_id,
    read_root,
    receipt_key,
    receipt_millis,
    root_from,
    tag_for,
)

ROOT = LocalRoot(bytes(range(32)))
MODEL, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
DAY = 86_400 * 10**9


def line(**changes: object) -> RegisteredKey:
    values = {
        "key_id": derive_epoch(ROOT, MODEL, "2026-11").key_id,
        "epoch": "2026-11",
        "model_id": "acme/tiny",
        "model_digest": MODEL,
        "tokenizer_digest": OTHER,
        "profile": MarkProfile(),
        "valid_from_ns": 10 * DAY,
        "valid_until_ns": 20 * DAY,
    }
    return RegisteredKey(**(values | changes))  # type: ignore[arg-type]


def test_the_tree_gives_the_same_keys_for_ever() -> None:
    keys = derive_epoch(ROOT, MODEL, "2026-11")
    assert keys.key_id == "12e9d2d640750e46"
    assert tag_for(keys, "01KB0000000000000000000000", 10**18, symbols=6).hex() == "913c7f38baad"


def test_model_epoch_and_purpose_each_change_every_key() -> None:
    trees = [derive_epoch(ROOT, *of) for of in ((MODEL, "1"), (OTHER, "1"), (MODEL, "2"))]
    names = ("pilot", "payload", "tag", "sketch", "fingerprint", "text")
    found = [getattr(tree, name) for tree in trees for name in names]
    assert all(one != other for one, other in combinations(found, 2))
    assert len({tree.key_id for tree in trees}) == 3


def test_no_key_shows_in_a_representation() -> None:
    keys = derive_epoch(ROOT, MODEL, "1")
    assert keys.pilot.hex() not in repr(keys)
    assert repr(keys.pilot) not in repr(keys)
    assert repr(ROOT) == "LocalRoot()"


def test_tags_of_two_receipts_or_times_differ() -> None:
    keys = derive_epoch(ROOT, MODEL, "1")
    tags = {tag_for(keys, name, ts, symbols=6) for name in ("A", "B") for ts in (1, 2)}
    assert len(tags) == 4
    assert receipt_key(keys, "A") != receipt_key(keys, "B")


def test_a_registry_of_another_root_is_refused() -> None:
    registry = KeyRegistry(keys=(line(),))
    assert derive_all(ROOT, registry).keys() == {line().key_id}
    with pytest.raises(ConfigError, match="root key does not give key"):
        derive_all(LocalRoot(bytes(32)), registry)


def test_a_key_counts_from_its_first_moment_to_its_last_or_its_revocation() -> None:
    assert not line().counts_at(10 * DAY - 1)
    assert line().counts_at(10 * DAY)
    assert not line().counts_at(20 * DAY)
    revoked = line(revoked_at_ns=15 * DAY)
    assert revoked.counts_at(15 * DAY - 1)
    assert not revoked.counts_at(15 * DAY)


def test_a_registry_with_a_key_twice_or_an_empty_span_is_refused() -> None:
    with pytest.raises(ValidationError, match="appears twice"):
        KeyRegistry(keys=(line(), line()))
    with pytest.raises(ValidationError, match="not after"):
        line(valid_until_ns=10 * DAY)


def test_a_profile_cannot_send_contexts_nowhere() -> None:
    with pytest.raises(ValidationError, match="pilot_permille 1000"):
        MarkProfile(symbols=0, pilot_permille=500)


def test_a_root_key_is_read_from_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    path.write_text("ab" * 32 + "\n")
    path.chmod(0o600)
    assert read_root(path).secret == b"\xab" * 32


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        ("ab" * 32, 0o640, "others can read"),
        ("ab" * 31, 0o600, "holds 31 bytes"),
        ("zz" * 32, 0o600, "not 64 hex digits"),
        ("é" * 64, 0o600, "not 64 hex digits"),
        ("", 0o600, "holds 0 bytes"),
    ],
)
def test_a_root_key_file_that_is_open_or_wrong_is_refused(
    tmp_path: Path, text: str, mode: int, message: str
) -> None:
    path = tmp_path / "root.key"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=message) as caught:
        read_root(path)
    assert "abab" not in str(caught.value)


def test_a_root_key_comes_from_the_environment_or_not_at_all() -> None:
    assert root_from({"AUDIT_WATERMARK_ROOT": "cd" * 32}).secret == b"\xcd" * 32
    with pytest.raises(UsageError, match="not set"):
        root_from({})
    with pytest.raises(ConfigError, match="not 64 hex digits"):
        root_from({"AUDIT_WATERMARK_ROOT": "secret!"})


def test_receipt_ids_sort_by_time_and_tell_it() -> None:
    early, late = (new_receipt_id(ms * 10**6, entropy=os.urandom) for ms in (10**12, 10**12 + 1))
    assert early < late
    assert (len(early), receipt_millis(early), receipt_millis(late)) == (26, 10**12, 10**12 + 1)


def test_a_receipt_id_is_the_ulid_of_its_time_and_random_bits() -> None:
    # The example of the ULID specification: 1469918176385 is 01ARYZ6S41.
    assert new_receipt_id(1469918176385 * 10**6, entropy=bytes) == "01ARYZ6S410000000000000000"
    assert new_receipt_id((2**48 - 1) * 10**6, entropy=lambda n: b"\xff" * n) == (
        "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
    )
