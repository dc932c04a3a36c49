"""Registries that lie, leak, stall and flood: every one is refused or survived."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.core.errors import DigestMismatch, EvidenceError, RegistryUnavailable
from audit.oci import Descriptor, Layout, bundle_manifest, copy, digest_of
from audit.oci._bundle import MAX_BUNDLE
from audit.oci.registry import Limits
from tests.ocikit.registry import BASIC, INDEX, SECRET, Handler
from tests.ocikit.registry import Registry as Loopback
from tests.sigkit.artifacts import manifest

PREDICATE = "https://sigstore.dev/cosign/sign/v1"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
GOOD = manifest("good")
DIGEST = digest_of(GOOD)


def holding(server: Loopback, *manifests: bytes) -> None:
    for data in manifests:
        server.manifests["acme/model", digest_of(data)] = (MANIFEST, data)


def instead(part: str, answer: Callable[[Handler], None], method: str = "GET") -> object:
    """Return a hook that answers requests of a kind in its own way."""

    def hook(request: Handler) -> bool:
        if part not in request.path or request.command != method:
            return False
        request.body()
        answer(request)
        return True

    return hook


def endless(request: Handler) -> None:
    """Send without end, as chunks."""
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.send_header("Content-Type", INDEX)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
    except OSError:
        request.close_connection = True


def silent(request: Handler) -> None:
    """Say that something comes, and send nothing."""
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.flush()
    request.rfile.read(1)


# What the bytes are


def test_other_bytes_under_a_manifests_digest_are_refused(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve(hook=instead("manifests", lambda r: r.say(200, manifest("evil"), MANIFEST)))
    with pytest.raises(DigestMismatch):
        client(server).manifest(DIGEST)


def test_other_bytes_under_a_blobs_digest_are_refused(serve, client, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    server = serve(hook=instead("/blobs/", lambda r: r.say(200, b"evil", "a/b")))
    wanted = Descriptor("a/b", digest_of(b"good"), 4)
    registry = client(server)
    with pytest.raises(DigestMismatch):
        registry.blob(wanted.digest, limit=10)
    with pytest.raises(DigestMismatch), registry.blob_file(wanted):
        pass


def test_a_blob_that_is_too_short_is_refused(serve, client, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    server.blobs[digest_of(b"good")] = b"good"
    wanted = Descriptor("a/b", digest_of(b"good"), 5)
    with pytest.raises(EvidenceError, match="4 bytes, not 5"), client(server).blob_file(wanted):
        pass


def test_a_digest_header_that_contradicts_the_bytes_is_refused(serve, client) -> None:  # type: ignore[no-untyped-def]
    lie = {"Docker_Content_Digest": "sha256:" + "0" * 64}
    server = serve(hook=instead("manifests", lambda r: r.say(200, GOOD, MANIFEST, **lie)))
    with pytest.raises(DigestMismatch):
        client(server).manifest(DIGEST)
    with pytest.raises(DigestMismatch):
        client(server).resolve("v1")


def test_a_tag_that_moves_between_two_reads_is_resolved_once(serve, client, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    versions = [GOOD, manifest("evil"), manifest("worse")]
    server = serve(hook=instead("manifests/v1", lambda r: r.say(200, versions.pop(0), MANIFEST)))
    holding(server, GOOD)
    server.blobs[digest_of(b"{}")] = b"{}"
    registry = client(server)
    resolved = registry.resolve("v1")
    copied = copy(registry, Layout.create(tmp_path / "l"), resolved.digest)
    assert (resolved.digest, copied.digest) == (DIGEST, DIGEST)
    assert len(versions) == 2


# How much and how long


def test_an_endless_manifest_is_cut_off(serve, client) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RegistryUnavailable, match="sends more than"):
        client(serve(hook=instead("manifests", endless))).manifest(DIGEST)


def test_an_endless_blob_is_cut_off_at_its_size(serve, client) -> None:  # type: ignore[no-untyped-def]
    registry = client(serve(hook=instead("/blobs/", endless)))
    with pytest.raises(RegistryUnavailable, match="more than the 4 bytes"):
        registry.blob(digest_of(b"good"), limit=4)


def test_an_endless_list_of_referrers_is_cut_off(serve, client) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RegistryUnavailable, match="sends more than"):
        client(serve(hook=instead("referrers", endless))).referrers(DIGEST)


def test_an_endless_token_is_cut_off(serve, client) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RegistryUnavailable, match="sends too much"):
        client(serve(login="bearer", hook=instead("/token", endless))).resolve("v1")


def test_a_compressed_answer_is_not_unpacked(serve, client) -> None:  # type: ignore[no-untyped-def]
    bomb = gzip.compress(b"\0" * (64 << 20))
    answer = instead("manifests", lambda r: r.say(200, bomb, MANIFEST, Content_Encoding="gzip"))
    with pytest.raises(RegistryUnavailable, match="compresses"):
        client(serve(hook=answer)).manifest(DIGEST)


def test_a_registry_that_stalls_is_given_up(serve, client) -> None:  # type: ignore[no-untyped-def]
    quick = Limits(connect=1, idle=0.1, attempts=2, pause=0.001)
    with pytest.raises(RegistryUnavailable, match="cannot reach"):
        client(serve(hook=instead("manifests", silent)), limits=quick).manifest(DIGEST)


def test_a_registry_that_drips_is_given_up(serve, client) -> None:  # type: ignore[no-untyped-def]
    now = iter(range(0, 10_000, 30))
    slow = Limits(idle=2, attempts=1, now=lambda: float(next(now)))
    body = b"x" * 300_000
    server = serve()
    server.blobs[digest_of(body)] = body

    def drip(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        for at in range(0, len(body), 1000):
            request.wfile.write(body[at : at + 1000])
            request.wfile.flush()

    server.hook = instead("/blobs/", drip)
    with pytest.raises(RegistryUnavailable, match="too slow"):
        client(server, limits=slow).blob(digest_of(body), limit=len(body))


def test_pages_that_go_in_circles_end(serve, client) -> None:  # type: ignore[no-untyped-def]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
    for link in ("?from=1", "?from={count}"):
        count = iter(range(10_000))

        def page(request: Handler, link: str = link, count: object = count) -> None:
            to = link.format(count=next(count))  # type: ignore[call-overload]
            request.say(200, index, INDEX, Link=f'<{request.url.path}{to}>; rel="next"')

        server = serve(hook=instead("referrers", page))
        with pytest.raises(RegistryUnavailable, match="without end"):
            client(server).referrers(DIGEST)
        assert len(server.requests) <= 64


def flooded(serve, good_at: int) -> Loopback:  # type: ignore[no-untyped-def]
    """Return a registry that lists 1001 manifests, one of which it has, with a bundle."""
    server = serve()
    subject = Descriptor(MANIFEST, DIGEST, len(GOOD))
    blob = Descriptor("", digest_of(b"good"), 4)
    holding(server, bundle_manifest(subject, blob, predicate_type=PREDICATE, created=None))
    server.blobs[blob.digest] = b"good"
    [(_, kept)] = server.manifests
    named = [digest_of(b"%d" % at) if at != good_at else kept for at in range(1001)]
    entries = [{"mediaType": MANIFEST, "size": 1, "digest": digest} for digest in named]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    server.hook = instead("referrers", lambda r: r.say(200, index, INDEX))
    return server


def test_more_referrers_than_are_opened_is_no_answer(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = flooded(serve, good_at=1000)
    with pytest.raises(EvidenceError, match="more than 1000 manifests"):
        list(client(server).bundles(DIGEST))
    assert len(server.requests) == 1001


def test_a_flood_of_referrers_does_not_hide_what_comes_before_its_end(serve, client) -> None:  # type: ignore[no-untyped-def]
    found = client(flooded(serve, good_at=500)).bundles(DIGEST)
    assert next(found) == b"good"
    with pytest.raises(EvidenceError, match="more than 1000 manifests"):
        next(found)


def test_a_registry_that_takes_its_time_over_each_referrer_is_given_up(serve, client) -> None:  # type: ignore[no-untyped-def]
    seconds = iter(range(0, 100_000, 5))  # each look at the clock is five seconds later
    limits = Limits(search=60.0, grace=10**6, now=lambda: next(seconds))
    with pytest.raises(RegistryUnavailable, match="takes too long"):
        list(client(flooded(serve, good_at=1000), limits=limits).bundles(DIGEST))


def test_more_bundles_than_are_read_is_no_answer(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    subject = Descriptor(MANIFEST, DIGEST, len(GOOD))
    data = b"x" * MAX_BUNDLE
    blob = Descriptor("", digest_of(data), len(data))
    server.blobs[blob.digest] = data
    for at in range(66):
        kind = f"{PREDICATE}/{at}"
        holding(server, bundle_manifest(subject, blob, predicate_type=kind, created=None))
    sizes: list[int] = []
    with pytest.raises(EvidenceError, match="256 MiB of bundles"):
        sizes.extend(map(len, client(server).bundles(DIGEST)))
    assert sizes == [MAX_BUNDLE] * 65


# Who learns what


def test_a_token_service_on_another_host_learns_nothing(serve, client) -> None:  # type: ignore[no-untyped-def]
    thief = serve()
    challenge = f'Bearer realm="http://localhost:{thief.port}/token",service="r"'
    server = serve(hook=lambda r: (r.say(401, WWW_Authenticate=challenge), True)[1])
    with pytest.raises(RegistryUnavailable, match="another host"):
        client(server).resolve("v1")
    assert thief.requests == []


@pytest.mark.parametrize(
    "realm",
    ["", "file:///etc/passwd", "ftp://127.0.0.1/x", "https://u:p@127.0.0.1/t", "http://[", "//x"],
)
def test_a_token_service_that_is_none_is_refused(serve, client, realm: str) -> None:  # type: ignore[no-untyped-def]
    challenge = f'Bearer realm="{realm}"'
    server = serve(hook=lambda r: (r.say(401, WWW_Authenticate=challenge), True)[1])
    with pytest.raises(RegistryUnavailable):
        client(server).resolve("v1")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "token", [b"", b"{}", b"[]", b'{"token":""}', b'{"token":"a\\nb"}', b'{"token":"\xc3\xa9"}']
)
def test_a_token_that_is_none_is_refused(serve, client, token: bytes) -> None:  # type: ignore[no-untyped-def]
    server = serve(login="bearer", hook=instead("/token", lambda r: r.say(200, token)))
    with pytest.raises(RegistryUnavailable, match="token"):
        client(server).resolve("v1")


@pytest.mark.parametrize(
    "challenge", ["", "Negotiate", "Digest realm=x", "Bearer", 'Basic realm="']
)
def test_a_challenge_we_cannot_answer_ends_it(serve, client, challenge: str) -> None:  # type: ignore[no-untyped-def]
    server = serve(hook=lambda r: (r.say(401, WWW_Authenticate=challenge), True)[1])
    with pytest.raises(RegistryUnavailable):
        client(server).resolve("v1")
    assert len(server.requests) <= 2
    assert not any(SECRET in str(headers) for _, _, headers in server.requests)


def test_a_login_that_is_refused_is_not_offered_again_and_again(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve(hook=lambda r: (r.say(401, WWW_Authenticate='Basic realm="x"'), True)[1])
    registry = client(server)
    for _ in range(3):
        with pytest.raises(RegistryUnavailable):
            registry.resolve("v1")
    assert len(server.requests) <= 6


def test_a_token_is_asked_for_our_own_scope(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve(login="bearer")
    with pytest.raises(EvidenceError):
        client(server).resolve("v1")
    asked = [path for _, path, _ in server.requests if "/token" in path]
    assert asked == ["/token?scope=repository%3Aacme%2Fmodel%3Apull&service=r"]


def test_a_redirect_to_another_place_goes_without_the_login(serve, client) -> None:  # type: ignore[no-untyped-def]
    body = b"from the content network"
    server = serve(login="basic")

    def away(request: Handler) -> bool:
        if request.headers.get("Authorization") != BASIC or "/blobs/" not in request.path:
            return False
        request.say(307, Location=f"http://{server.host}/elsewhere")
        return True

    def elsewhere(request: Handler) -> bool:
        if request.path != "/elsewhere":
            return away(request)
        request.say(200, body, "a/b")
        return True

    server.hook = elsewhere
    assert client(server).blob(digest_of(body), limit=100) == body


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost:{port}/x",
        "http://other.example/x",
        "ftp://127.0.0.1:{port}/x",
        "http://u:p@127.0.0.1:{own}/x",
        "http://[",
    ],
)
def test_a_redirect_without_tls_to_another_host_is_not_followed(serve, client, target: str) -> None:  # type: ignore[no-untyped-def]
    other = serve()
    server = serve(login="basic")
    to = target.format(port=other.port, own=server.port)

    def away(request: Handler) -> bool:
        if request.headers.get("Authorization") != BASIC:
            return False
        request.say(307, Location=to)
        return True

    server.hook = away
    with pytest.raises(RegistryUnavailable, match=r"not followed|nowhere"):
        client(server).manifest(DIGEST)
    assert other.requests == []


def test_redirects_in_a_circle_end(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve(hook=lambda r: (r.say(302, Location=r.path), True)[1])
    with pytest.raises(RegistryUnavailable, match="too often"):
        client(server).manifest(DIGEST)
    assert len(server.requests) == 4


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_an_upload_is_never_redirected(serve, client, status: int) -> None:  # type: ignore[no-untyped-def]
    other = serve()
    to = f"http://localhost:{other.port}/x"
    server = serve(hook=instead("uploads", lambda r: r.say(status, Location=to), method="POST"))
    with pytest.raises(RegistryUnavailable, match="not followed"):
        client(server).add_blob(b"secret model", media_type="a/b")
    assert other.requests == []


@pytest.mark.parametrize("where", ["http://localhost:{port}/up", "//localhost:{port}/up", "ftp:/x"])
def test_an_upload_to_another_host_is_refused(serve, client, where: str) -> None:  # type: ignore[no-untyped-def]
    other = serve()
    to = where.format(port=other.port)
    server = serve(hook=instead("uploads", lambda r: r.say(202, Location=to), method="POST"))
    with pytest.raises(RegistryUnavailable, match="another host"):
        client(server).add_blob(b"secret model", media_type="a/b")
    assert other.requests == []


def test_an_upload_without_a_location_is_refused(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve(hook=instead("uploads", lambda r: r.say(202), method="POST"))
    with pytest.raises(RegistryUnavailable, match="no upload location"):
        client(server).add_blob(b"model", media_type="a/b")


def test_the_next_page_on_another_host_is_refused(serve, client) -> None:  # type: ignore[no-untyped-def]
    other = serve()
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
    link = f'<http://localhost:{other.port}/x>; rel="next"'
    server = serve(hook=instead("referrers", lambda r: r.say(200, index, INDEX, Link=link)))
    with pytest.raises(RegistryUnavailable, match="another host"):
        client(server).referrers(DIGEST)
    assert other.requests == []


def test_no_error_shows_a_login(serve, client) -> None:  # type: ignore[no-untyped-def]
    for login in ("basic", "bearer"):
        server = serve(login=login)
        server.hook = instead("manifests", lambda r: r.say(403, SECRET.encode()))
        registry = client(server)
        with pytest.raises(RegistryUnavailable) as caught:
            registry.resolve("v1")
        assert SECRET not in str(caught.value) + str(caught.value.hint) + repr(registry.__dict__)


# Signatures that are not there


def test_junk_referrers_do_not_hide_a_good_one(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    subject = Descriptor(MANIFEST, DIGEST, len(GOOD))
    for at in range(61):
        data = b"good" if at == 30 else b"junk %d" % at
        blob = Descriptor("", digest_of(data), len(data))
        holding(server, bundle_manifest(subject, blob, predicate_type=PREDICATE, created=None))
        if at >= 20 or at % 2:
            server.blobs[blob.digest] = data if at >= 10 else b"damaged"
    found = list(client(server).bundles(DIGEST))
    assert b"good" in found
    assert len(found) == 46


def test_a_listed_manifest_of_another_subject_attaches_nothing(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    registry = client(server)
    other = registry.add_manifest(manifest("other"))
    stranger = registry.attach_bundle(other, b"bundle", predicate_type=PREDICATE)
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [stranger.json()]}
    server.hook = instead("referrers", lambda r: r.say(200, json.dumps(index).encode(), INDEX))
    assert client(server).referrers(DIGEST) == []


def test_a_registry_that_fails_while_signatures_are_read_is_not_unsigned(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    registry = client(server)
    subject = registry.add_manifest(GOOD)
    registry.attach_bundle(subject, b"bundle", predicate_type=PREDICATE)
    server.hook = instead("/blobs/", lambda r: r.say(500))
    with pytest.raises(RegistryUnavailable):
        list(client(server).bundles(DIGEST))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"manifests":{}}', b'{"a":1,"a":2}'])
def test_a_list_of_referrers_that_is_none_is_not_unsigned(serve, client, body: bytes) -> None:  # type: ignore[no-untyped-def]
    server = serve(hook=instead("referrers", lambda r: r.say(200, body, INDEX)))
    with pytest.raises(RegistryUnavailable):
        client(server).referrers(DIGEST)


def test_malformed_entries_hide_no_other(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    registry = client(server)
    good = registry.attach_bundle(registry.add_manifest(GOOD), b"bundle", predicate_type=PREDICATE)
    entries = [None, {}, {"digest": 1}, {"digest": "md5:x"}, {"digest": good.digest}]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    server.hook = instead("referrers", lambda r: r.say(200, json.dumps(index).encode(), INDEX))
    assert list(client(server).bundles(DIGEST)) == [b"bundle"]


def test_a_registry_that_drops_the_referrers_tag_is_noticed(serve, client) -> None:  # type: ignore[no-untyped-def]
    server = serve(referrers=False)
    server.hook = instead(
        f"manifests/{DIGEST.replace(':', '-')}", lambda r: r.say(201), method="PUT"
    )
    quick = Limits(attempts=2, pause=0.001, sleep=lambda seconds: None)
    registry = client(server, limits=quick)
    subject = registry.add_manifest(GOOD)
    with pytest.raises(RegistryUnavailable, match="does not keep"):
        registry.attach_bundle(subject, b"bundle", predicate_type=PREDICATE)


def test_a_registry_that_stores_something_else_is_noticed(serve, client) -> None:  # type: ignore[no-untyped-def]
    lie = {"Docker_Content_Digest": "sha256:" + "0" * 64}
    server = serve(hook=instead("manifests", lambda r: r.say(201, **lie), method="PUT"))
    with pytest.raises(RegistryUnavailable, match="something else"):
        client(server).add_manifest(GOOD)


def test_a_blob_resumed_at_the_wrong_place_is_refused(serve, client) -> None:  # type: ignore[no-untyped-def]
    body = bytes(range(256)) * 1000
    server = serve()
    server.blobs[digest_of(body)] = body

    def wrong(request: Handler) -> None:
        if "Range" in request.headers:
            part = f"bytes 0-{len(body) - 1}/{len(body)}"
            request.say(206, body, "a/b", Content_Range=part)
            return
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[:1000])
        request.wfile.flush()
        request.close_connection = True

    server.hook = instead("/blobs/", wrong)
    with pytest.raises(RegistryUnavailable, match="wrong place"):
        client(server).blob(digest_of(body), limit=len(body))
