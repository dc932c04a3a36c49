"""Image layouts: content-addressed, idempotent, and never trusted."""

import json
import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from audit.core.errors import (
    ConfigError,
    DigestMismatch,
    EvidenceError,
    FileChanged,
    InputMissing,
    StorageFailed,
)
from audit.core.progress import Silent
from audit.oci import (
    BUNDLE_TYPE,
    INDEX_TYPE,
    MANIFEST_TYPE,
    REF_NAME,
    Descriptor,
    Layout,
    digest_of,
    parse_manifest,
)
from tests.sigkit.artifacts import manifest

PREDICATE = "https://sigstore.dev/cosign/sign/v1"
COSIGN = Path(__file__).parents[2] / "vectors" / "sign" / "cosign"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "layout")


def state(layout: Layout) -> dict[str, bytes]:
    return {
        str(path.relative_to(layout.path)): path.read_bytes()
        for path in layout.path.rglob("*")
        if path.is_file()
    }


def test_a_new_layout_is_one_that_the_specification_describes(layout: Layout) -> None:
    assert state(layout) == {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": b'{"schemaVersion":2,"mediaType":"'
        + INDEX_TYPE.encode()
        + b'","manifests":[]}',
    }


def test_a_file_is_stored_under_the_digest_of_its_bytes(layout: Layout, tmp_path: Path) -> None:
    data = os.urandom(3 << 20) + b"end"
    (tmp_path / "model").write_bytes(data)
    added = layout.add_file(tmp_path / "model", media_type="a/b", annotations={"k": "v"})
    assert added == Descriptor("a/b", digest_of(data), len(data), annotations={"k": "v"})
    assert layout.blob_path(added.digest).read_bytes() == data
    assert layout.check_blob(added) == added.digest


def test_a_blob_that_is_already_there_is_not_believed(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"good")
    path = layout.blob_path(digest_of(b"good"))
    path.write_bytes(b"evil")
    layout.add_file(tmp_path / "model", media_type="a/b")
    assert path.read_bytes() == b"good"
    path.write_bytes(b"evil")
    layout.add_blob(b"good", media_type="a/b")
    assert path.read_bytes() == b"good"


def test_a_link_in_place_of_a_blob_is_replaced_and_not_followed(
    layout: Layout, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    layout.blob_path(digest_of(b"good")).symlink_to(victim)
    layout.add_blob(b"good", media_type="a/b")
    assert victim.read_bytes() == b"mine"


def test_copying_takes_no_memory_to_speak_of(layout: Layout, tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(64 << 20)
    tracemalloc.start()
    layout.add_file(tmp_path / "sparse", media_type="a/b")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_file_that_grows_while_it_is_copied_is_refused(layout: Layout, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.write_bytes(b"a" * 100)

    class Grows(Silent):
        def advance(self, count: int) -> None:
            with model.open("ab") as file:
                file.write(b"" if model.stat().st_size > 100 else b"b")

    before = state(layout)
    with pytest.raises(FileChanged, match="changed while"):
        layout.add_file(model, media_type="a/b", progress=Grows())
    assert state(layout) == before


def test_a_file_that_is_rewritten_while_it_is_copied_is_refused(
    layout: Layout, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    model.write_bytes(b"a" * 100)

    class Rewrites(Silent):
        def advance(self, count: int) -> None:
            model.write_bytes(b"b" * 100)
            os.utime(model, ns=(1, 1))

    with pytest.raises(FileChanged, match="changed while"):
        layout.add_file(model, media_type="a/b", progress=Rewrites())


@pytest.mark.parametrize("what", ["nothing", "folder", "fifo"])
def test_what_is_no_file_is_not_packaged(layout: Layout, tmp_path: Path, what: str) -> None:
    path = tmp_path / "model"
    if what == "folder":
        path.mkdir()
    if what == "fifo":
        os.mkfifo(path)
    with pytest.raises(InputMissing):
        layout.add_file(path, media_type="a/b")
    assert len(state(layout)) == 2


def test_a_full_disk_leaves_nothing_half_written(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"x")
    layout.blob_path(digest_of(b"x")).mkdir()  # the name cannot be taken
    with pytest.raises(StorageFailed):
        layout.add_file(tmp_path / "model", media_type="a/b")
    with pytest.raises(StorageFailed):
        layout.add_blob(b"x", media_type="a/b")
    assert len(state(layout)) == 2


def test_the_same_additions_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = Layout.create(tmp_path / "1"), Layout.create(tmp_path / "2")
    for text in "abc":
        one.add_manifest(manifest(text), ref_name=text)
    for text in "cabba":
        two.add_manifest(manifest(text), ref_name=text)
    assert state(one) == state(two)


def test_a_name_moves_and_what_had_it_stays_listed(layout: Layout) -> None:
    old = layout.add_manifest(manifest("a"), ref_name="v1")
    new = layout.add_manifest(manifest("b"), ref_name="v1")
    assert layout.resolve("v1").digest == new.digest
    assert {(m.digest, m.annotations.get(REF_NAME)) for m in layout.manifests()} == {
        (old.digest, None),
        (new.digest, "v1"),
    }


def test_one_manifest_can_have_two_names(layout: Layout) -> None:
    added = layout.add_manifest(manifest(), ref_name="v1")
    layout.add_manifest(manifest(), ref_name="latest")
    layout.add_manifest(manifest())
    assert layout.resolve("v1").digest == layout.resolve("latest").digest == added.digest
    assert len(layout.manifests()) == 2


@pytest.mark.parametrize("names", [[], ["v1", "v1"]])
def test_a_name_that_is_not_one_manifests_resolves_to_nothing(
    layout: Layout, names: list[str]
) -> None:
    entries = [
        Descriptor(MANIFEST_TYPE, digest_of(bytes([at])), 1, annotations={REF_NAME: name}).json()
        for at, name in enumerate(names)
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}
    (layout.path / "index.json").write_text(json.dumps(index))
    with pytest.raises(EvidenceError, match="are named 'v1'"):
        layout.resolve("v1")


def test_foreign_entries_of_an_index_keep_members_we_do_not_know(layout: Layout) -> None:
    theirs = {
        "mediaType": MANIFEST_TYPE,
        "digest": digest_of(b"x"),
        "size": 1,
        "platform": {"os": "linux", "architecture": "amd64"},
    }
    index = {"schemaVersion": 2, "manifests": [theirs], "annotations": {"by": "them"}}
    (layout.path / "index.json").write_text(json.dumps(index))
    layout.add_manifest(manifest(), ref_name="v1")
    written = json.loads((layout.path / "index.json").read_bytes())
    assert theirs in written["manifests"]
    assert written["annotations"] == {"by": "them"}


def test_threads_that_add_at_once_lose_nothing(layout: Layout) -> None:
    def add(text: str) -> None:
        Layout.open(layout.path).add_manifest(manifest(text), ref_name=text)

    threads = [threading.Thread(target=add, args=(f"t{at}",)) for at in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(layout.manifests()) == 16


def test_a_manifest_is_what_its_digest_names_or_nothing(layout: Layout) -> None:
    added = layout.add_manifest(manifest())
    assert layout.manifest(added.digest) == manifest()
    path = layout.blob_path(added.digest)
    path.write_bytes(manifest() + b" ")
    with pytest.raises(DigestMismatch, match="expected"):
        layout.manifest(added.digest)
    path.unlink()
    with pytest.raises(EvidenceError, match="not in the layout"):
        layout.manifest(added.digest)


def test_a_manifest_beyond_the_bound_is_not_read(layout: Layout) -> None:
    data = b"x" * ((4 << 20) + 1)
    layout.add_blob(data, media_type="a/b")
    with pytest.raises(EvidenceError, match="larger than"):
        layout.manifest(digest_of(data))


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "sha256:../x", "sha512:" + "a" * 128])
def test_what_is_no_digest_names_no_file(layout: Layout, digest: str) -> None:
    with pytest.raises(EvidenceError, match="names no blob"):
        layout.blob_path(digest)


def test_a_blob_that_is_absent_or_wrong_is_told_apart(layout: Layout) -> None:
    added = layout.add_blob(b"good", media_type="a/b")
    path = layout.blob_path(added.digest)
    path.write_bytes(b"evil")
    assert layout.check_blob(added) == digest_of(b"evil")
    path.unlink()
    assert layout.check_blob(added) is None
    path.symlink_to("nowhere")
    with pytest.raises(EvidenceError, match="cannot be read"):
        layout.check_blob(added)


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("oci-layout", b"{}", ConfigError),
        ("oci-layout", b'{"imageLayoutVersion":"2.0.0"}', ConfigError),
        ("oci-layout", b"[]", ConfigError),
        ("index.json", b"", ConfigError),
        ("index.json", b"[]", ConfigError),
        ("index.json", b'{"schemaVersion":1,"manifests":[]}', ConfigError),
        ("index.json", b'{"schemaVersion":2,"manifests":{}}', ConfigError),
        ("index.json", b'{"schemaVersion":2,"manifests":[{"digest":"md5:x"}]}', ConfigError),
        ("index.json", b'{"schemaVersion":2,"manifests":[],"manifests":[]}', ConfigError),
        ("index.json", None, InputMissing),
        ("oci-layout", None, InputMissing),
    ],
)
def test_a_folder_that_is_no_layout_is_refused(
    layout: Layout, name: str, data: bytes | None, error: type[Exception]
) -> None:
    path = layout.path / name
    path.unlink() if data is None else path.write_bytes(data)
    with pytest.raises(error):
        Layout.open(layout.path)


def test_what_is_neither_manifest_nor_index_is_not_listed(layout: Layout) -> None:
    with pytest.raises(ConfigError):
        layout.add_manifest(b'{"schemaVersion":2}')
    assert layout.manifests() == ()


# Referrers


def test_an_attached_bundle_is_found_by_its_subject(layout: Layout) -> None:
    subject = layout.add_manifest(manifest(), ref_name="v1")
    attached = layout.attach_bundle(subject, b"bundle", predicate_type=PREDICATE)
    assert [found.digest for found in layout.referrers(subject.digest)] == [attached.digest]
    assert list(layout.bundles(subject.digest)) == [b"bundle"]


def test_attaching_the_same_bundle_again_changes_nothing(layout: Layout) -> None:
    subject = layout.add_manifest(manifest())
    layout.attach_bundle(subject, b"bundle", predicate_type=PREDICATE)
    before = state(layout)
    layout.attach_bundle(subject, b"bundle", predicate_type=PREDICATE)
    assert state(layout) == before


def test_the_attaching_manifest_is_byte_for_byte_cosigns(layout: Layout) -> None:
    theirs = (COSIGN / "cosign_key_v1_manifest.json").read_bytes()
    parsed = parse_manifest(theirs, source="cosign")
    assert parsed.subject is not None
    bundle = (COSIGN / "cosign_key_v1.json").read_bytes()
    attached = layout.attach_bundle(
        parsed.subject,
        bundle,
        predicate_type=PREDICATE,
        created=parsed.annotations["org.opencontainers.image.created"],
    )
    assert layout.manifest(attached.digest) == theirs


def test_referrers_of_another_artifact_are_not_ours(layout: Layout) -> None:
    ours, theirs = layout.add_manifest(manifest("a")), layout.add_manifest(manifest("b"))
    layout.attach_bundle(theirs, b"bundle", predicate_type=PREDICATE)
    assert layout.referrers(ours.digest) == []
    assert list(layout.bundles(ours.digest)) == []


def test_annotations_of_an_index_make_no_referrer(layout: Layout) -> None:
    subject = layout.add_manifest(manifest())
    liar = Descriptor(
        MANIFEST_TYPE,
        layout.add_blob(manifest("no subject"), media_type=MANIFEST_TYPE).digest,
        1,
        BUNDLE_TYPE,
        {"dev.sigstore.bundle.content": "dsse-envelope"},
    )
    _fallback(layout, subject.digest, [liar])
    assert layout.referrers(subject.digest) == []


def test_what_the_referrers_tag_lists_is_found_without_annotations(layout: Layout) -> None:
    subject = layout.add_manifest(manifest())
    data = manifest("signature", subject)
    blob = layout.add_blob(data, media_type=MANIFEST_TYPE)
    _fallback(layout, subject.digest, [Descriptor(MANIFEST_TYPE, blob.digest, blob.size)])
    assert [found.digest for found in layout.referrers(subject.digest)] == [blob.digest]


def test_junk_beside_a_good_signature_does_not_hide_it(layout: Layout) -> None:
    subject = layout.add_manifest(manifest())
    for at in range(60):
        layout.attach_bundle(subject, b"junk%d" % at, predicate_type=PREDICATE)
    layout.attach_bundle(subject, b"good", predicate_type=PREDICATE)
    gone = layout.attach_bundle(subject, b"gone", predicate_type=PREDICATE)
    layout.blob_path(gone.digest).write_bytes(b"damaged")
    layout.blob_path(digest_of(b"junk7")).unlink()
    found = list(layout.bundles(subject.digest))
    assert b"good" in found
    assert len(found) == 60


def test_a_removed_signature_is_no_signature(layout: Layout) -> None:
    subject = layout.add_manifest(manifest())
    attached = layout.attach_bundle(subject, b"bundle", predicate_type=PREDICATE)
    layout.blob_path(attached.digest).unlink()
    assert list(layout.bundles(subject.digest)) == []


def test_a_manifest_with_two_layers_carries_no_bundle(layout: Layout) -> None:
    subject = layout.add_manifest(manifest())
    attached = layout.attach_bundle(subject, b"bundle", predicate_type=PREDICATE)
    value = json.loads(layout.manifest(attached.digest))
    value["layers"] *= 2
    layout.blob_path(attached.digest).unlink()
    layout.add_manifest(json.dumps(value).encode())
    assert list(layout.bundles(subject.digest)) == []


def _fallback(layout: Layout, digest: str, entries: list[Descriptor]) -> None:
    value = {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [entry.json() for entry in entries],
    }
    layout.add_manifest(json.dumps(value).encode(), ref_name=digest.replace(":", "-"))


def test_the_lock_is_on_the_folder_and_leaves_no_file(layout: Layout) -> None:
    layout.add_manifest(manifest())
    names = {path.name for path in layout.path.iterdir()}
    assert names == {"oci-layout", "index.json", "blobs"}
    assert layout.blob_path(digest_of(manifest())).is_file()
