"""Trusted roots: what is in them is read strictly, and the bundled one is usable."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import ConfigError, InputMissing
from audit.sign import BUNDLED, load_trusted_root, parse_trusted_root
from audit.sign.trust import Window
from tests.sigstack import Stack

STACK = Stack()
ROOT = STACK.trusted_root()


def read(value: object) -> object:
    return parse_trusted_root(json.dumps(value).encode(), source="r.json")


def test_the_bundled_root_is_the_public_instance() -> None:
    root = load_trusted_root()
    assert root.source == BUNDLED
    assert "https://rekor.sigstore.dev" in {log.base_url for log in root.logs}
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert any(one.window.holds(now) for one in root.authorities)
    assert root.timestamp_authorities


def test_a_client_config_gives_its_root() -> None:
    config = json.dumps(STACK.client_config(2)).encode()
    assert parse_trusted_root(config, source="c").logs == read(ROOT).logs  # type: ignore[attr-defined]


def test_a_window_holds_its_ends() -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    window = Window(start, end)
    assert window.holds(start)
    assert window.holds(end)
    assert not window.holds(end.replace(second=1))
    assert not window.holds(start.replace(year=2025))
    assert Window(None, None).holds(start)


def change(path: str, value: Any) -> dict[str, Any]:
    root = copy.deepcopy(ROOT)
    holder: Any = root
    *steps, last = path.split(".")
    for step in steps:
        holder = holder[int(step) if step.isdigit() else step]
    if value is None:
        del holder[last]
    else:
        holder[int(last) if last.isdigit() else last] = value
    return root


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("mediaType", "x"),
        ("mediaType", None),
        ("extra", 1),
        ("tlogs", {}),
        ("tlogs.0", []),
        ("tlogs.0.extra", 1),
        ("tlogs.0.logId", None),
        ("tlogs.0.logId.keyId", "x"),
        ("tlogs.0.hashAlgorithm", "SHA1"),
        ("tlogs.0.publicKey", None),
        ("tlogs.0.publicKey.rawBytes", "AAAA"),
        ("tlogs.0.publicKey.validfor", {}),
        ("tlogs.0.publicKey.validFor.start", "2026-01-01"),
        ("tlogs.0.publicKey.validFor.start", "2026-13-01T00:00:00Z"),
        ("tlogs.0.publicKey.validFor.end", "2020-01-01T00:00:00Z"),
        ("tlogs.0.publicKey.validFor.stop", "2027-01-01T00:00:00Z"),
        ("certificateAuthorities.0.certChain", None),
        ("certificateAuthorities.0.certChain.certificates", []),
        ("certificateAuthorities.0.certChain.certificates.0.rawBytes", "AAAA"),
        ("certificateAuthorities.0.validFor", []),
    ],
)
def test_a_root_with_a_wrong_member_is_refused(path: str, value: object) -> None:
    with pytest.raises(ConfigError, match=r"^r\.json: "):
        read(change(path, value))


def test_a_root_that_trusts_nobody_is_refused() -> None:
    for name in ("tlogs", "certificateAuthorities"):
        assert read(change(name, []))
    with pytest.raises(ConfigError, match="trusts no"):
        read({"mediaType": ROOT["mediaType"]})


def test_a_root_that_names_a_log_twice_is_refused() -> None:
    for name in ("tlogs", "ctlogs"):
        with pytest.raises(ConfigError, match="twice"):
            read(change(name, ROOT[name] * 2))


def test_a_root_that_is_not_there_is_named(tmp_path: object) -> None:
    with pytest.raises(InputMissing, match="root"):
        load_trusted_root(tmp_path / "root.json")  # type: ignore[operator]


@given(st.binary(max_size=60), st.integers(0, 4000))
def test_no_edit_crashes_the_reader(junk: bytes, at: int) -> None:
    text = json.dumps(ROOT).encode()
    at %= len(text)
    try:
        parse_trusted_root(text[:at] + junk + text[at + len(junk) :], source="r")
    except ConfigError:
        return
