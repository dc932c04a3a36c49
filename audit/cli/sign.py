"""`audit sign`."""

import os
import sys
from pathlib import Path

import click

from audit.cli._answer import answer, format_option
from audit.cli._places import access_options
from audit.core.files import read_bounded
from audit.documents import COSIGN_SIGN, AttachedSignature, GeneratedKey, SignatureEvidence
from audit.oci import Access, Descriptor, manifest_kind, open_store, parse_digest_place, source_date
from audit.sign import (
    bundle_digest,
    generate_key,
    generate_note_key,
    load_private_key,
    load_public_key,
    sign_statement,
    signature_statement,
    verify_any,
)

MAX_SECRET = 4096

password_option = click.option(
    "--password-file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Read the private key's password from FILE (- for stdin).",
)


@click.group("sign")
def command() -> None:
    """Make keys, sign artifacts by digest, and verify who signed them."""


@command.group("key")
def key() -> None:
    """Make keys."""


@key.command("generate")
@click.option("--out", required=True, metavar="PREFIX", help="Write PREFIX.key and PREFIX.pub.")
@password_option
@format_option
def key_generate(out: str, password_file: Path | None, form: str) -> None:
    """Make a P-256 key pair and print its id.

    The id is the SHA-256 of the public key; a policy names keys by it. Files
    that are already there are never overwritten.
    """
    private, public = Path(f"{out}.key"), Path(f"{out}.pub")
    made = generate_key(private, public, password=_password(password_file))
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
@click.option("--key", "key_file", required=True, type=click.Path(path_type=Path), metavar="FILE")
@password_option
@access_options
@format_option
def image(
    reference: str, key_file: Path, password_file: Path | None, access: Access, form: str
) -> None:
    """Sign an artifact by the digest of its manifest, and attach the signature to it.

    PLACE is an image layout (./models) or a repository (registry.example/acme/model).
    """
    place, digest = parse_digest_place(reference)
    signer = load_private_key(key_file, password=_password(password_file))
    with open_store(place, access=access) as store:
        data = store.manifest(digest)
        subject = Descriptor(manifest_kind(data).media_type, digest, len(data))
        bundle = sign_statement(signature_statement(digest), signer)
        created = source_date(os.environ)
        attached = store.attach_bundle(subject, bundle, predicate_type=COSIGN_SIGN, created=created)
    document = AttachedSignature(
        subject=digest,
        bundle=bundle_digest(bundle),
        manifest=attached.digest,
        key=signer.key_id,
        predicate_type=COSIGN_SIGN,
    )
    answer(_shown(document, form, f"signed {digest} with key {signer.key_id}\n"))


@command.command("verify")
@click.argument("reference", metavar="PLACE@DIGEST")
@click.option(
    "--key",
    "key_files",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A public key whose signature counts. May be given several times.",
)
@click.option(
    "--predicate-type", default=COSIGN_SIGN, show_default=True, help="The type of statement wanted."
)
@access_options
@format_option
def verify(
    reference: str, key_files: tuple[Path, ...], predicate_type: str, access: Access, form: str
) -> None:
    """Verify that one of the keys signed an artifact.

    The signature covers the manifest, and the manifest names the blobs; `audit
    gate check` is what reads the blobs as well.
    """
    place, digest = parse_digest_place(reference)
    keys = {path: load_public_key(read_bounded(path), source=str(path)) for path in key_files}
    with open_store(place, access=access) as store:
        store.manifest(digest)
        found = verify_any(
            store.bundles(digest),
            digest=digest,
            keys=[*keys.values()],
            predicate_type=predicate_type,
        )
    signer = next(path for path, public in keys.items() if public == found.key)
    document = SignatureEvidence(
        subject=digest,
        bundle=found.bundle_digest,
        signer=str(signer),
        key=found.key.key_id,
        predicate_type=predicate_type,
    )
    answer(_shown(document, form, f"verified: {digest} is signed by key {document.key}\n"))


def _password(path: Path | None) -> bytes | None:
    """Return the first line of a file or of stdin, or None when no file was named."""
    if path is None:
        return None
    stdin = str(path) == "-"
    data = sys.stdin.buffer.read(MAX_SECRET) if stdin else read_bounded(path)
    password = data.split(b"\n", 1)[0].removesuffix(b"\r")
    if not password:
        raise click.UsageError("the password is empty")
    return password


def _shown(
    document: AttachedSignature | GeneratedKey | SignatureEvidence, form: str, text: str
) -> str:
    return text if form == "text" else document.model_dump_json(indent=2) + "\n"
