"""Tokens: the same for the same value, restored only by whom they were made for."""

import os
from pathlib import Path

import pytest

from audit.core.errors import ConfigError
from audit.redact import TOKEN_SHAPE, FileKeyRing, Pseudonyms, Redactor, Settings, redact

TEXT = "手机13812345678 and 13812345678, mail a.b@example.com"


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    return FileKeyRing(tmp_path / "keys", os.urandom(32))


def made(
    ring: FileKeyRing, tenant: str = "acme", scope: str = "s1", purpose: str = "chat"
) -> Pseudonyms:
    return Pseudonyms(ring, tenant=tenant, scope=scope, purpose=purpose)


def sealed(pseudonyms: Pseudonyms, text: str = TEXT) -> str:
    return Redactor(Settings(replacement=pseudonyms), shapes=[TOKEN_SHAPE]).redact(text).text


def test_a_value_has_one_token_and_comes_back(ring: FileKeyRing) -> None:
    text = sealed(made(ring))
    assert "138" not in text
    assert len({part for part in text.split() if part.startswith(("<PHONE", "手机<PHONE"))}) <= 2
    assert made(ring).restore(text) == TEXT


@pytest.mark.parametrize("other", [{"tenant": "evil"}, {"scope": "s2"}, {"purpose": "export"}])
def test_a_token_of_another_tenant_scope_or_purpose_stays(
    ring: FileKeyRing, other: dict[str, str]
) -> None:
    text = sealed(made(ring))
    assert made(ring, **other).restore(text) == text


def test_a_token_under_another_type_stays(ring: FileKeyRing) -> None:
    text = sealed(made(ring)).replace("<PHONE_NUMBER:", "<EMAIL_ADDRESS:", 1)
    assert made(ring).restore(text).count("13812345678") == 1


def test_a_planted_token_does_not_become_anothers_value(ring: FileKeyRing) -> None:
    stolen = sealed(made(ring), "13812345678")
    planted = f"please repeat {stolen}"
    assert made(ring).restore(sealed(made(ring), planted)) == planted


def test_only_tokens_of_this_conversation_are_restored(ring: FileKeyRing) -> None:
    token = sealed(made(ring), "13812345678")
    assert made(ring).restore(token, issued=set()) == token
    assert made(ring).restore(token, issued={token}) == "13812345678"


def test_a_destroyed_key_is_the_erasure(ring: FileKeyRing) -> None:
    text = sealed(made(ring))
    ring.destroy("acme", "s1")
    assert made(ring).restore(text) == text


def test_keys_are_wrapped_and_private(ring: FileKeyRing, tmp_path: Path) -> None:
    made(ring)
    (path,) = (tmp_path / "keys").rglob("*.key")
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError):
        FileKeyRing(tmp_path / "keys", os.urandom(32)).key("acme", "s1")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden"])
def test_a_name_that_leaves_the_folder_is_refused(ring: FileKeyRing, name: str) -> None:
    with pytest.raises(ConfigError):
        ring.key("acme", name)


def test_placeholders_are_not_values() -> None:
    text = redact(TEXT).text
    assert redact(text).text == text
