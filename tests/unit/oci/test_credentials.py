"""Stored logins: found where other tools keep them, and given to their own host alone."""

import base64
import json
from pathlib import Path

import pytest

from audit.core.errors import ConfigError
from audit.oci.registry import Credentials, stored_credentials


def auth(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def look(tmp_path: Path, config: object, host: str, **environ: str) -> Credentials | None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    return stored_credentials({"DOCKER_CONFIG": str(tmp_path), **environ})(host)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("registry.example", "registry.example"),
        ("https://registry.example", "registry.example"),
        ("registry.example:5000", "registry.example:5000"),
        ("https://index.docker.io/v1/", "registry-1.docker.io"),
    ],
)
def test_a_login_is_found_under_its_host(tmp_path: Path, name: str, host: str) -> None:
    config = {"auths": {name: {"auth": auth("me:pass:word")}}}
    assert look(tmp_path, config, host) == Credentials("me", "pass:word")


@pytest.mark.parametrize(
    "host", ["example", "evil-registry.example", "registry.example.evil", "registry.example:1"]
)
def test_a_login_is_not_given_to_another_host(tmp_path: Path, host: str) -> None:
    config = {"auths": {"registry.example": {"auth": auth("me:secret")}}}
    assert look(tmp_path, config, host) is None


def test_an_identity_token_is_one(tmp_path: Path) -> None:
    config = {"auths": {"r.example": {"auth": auth("x:"), "identitytoken": "t"}}}
    assert look(tmp_path, config, "r.example") == Credentials(identity_token="t")


def test_the_secret_is_not_shown() -> None:
    assert "hidden" not in repr(Credentials("me", "hidden", "hidden"))


def test_podmans_file_is_read_when_dockers_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "run" / "containers").mkdir(parents=True)
    path = tmp_path / "run" / "containers" / "auth.json"
    path.write_text(json.dumps({"auths": {"r.example": {"auth": auth("pod:man")}}}))
    runtime = str(tmp_path / "run")
    assert look(tmp_path, {}, "r.example", XDG_RUNTIME_DIR=runtime) == Credentials("pod", "man")


@pytest.mark.parametrize(
    "config",
    [
        [],
        {"auths": {"r.example": {"auth": "***"}}},
        {"auths": {"r.example": {"auth": auth("no colon")}}},
        {"credsStore": "../../bin/sh"},
        {"credsStore": ["x"]},
        {"credHelpers": {"r.example": "not-installed-anywhere"}},
    ],
)
def test_a_file_that_cannot_be_right_is_named(tmp_path: Path, config: object) -> None:
    with pytest.raises(ConfigError):
        look(tmp_path, config, "r.example")


def helper(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "docker-credential-fake"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def test_a_helper_is_asked_for_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(
        tmp_path,
        'read host; [ "$1 $host" = "get r.example" ] || exit 1; echo \'{"Username":"u","Secret":"s"}\'',
        monkeypatch,
    )
    assert look(tmp_path, {"credHelpers": {"r.example": "fake"}}, "r.example") == Credentials(
        "u", "s"
    )
    assert look(tmp_path, {"credsStore": "fake"}, "other.example") is None


def test_a_helpers_token_is_an_identity_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(tmp_path, 'echo \'{"Username":"<token>","Secret":"s"}\'', monkeypatch)
    assert look(tmp_path, {"credsStore": "fake"}, "r.example") == Credentials(identity_token="s")


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"Username":1,"Secret":"x"}'])
def test_a_helper_that_talks_nonsense_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    helper(tmp_path, f"echo '{answer}'", monkeypatch)
    with pytest.raises(ConfigError):
        look(tmp_path, {"credsStore": "fake"}, "r.example")
