"""`audit sign`."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from audit.cli._answer import answer, format_option
from audit.cli._places import access_options
from audit.cli._signers import Wanted, find_signature, signer_options
from audit.cli._signing import Hand, password_option, read_password, signing_options
from audit.core.errors import UsageError
from audit.core.files import read_bounded, write_whole
from audit.documents import (
    COSIGN_SIGN,
    AttachedSignature,
    Document,
    GeneratedKey,
    VerifiedSignature,
)
from audit.oci import (
    Access,
    Descriptor,
    LegacyLayer,
    Store,
    attach_legacy,
    manifest_kind,
    open_store,
    parse_digest_place,
    source_date,
)
from audit.sign import (
    MAX_BUNDLE,
    bundle_digest,
    generate_key,
    generate_note_key,
    load_trusted_root,
    oms,
    signature_statement,
    statement_of,
    verify_expected,
)


@click.group("sign")
def command() -> None:
    """Make keys, sign artifacts by digest, and verify who signed them."""


@command.group("key")
def key() -> None:
    """Make keys."""


@key.command("generate")
@click.option("--out", required=True, metavar="PREFIX", help="Write PREFIX.key and PREFIX.pub.")
@click.option("--cosign", is_flag=True, help="Write a file that cosign reads; needs a password.")
@password_option
@format_option
def key_generate(out: str, password_file: Path | None, form: str, *, cosign: bool) -> None:
    """Make a P-256 key pair and print its id.

    The id is the SHA-256 of the public key; a policy names keys by it. Files
    that are already there are never overwritten.
    """
    private, public = Path(f"{out}.key"), Path(f"{out}.pub")
    password = read_password(password_file)
    made = generate_key(private, public, password=password, cosign=cosign)
    document = GeneratedKey(key=made, private=str(private), public=str(public))
    answer(_shown(document, form, f"{made}\n"))


@key.command("note")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE")
@click.option("--name", required=True, help="The log's name, such as example.org/audit.")
def key_note(out: Path, name: str) -> None:
    """Make an Ed25519 key that signs a ledger's checkpoints, and print its verifier key."""
    answer(generate_note_key(out, name=name) + "\n")


@command.command("image")
@click.argument("reference", metavar="PLACE@DIGEST")
@click.option(
    "--layout",
    type=click.Choice(["bundle", "legacy", "both"]),
    default="bundle",
    show_default=True,
    help="How the signature is kept: as a bundle, as cosign v1 and v2 did, or both.",
)
@signing_options
@access_options
@format_option
def image(reference: str, layout: str, hand: Hand, access: Access, form: str) -> None:
    """Sign an artifact by the digest of its manifest, and attach the signature to it.

    PLACE is an image layout (./models) or a repository (registry.example/acme/model).
    """
    place, digest = parse_digest_place(reference)
    bundle = manifest = legacy = by = None
    made: list[bytes] = []
    layers: list[LegacyLayer] = []
    with open_store(place, access=access) as store:
        data = store.manifest(digest)
        # Everything is signed before anything is attached: half a signature is none.
        if layout != "legacy":
            signed, by = hand.statement(signature_statement(digest))
            made.append(signed)
        if layout != "bundle":
            signature, by = hand.legacy(digest, place.place)
            layers.append(LegacyLayer(signature.payload, signature.annotations))
        for signed in made:
            bundle, manifest = _attach(store, digest, data, signed)
        for layer in layers:
            legacy = attach_legacy(store, digest, layer)
    if by is None:
        raise UsageError(f"{layout!r} is no layout of signatures")
    document = AttachedSignature(
        subject=digest,
        bundle=bundle,
        manifest=manifest,
        key=by.key,
        signer=by.identity,
        legacy=legacy,
        predicate_type=COSIGN_SIGN,
    )
    answer(_shown(document, form, f"signed {digest} {by}\n"))


@command.command("attest")
@click.argument("reference", metavar="PLACE@DIGEST")
@click.option("--predicate", required=True, type=click.Path(path_type=Path), metavar="FILE")
@click.option("--type", "kind", required=True, metavar="URI", help="The predicate's type.")
@signing_options
@access_options
@format_option
def attest(reference: str, hand: Hand, access: Access, form: str, **what: Any) -> None:
    """Sign a statement about an artifact: a JSON object, as it stands, under a type."""
    place, digest = parse_digest_place(reference)
    kind, predicate = str(what["kind"]), read_bounded(what["predicate"], limit=MAX_BUNDLE // 2)
    payload = statement_of(digest, kind, predicate)
    with open_store(place, access=access) as store:
        data = store.manifest(digest)
        signed, by = hand.statement(payload)
        bundle, manifest = _attach(store, digest, data, signed, kind)
    document = AttachedSignature(
        subject=digest,
        bundle=bundle,
        manifest=manifest,
        key=by.key,
        signer=by.identity,
        predicate_type=kind,
    )
    answer(_shown(document, form, f"attested {digest} {by}\n"))


def _attach(
    store: Store, digest: str, data: bytes, bundle: bytes, kind: str = COSIGN_SIGN
) -> tuple[str, str]:
    """Attach a bundle to the manifest `data`, and return the digests of both."""
    subject = Descriptor(manifest_kind(data).media_type, digest, len(data))
    created = source_date(os.environ)
    attached = store.attach_bundle(subject, bundle, predicate_type=kind, created=created)
    return bundle_digest(bundle), attached.digest


@command.command("verify")
@click.argument("reference", metavar="PLACE@DIGEST")
@click.option(
    "--signed-for",
    "repository",
    metavar="REPOSITORY",
    help="Count a signature in the older form only if it names this repository.",
)
@signer_options
@access_options
@format_option
def verify(reference: str, wanted: Wanted, access: Access, form: str, **what: Any) -> None:
    """Verify that the right signer signed an artifact. Nobody is asked but the PLACE.

    Bundles and the older cosign signatures and attestations count alike. The
    signature covers the manifest, and the manifest names the blobs; `audit gate
    check` is what reads the blobs as well.
    """
    place, digest = parse_digest_place(reference)
    with open_store(place, access=access) as store:
        store.manifest(digest)
        found = find_signature(store, digest, wanted, repository=what["repository"])
    answer(_verified(wanted.document(digest, found), form))


@command.command("model")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option(
    "--signature",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the signature goes; it may lie inside FOLDER.",
)
@signing_options
def model(folder: Path, signature: Path, hand: Hand) -> None:
    """Sign every file of a model directory, as OpenSSF Model Signing does.

    Nothing is left out for its name; links and empty folders are refused.
    """
    if signature.exists():
        raise UsageError(f"{signature} is already there; a signature is never overwritten")
    bundle, by = hand.model(folder, signature)
    with write_whole(signature, replace=False) as file:
        file.write(bundle)
    answer(f"signed {folder} {by}\n")


@command.command("verify-model")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option("--signature", required=True, type=click.Path(path_type=Path), metavar="FILE")
@signer_options
@format_option
def verify_model(folder: Path, signature: Path, wanted: Wanted, form: str) -> None:
    """Verify that FOLDER holds exactly the files that were signed, and who signed them."""
    digest, found = oms.verify_model(folder, signature, wanted.expected)
    wanted = replace(wanted, predicate_type=oms.PREDICATE_TYPE)
    answer(_verified(wanted.document(digest, found), form))


@command.command("verify-bundle")
@click.argument("bundle", type=click.Path(path_type=Path), metavar="BUNDLE")
@click.option("--digest", required=True, help="The artifact, as sha256:HEX.")
@signer_options
@format_option
def verify_bundle(bundle: Path, digest: str, wanted: Wanted, form: str) -> None:
    """Verify a bundle in a file, over a statement or over the artifact itself."""
    data = read_bounded(bundle, limit=MAX_BUNDLE)
    found = verify_expected(data, wanted.expected(digest, artifact=True))
    answer(_verified(wanted.document(digest, found), form))


@command.group("trust")
def trust() -> None:
    """Look at whose word counts when identities are verified."""


@trust.command("show")
@click.argument("root", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
def trust_show(root: Path | None) -> None:
    """Print what is in a trusted root, by default the one that ships with this version.

    Nothing is fetched: verification uses a file, or the bundled root.
    """
    used = load_trusted_root(root)
    lines = [f"{used.source}  {used.digest}"]
    for what, logs in (("log", used.logs), ("certificate log", used.ct_logs)):
        lines += [f"{what}  {log.base_url}  {log.log_id.hex()}  {log.window}" for log in logs]
    for what, authorities in (
        ("certificates", used.authorities),
        ("timestamps", used.timestamp_authorities),
    ):
        lines += [f"{what}  {one.uri}  {one.window}" for one in authorities]
    answer("".join(f"{line}\n" for line in lines))


@trust.command("update")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE")
def trust_update(out: Path) -> None:
    """Fetch the public instance's current root (TUF), and write it to FILE.

    This is the one command that asks the network for trust, and only when it is
    called. Review the file before --trusted-root FILE names it.
    """
    from audit.sign.keyless import fetch_public_root

    root = fetch_public_root(out)
    answer(f"{root.source}  {root.digest}\n")


def _verified(document: VerifiedSignature, form: str) -> str:
    who = f"{document.signer} of {document.issuer}" if document.issuer else f"key {document.key}"
    return _shown(document, form, f"verified: {document.subject} is signed by {who}\n")


def _shown(document: Document, form: str, text: str) -> str:
    return text if form == "text" else document.model_dump_json(indent=2) + "\n"
