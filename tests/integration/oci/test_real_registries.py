"""The commands against registries that other people wrote, with and without the referrers API."""

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.__main__ import main
from audit.oci import Layout, copy, open_store, parse_place
from tests.ocikit.processes import REGISTRIES
from tests.sigkit.artifacts import model

PREDICATE = "https://sigstore.dev/cosign/sign/v1"


@pytest.fixture(scope="module", params=sorted(REGISTRIES))
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with REGISTRIES[request.param](tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def call(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["audit", *args])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.mark.slow
def test_a_model_is_pushed_signed_verified_and_pulled(run, host: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    artifact = model(Layout.create(tmp_path / "models"), {"a.gguf": b"weights", "README.md": b"#"})
    place = f"{host}/acme/model"
    code, out, err = run("oci", "push", "./models:v1", f"{place}:1.4.0")
    assert (code, out.strip()) == (0, artifact.digest), err
    named = f"{place}@{artifact.digest}"
    run("sign", "key", "generate", "--out", "k")
    assert run("sign", "verify", named, "--key", "k.pub")[0] == 10
    code, _, err = run("sign", "image", named, "--key", "k.key")
    assert code == 0, err
    assert run("sign", "verify", named, "--key", "k.pub")[0] == 0
    run("sign", "key", "generate", "--out", "other")
    assert run("sign", "verify", named, "--key", "other.pub")[0] == 10
    assert len(run("oci", "referrers", f"{place}:1.4.0")[1].splitlines()) == 1
    assert run("oci", "inspect", f"{place}:1.4.0")[1].startswith(artifact.digest)
    code, out, err = run("oci", "pull", named, "--out", "got", "--format", "json")
    assert json.loads(out)["files"] == 2, err
    assert (tmp_path / "got" / "a.gguf").read_bytes() == b"weights"
    assert run("oci", "copy", named, "./back:v1")[0] == 0
    assert run("sign", "verify", f"./back@{artifact.digest}", "--key", "k.pub")[0] == 0


@pytest.mark.slow
def test_eight_writers_at_once_keep_all_signatures(host: str, tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / "models")
    artifact = model(layout, {"a.gguf": b"raced"})
    place = parse_place(f"{host}/acme/raced")
    with open_store(place) as registry:
        copy(layout, registry, artifact.digest)
    failures: list[Exception] = []

    def attach(first: int) -> None:
        try:
            with open_store(place) as registry:
                for at in range(first, first + 3):
                    bundle = b"bundle %d" % at
                    registry.attach_bundle(artifact, bundle, predicate_type=PREDICATE)
        except Exception as exc:  # noqa: BLE001
            failures.append(exc)

    threads = [threading.Thread(target=attach, args=(at * 3,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_store(place) as registry:
        assert set(registry.bundles(artifact.digest)) == {b"bundle %d" % at for at in range(24)}


@pytest.mark.slow
def test_a_blob_larger_than_a_piece_goes_up_and_down(host: str, tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / "models")
    with (tmp_path / "big").open("wb") as file:
        file.truncate((64 << 20) + 12345)
    artifact = model(layout, {"big.gguf": tmp_path / "big"})
    with open_store(parse_place(f"{host}/acme/big")) as registry:
        copy(layout, registry, artifact.digest)
        back = Layout.create(tmp_path / "back")
        copy(registry, back, artifact.digest)
    layer = json.loads(back.manifest(artifact.digest))["layers"][0]
    assert back.blob_path(layer["digest"]).stat().st_size == (64 << 20) + 12345
