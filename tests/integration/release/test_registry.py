"""A release in a registry: pushed after an allow and never before, gated by digest from there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commandline import Commandline
from tests.ocikit.registry import Registry
from tests.releasekit import lay_out


@pytest.fixture(params=[True, False], ids=["referrers-api", "fallback-tag"])
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    with Registry(referrers=request.param).serving() as serving:
        yield serving


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline, registry: Registry
) -> Path:
    folder = lay_out(tmp_path / "r")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run("audit release init . --model-id acme/support").code == 0
    with (folder / "RELEASE.toml").open("a") as file:
        file.write(f'\n[target]\nreference = "{registry.host}/acme/support:1.0.0"\n')
    return folder


def gate(registry: Registry, digest: str) -> str:
    place = f"{registry.host}/acme/support@{digest}"
    return f"audit gate check {place} --policy policy.yaml --ledger sqlite:///out/ledger.db"


def digest_of(text: str) -> str:
    return re.findall(r"sha256:[0-9a-f]{64}", text)[0]


def test_an_allowed_release_is_pushed_and_allowed_from_there(
    folder: Path, run: Commandline, registry: Registry
) -> None:
    made = run("audit release run RELEASE.toml")
    assert made.code == 0, made
    assert f"audit: pushed {registry.host}/acme/support@{digest_of(made.out)}" in made.err
    assert run(gate(registry, digest_of(made.out))).code == 0


def test_a_denied_release_is_not_pushed(folder: Path, run: Commandline, registry: Registry) -> None:
    assert run("audit release run RELEASE.toml --unsigned").code == 10
    assert registry.blobs == {}
    assert registry.manifests == {}


def test_an_artifact_whose_signature_was_removed_from_the_registry_is_denied(
    folder: Path, run: Commandline, registry: Registry
) -> None:
    digest = digest_of(run("audit release run RELEASE.toml").out)
    for key in [key for key in registry.manifests if key[1] not in {digest, "1.0.0"}]:
        del registry.manifests[key]
    ended = run(gate(registry, digest))
    assert ended.code == 10, ended
    assert "deny[unsigned-model]" in ended.out


def test_a_registry_that_gives_other_bytes_is_refused(
    folder: Path, run: Commandline, registry: Registry
) -> None:
    digest = digest_of(run("audit release run RELEASE.toml").out)
    largest = max(registry.blobs, key=lambda key: len(registry.blobs[key]))
    registry.blobs[largest] = registry.blobs[largest][:-1] + b"?"
    ended = run(gate(registry, digest))
    assert ended.code == 10
    assert "digest-mismatch" in ended.out + ended.err


def test_a_registry_that_is_down_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline
) -> None:
    monkeypatch.chdir(lay_out(tmp_path / "r"))
    monkeypatch.setenv("HOME", str(tmp_path))
    run("audit release init . --model-id acme/support")
    digest = digest_of(run("audit release run RELEASE.toml").out)
    with Registry().serving() as gone:
        pass
    ended = run(gate(gone, digest))
    assert ended.code == 3, ended
    assert ended.out == ""
