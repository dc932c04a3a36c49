"""A signature over one thing is offered for another: image for index, configuration for image."""

import json
from pathlib import Path

import pytest

from audit.documents import COSIGN_SIGN
from audit.oci import (
    INDEX_TYPE,
    Descriptor,
    Layout,
    LegacyLayer,
    attach_legacy,
    parse_manifest,
)
from audit.sign import load_private_key, sign_legacy, sign_statement, signature_statement
from tests.sigkit.artifacts import model


@pytest.fixture
def layout(run, tmp_path: Path) -> Layout:  # type: ignore[no-untyped-def]
    run("sign", "key", "generate", "--out", "k")
    return Layout.create(tmp_path / "models")


def attach(layout: Layout, subject: Descriptor, about: str) -> None:
    """Attach a signature over `about` to `subject`."""
    bundle = sign_statement(signature_statement(about), load_private_key(Path("k.key")))
    layout.attach_bundle(subject, bundle, predicate_type=COSIGN_SIGN)


def verified(run, subject: Descriptor | str) -> tuple[int, str]:  # type: ignore[no-untyped-def]
    digest = subject if isinstance(subject, str) else subject.digest
    code, _, err = run("sign", "verify", f"./models@{digest}", "--key", "k.pub")
    return code, err


def index_of(layout: Layout, *children: Descriptor) -> Descriptor:
    value = {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [
            child.json() | {"platform": {"os": "linux", "architecture": "amd64"}}
            for child in children
        ],
    }
    return layout.add_manifest(json.dumps(value).encode(), ref_name="all")


def test_a_signed_index_is_no_signature_over_its_images(run, layout: Layout) -> None:  # type: ignore[no-untyped-def]
    image = model(layout, {"a.gguf": b"weights"})
    index = index_of(layout, image)
    attach(layout, index, index.digest)
    assert verified(run, index)[0] == 0
    assert verified(run, image)[0] == 10
    attach(layout, image, index.digest)  # the same signature, moved to the image
    code, err = verified(run, image)
    assert code == 10
    assert "is not about" in err


def test_a_signed_image_is_no_signature_over_an_index_that_lists_it(run, layout: Layout) -> None:  # type: ignore[no-untyped-def]
    image = model(layout, {"a.gguf": b"weights"})
    index = index_of(layout, image)
    attach(layout, image, image.digest)
    attach(layout, index, image.digest)
    assert verified(run, image)[0] == 0
    code, err = verified(run, index)
    assert code == 10
    assert "is not about" in err


@pytest.mark.parametrize("part", ["config", "layer"])
def test_a_signature_over_a_part_is_none_over_the_whole(run, layout: Layout, part: str) -> None:  # type: ignore[no-untyped-def]
    image = model(layout, {"a.gguf": b"weights"})
    manifest = parse_manifest(layout.manifest(image.digest), source="image")
    digest = manifest.config.digest if part == "config" else manifest.layers[0].digest
    attach(layout, image, digest)
    code, err = verified(run, image)
    assert code == 10
    assert "is not about" in err
    assert verified(run, digest)[0] == 10  # nothing is attached to the part


def test_a_signature_of_another_artifact_does_not_move_with_its_bundle(run, layout: Layout) -> None:  # type: ignore[no-untyped-def]
    signed, other = model(layout, {"a": b"1"}), model(layout, {"a": b"2"}, name="v2")
    attach(layout, signed, signed.digest)
    attach(layout, other, signed.digest)
    assert verified(run, signed)[0] == 0
    assert verified(run, other)[0] == 10


def test_a_legacy_tag_moved_to_another_artifact_signs_nothing(run, layout: Layout) -> None:  # type: ignore[no-untyped-def]
    signed, other = model(layout, {"a": b"1"}), model(layout, {"a": b"2"}, name="v2")
    made = sign_legacy(signed.digest, "example.org/acme/model", load_private_key(Path("k.key")))
    attach_legacy(layout, signed.digest, LegacyLayer(made.payload, made.annotations))
    assert verified(run, signed)[0] == 0
    tag = signed.digest.replace(":", "-", 1) + ".sig"
    moved = layout.manifest(layout.resolve(tag).digest)
    layout.add_manifest(moved, ref_name=other.digest.replace(":", "-", 1) + ".sig")
    code, err = verified(run, other)
    assert code == 10
    assert "the payload is about" in err


def test_a_legacy_signature_for_another_repository_counts_unless_one_is_named(
    run,  # type: ignore[no-untyped-def]
    layout: Layout,
) -> None:
    image = model(layout, {"a": b"1"})
    made = sign_legacy(image.digest, "example.org/acme/model", load_private_key(Path("k.key")))
    attach_legacy(layout, image.digest, LegacyLayer(made.payload, made.annotations))
    asked = ("sign", "verify", f"./models@{image.digest}", "--key", "k.pub")
    assert run(*asked)[0] == 0
    assert run(*asked, "--signed-for", "example.org/acme/model")[0] == 0
    for other in ("example.org/acme/mode", "example.org/acme/model2", "EXAMPLE.org/acme/model"):
        code, _, err = run(*asked, "--signed-for", other)
        assert code == 10
        assert "the payload is for" in err


def test_an_attestation_in_place_of_a_signature_does_not_count_in_either_form(
    run,  # type: ignore[no-untyped-def]
    layout: Layout,
) -> None:
    image = model(layout, {"a": b"1"})
    Path("p.json").write_text('{"passed": false}')
    what = ("--type", "https://audit.test/evaluation/v1", "--predicate", "p.json")
    assert run("sign", "attest", f"./models@{image.digest}", "--key", "k.key", *what)[0] == 0
    code, err = verified(run, image)
    assert code == 10
    assert "of type" in err
    # The same envelope under the tag of signatures, as a signature and as an attestation.
    [bundle] = layout.bundles(image.digest)
    envelope = json.dumps(json.loads(bundle)["dsseEnvelope"]).encode()
    signature = json.loads(bundle)["dsseEnvelope"]["signatures"][0]["sig"]
    notes = {"dev.cosignproject.cosign/signature": signature}
    attach_legacy(layout, image.digest, LegacyLayer(envelope, notes))
    assert verified(run, image)[0] == 10
