"""Registries that behave: what goes up comes down, with every kind of login and referrers."""

import json
import os
import threading
from pathlib import Path

import pytest

from audit.core.errors import (
    ConfigError,
    DigestMismatch,
    EvidenceError,
    RegistryUnavailable,
    UsageError,
)
from audit.oci import (
    INDEX_TYPE,
    MANIFEST_TYPE,
    Descriptor,
    Layout,
    LegacyLayer,
    Store,
    attach_legacy,
    copy,
    digest_of,
    legacy_layers,
    parse_manifest,
    parse_place,
    unpack,
)
from audit.oci.registry import Limits, open_registry
from tests.ocikit.registry import INDEX, Handler
from tests.sigkit.artifacts import manifest
from tests.unit.oci.conftest import QUICK

PREDICATE = "https://sigstore.dev/cosign/sign/v1"


def no_time(_: float) -> None:
    """Wait for nothing: nobody else writes."""


@pytest.fixture
def layout(tmp_path: Path) -> tuple[Layout, Descriptor]:
    """Return a layout with one signed artifact of two files."""
    layout = Layout.create(tmp_path / "layout")
    (tmp_path / "big").write_bytes(os.urandom(300_000))
    layers = [
        layout.add_file(tmp_path / "big", media_type="a/big"),
        layout.add_blob(b"small", media_type="a/small"),
    ]
    config = layout.add_blob(b"{}", media_type="application/vnd.oci.empty.v1+json")
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.json(),
        "layers": [layer.json() for layer in layers],
    }
    artifact = layout.add_manifest(json.dumps(value).encode(), ref_name="v1")
    layout.attach_bundle(artifact, b"bundle", predicate_type=PREDICATE)
    return layout, artifact


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"referrers": False},
        {"login": "basic"},
        {"login": "bearer"},
        {"login": "bearer", "referrers": False},
    ],
)
def test_what_is_copied_up_comes_down_the_same(
    serve, client, layout, tmp_path: Path, how: dict[str, object]
) -> None:  # type: ignore[no-untyped-def]
    server = serve(**how)
    ours, artifact = layout
    registry = client(server)
    assert copy(ours, registry, artifact.digest, ref_name="1.4.0").digest == artifact.digest
    assert registry.resolve("1.4.0").digest == artifact.digest
    back = Layout.create(tmp_path / "back")
    copy(client(server), back, artifact.digest, ref_name="v1")
    assert list(back.bundles(artifact.digest)) == [b"bundle"]
    for path in (ours.path / "blobs/sha256").iterdir():
        assert (back.path / "blobs/sha256" / path.name).read_bytes() == path.read_bytes()


def older(store: Store, digest: str) -> set[bytes]:
    """Return the signatures and attestations that are kept under the tags of `digest`."""
    return {layer.data for kind in ("sig", "att") for layer in legacy_layers(store, digest, kind)}


def test_signatures_in_the_older_form_go_along_and_join_those_that_are_there(
    serve, client, layout
) -> None:  # type: ignore[no-untyped-def]
    ours, artifact = layout
    registry = client(serve())
    for data, suffix in ((b"1", "sig"), (b"2", "sig"), (b"3", "att")):
        attach_legacy(ours, artifact.digest, LegacyLayer(data, {}), suffix=suffix, sleep=no_time)
    copy(ours, registry, artifact.digest)
    assert older(registry, artifact.digest) == {b"1", b"2", b"3"}
    attach_legacy(registry, artifact.digest, LegacyLayer(b"theirs", {}), sleep=no_time)
    attach_legacy(ours, artifact.digest, LegacyLayer(b"4", {}), sleep=no_time)
    copy(ours, registry, artifact.digest)
    assert older(registry, artifact.digest) == {b"1", b"2", b"3", b"4", b"theirs"}


def test_junk_under_the_tag_of_signatures_stops_no_copy(serve, client, layout) -> None:  # type: ignore[no-untyped-def]
    ours, artifact = layout
    registry = client(serve())
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}
    tag = artifact.digest.replace(":", "-", 1) + ".sig"
    ours.add_manifest(json.dumps(index).encode(), ref_name=tag)
    copy(ours, registry, artifact.digest)
    assert list(registry.bundles(artifact.digest)) == [b"bundle"]


def test_what_is_attached_to_the_images_of_an_index_goes_along(serve, client, layout) -> None:  # type: ignore[no-untyped-def]
    ours, artifact = layout
    registry = client(serve())
    value = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [artifact.json()]}
    index = ours.add_manifest(json.dumps(value).encode())
    copy(ours, registry, index.digest)
    assert registry.manifest(index.digest) == ours.manifest(index.digest)
    assert list(registry.bundles(artifact.digest)) == [b"bundle"]


@pytest.mark.parametrize("part", ["config", "child"])
def test_a_part_with_other_bytes_is_not_copied(serve, client, layout, tmp_path, part) -> None:  # type: ignore[no-untyped-def]
    ours, artifact = layout
    server = serve()
    value = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [artifact.json()]}
    index = ours.add_manifest(json.dumps(value).encode())
    copy(ours, client(server), index.digest)
    if part == "config":
        config = parse_manifest(ours.manifest(artifact.digest), source="image").config
        server.blobs[config.digest] = b"x" * config.size
    else:
        kind, _ = server.manifests["acme/model", artifact.digest]
        server.manifests["acme/model", artifact.digest] = (kind, manifest("evil"))
    back = Layout.create(tmp_path / "back")
    with pytest.raises(DigestMismatch):
        copy(client(server), back, index.digest, ref_name="v1")
    with pytest.raises(EvidenceError):
        back.resolve("v1")


def test_an_index_is_not_pulled_into_a_folder(layout, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ours, artifact = layout
    value = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [artifact.json()]}
    index = ours.add_manifest(json.dumps(value).encode())
    with pytest.raises(ConfigError, match="not a manifest"):
        unpack(ours, index.digest, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_sent_twice(serve, client, layout) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    ours, artifact = layout
    copy(ours, client(server), artifact.digest)
    sent = len(server.asked("POST", "uploads"))
    copy(ours, client(server), artifact.digest)
    assert len(server.asked("POST", "uploads")) == sent


def test_a_large_blob_goes_up_in_pieces_and_a_small_one_at_once(serve, client, layout) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    ours, artifact = layout
    copy(ours, client(server), artifact.digest)
    assert len(server.asked("PATCH", "uploads")) == 5  # 300 000 bytes in pieces of 65 536


def test_between_repositories_of_a_registry_blobs_are_mounted(serve, client, layout) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    ours, artifact = layout
    copy(ours, client(server), artifact.digest)
    server.hook = lambda request: request.command == "HEAD" and (request.say(404), True)[1]
    before = len(server.asked("GET", "/blobs/"))
    copy(client(server), client(server, repository="acme/prod"), artifact.digest)
    assert len(server.asked("GET", "/blobs/sha256")) == before
    assert ("acme/prod", artifact.digest) in server.manifests


def test_an_upload_that_breaks_off_is_resumed_where_it_stopped(serve, client, layout) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    ours, artifact = layout
    broken: list[int] = []

    def break_off(request: Handler) -> bool:
        if request.command != "PATCH" or len(broken) == 2:
            return False
        broken.append(1)
        held = server.uploads[request.url.path.rpartition("/")[2]]
        held += request.rfile.read(1000)  # some of it arrived
        request.close_connection = True
        request.connection.close()
        return True

    server.hook = break_off
    copy(ours, client(server), artifact.digest)
    assert len(broken) == 2
    for layer in json.loads(ours.manifest(artifact.digest))["layers"]:
        assert digest_of(server.blobs[layer["digest"]]) == layer["digest"]


def test_a_download_that_breaks_off_is_resumed_where_it_stopped(
    serve, client, layout, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    ours, artifact = layout
    copy(ours, client(server), artifact.digest)
    broken: list[int] = []

    def break_off(request: Handler) -> bool:
        if "/blobs/" not in request.path or len(broken) == 2 or "Range" in request.headers:
            return False
        data = server.blobs[request.url.path.rpartition("/")[2]]
        if len(data) < 1000:
            return False
        broken.append(1)
        request.send_response(200)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data[:100_000])
        request.wfile.flush()
        request.close_connection = True
        return True

    server.hook = break_off
    copy(client(server), Layout.create(tmp_path / "back"), artifact.digest)
    assert [
        headers["range"] for headers in server.asked("GET", "/blobs/") if "range" in headers
    ] == ["bytes=100000-"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_registry_is_asked_again(serve, client, layout, status: int) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    ours, artifact = layout
    seen: dict[tuple[str, str], int] = {}

    def busy_at_first(request: Handler) -> bool:
        key = (request.command, request.url.path.partition("uploads")[0])
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            return False
        request.body()
        request.say(status, Retry_After="0")
        return True

    server.hook = busy_at_first
    registry = client(server)
    copy(ours, registry, artifact.digest, ref_name="v1")
    assert list(client(server).bundles(artifact.digest)) == [b"bundle"]


def test_a_registry_that_stays_busy_is_unavailable(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve(hook=lambda request: (request.say(503), True)[1])
    with pytest.raises(RegistryUnavailable, match="status 503"):
        client(server).resolve("v1")
    assert len(server.requests) == QUICK.attempts


def test_a_registry_that_is_not_there_is_unavailable(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    registry = client(server)
    closed = open_registry(parse_place("127.0.0.1:1/acme/model"), limits=QUICK)
    with pytest.raises(RegistryUnavailable, match="cannot reach"):
        list(closed.bundles("sha256:" + "a" * 64))
    with pytest.raises(EvidenceError, match="has no tag"):
        registry.resolve("v1")
    with pytest.raises(EvidenceError, match="has no manifest"):
        registry.manifest("sha256:" + "a" * 64)
    with pytest.raises(EvidenceError, match="has no blob"):
        registry.blob("sha256:" + "a" * 64, limit=10)
    closed.close()


def test_without_a_login_a_registry_that_wants_one_is_unavailable(serve, client) -> None:  # type: ignore[no-untyped-def]
    for login in ("basic", "bearer"):
        with pytest.raises(RegistryUnavailable) as caught:
            client(serve(login=login), login=False).resolve("v1")
        assert "docker login" in (caught.value.hint or "")


def test_a_blob_that_is_not_what_it_is_called_is_not_sent(serve, client, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    for size in (10, 200_000):
        (tmp_path / "blob").write_bytes(b"x" * size)
        wanted = Descriptor("a/b", digest_of(b"y" * size), size)
        with pytest.raises(DigestMismatch):
            client(server).put_blob_file(wanted, tmp_path / "blob")
    assert server.blobs == {}


@pytest.mark.parametrize("referrers", [True, False])
def test_writers_at_once_lose_no_signature(serve, client, layout, referrers: bool) -> None:  # type: ignore[no-untyped-def]
    server = serve(referrers=referrers)
    ours, artifact = layout
    copy(ours, client(server), artifact.digest)

    def attach(at: int) -> None:
        bundle = b"bundle %d" % at
        client(server).attach_bundle(artifact, bundle, predicate_type=PREDICATE)

    threads = [threading.Thread(target=attach, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = set(client(server).bundles(artifact.digest))
    assert found == {b"bundle", *(b"bundle %d" % at for at in range(8))}


def test_pages_of_referrers_are_read_to_the_end(serve, client, layout) -> None:  # type: ignore[no-untyped-def]
    server = serve(page=2)
    ours, artifact = layout
    registry = client(server)
    copy(ours, registry, artifact.digest)
    for at in range(5):
        registry.attach_bundle(artifact, b"%d" % at, predicate_type=PREDICATE)
    assert len(client(server).referrers(artifact.digest)) == 6


def test_a_fallback_tag_that_somebody_else_began_is_extended(serve, client, layout) -> None:  # type: ignore[no-untyped-def]
    server = serve(referrers=False)
    ours, artifact = layout
    registry = client(server)
    theirs = registry.add_manifest(manifest("theirs"))
    tag = artifact.digest.replace(":", "-")
    index = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [theirs.json() | {"platform": {"os": "any"}}],
    }
    server.manifests["acme/model", tag] = (INDEX, json.dumps(index).encode())
    copy(ours, registry, artifact.digest)
    entries = json.loads(server.manifests["acme/model", tag][1])["manifests"]
    assert entries[0] == theirs.json() | {"platform": {"os": "any"}}
    assert len(entries) == 2


@pytest.mark.parametrize(
    ("text", "host", "repository", "name"),
    [
        ("registry.example/a/b", "registry.example", "a/b", None),
        ("registry.example:5000/a:v1", "registry.example:5000", "a", "v1"),
        ("localhost/a", "localhost", "a", None),
        ("localhost:5000/a__b/c-d.e", "localhost:5000", "a__b/c-d.e", None),
        ("127.0.0.1:5000/a", "127.0.0.1:5000", "a", None),
        ("[::1]:5000/a", "[::1]:5000", "a", None),
        ("host:5000/a", "host:5000", "a", None),
    ],
)
def test_a_registry_reference_is_read(text: str, host: str, repository: str, name: str) -> None:
    digest = "sha256:" + "a" * 64
    found = parse_place(text)
    assert (found.path, found.host, found.repository, found.name) == (None, host, repository, name)
    assert parse_place(f"{text}@{digest}").digest == digest


@pytest.mark.parametrize(
    ("text", "path", "name"),
    [
        ("models", "models", None),
        ("models/release", "models/release", None),
        ("./registry.example/a", "registry.example/a", None),
        ("oci:registry.example/a:v1", "registry.example/a", "v1"),
        ("/var/models:1.4.0", "/var/models", "1.4.0"),
        ("registry.example/UPPER", "registry.example/UPPER", None),
        ("user:secret/a", "user:secret/a", None),
    ],
)
def test_a_layout_reference_is_read(text: str, path: str, name: str | None) -> None:
    digest = "sha256:" + "a" * 64
    found = parse_place(f"{text}@{digest}")
    assert (found.path, found.name, found.digest) == (Path(path), name, digest)


@pytest.mark.parametrize(
    "text",
    ["", "a@sha256:ab", "a@md5:" + "a" * 32, "registry.example/a@sha256:" + "A" * 64, "x@y/a@b"],
)
def test_what_names_no_artifact_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_place(text)


def test_a_registry_elsewhere_is_spoken_to_with_tls_only() -> None:
    elsewhere = parse_place("registry.example/a")
    assert open_registry(elsewhere).origin.scheme == "https"
    assert open_registry(elsewhere, plain_http=True).origin.scheme == "http"
    assert open_registry(parse_place("docker.io/a/b")).origin.host == "registry-1.docker.io"


def test_the_bounds_on_a_body_grow_with_it() -> None:
    limits = Limits(now=lambda: 100.0)
    assert limits.deadline(0) == 160.0
    assert limits.deadline(10 * 32 * 1024) == 170.0
