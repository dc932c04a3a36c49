"""`audit oci`."""

import json
from collections.abc import Iterable
from pathlib import Path

import click

from audit.cli._answer import answer, format_option
from audit.cli._bars import progress_bars
from audit.cli._places import access_options
from audit.core.errors import UsageError
from audit.oci import (
    FILE_PATH,
    REF_NAME,
    Access,
    Descriptor,
    Layout,
    Reference,
    Store,
    copy,
    open_store,
    parse_manifest,
    parse_place,
    unpack,
)


@click.group("oci")
def command() -> None:
    """Move artifacts between layouts and registries, and look into them.

    A PLACE is an image layout on disk (./models) or a repository in a registry
    (registry.example/acme/model). Every byte that is read is checked against its
    digest.
    """


@command.command("inspect")
@click.argument("place", metavar="PLACE[:NAME][@DIGEST]")
@access_options
@format_option
def inspect(place: str, access: Access, form: str) -> None:
    """Print what an artifact consists of; JSON is its manifest exactly as it is stored.

    A layout without a name or digest lists its manifests.
    """
    named = parse_place(place)
    with open_store(named, access=access) as store:
        if isinstance(store, Layout) and named.name is None and named.digest is None:
            answer(_listed(store.manifests(), form))
            return
        digest = _digest(store, named)
        data = store.manifest(digest)
    if form != "text":
        answer(data.decode("utf-8"))
        return
    blobs = parse_manifest(data, source=digest).blobs
    lines = [f"{digest}  {len(data)}  manifest"]
    lines += [f"{b.digest}  {b.size}  {b.annotations.get(FILE_PATH, b.media_type)}" for b in blobs]
    answer("".join(f"{line}\n" for line in lines))


@command.command("referrers")
@click.argument("place", metavar="PLACE[:NAME][@DIGEST]")
@access_options
@format_option
def referrers(place: str, access: Access, form: str) -> None:
    """List what is attached to an artifact. Nothing about it has been verified."""
    named = parse_place(place)
    with open_store(named, access=access) as store:
        answer(_listed(store.referrers(_digest(store, named)), form))


@command.command("copy")
@click.argument("source", metavar="PLACE[:NAME][@DIGEST]")
@click.argument("target", metavar="PLACE[:NAME]")
@access_options
@format_option
def copy_(source: str, target: str, access: Access, form: str) -> None:
    """Copy an artifact and what is attached to it, and print its digest."""
    _copy(parse_place(source), parse_place(target), access, form)


@command.command("push")
@click.argument("source", metavar="LAYOUT[:NAME][@DIGEST]")
@click.argument("target", metavar="HOST/REPOSITORY[:TAG]")
@access_options
@format_option
def push(source: str, target: str, access: Access, form: str) -> None:
    """Copy an artifact from a layout into a registry."""
    here, there = parse_place(source), parse_place(target)
    if here.path is None or there.path is not None:
        raise UsageError("push goes from a layout to a registry", hint="see audit oci copy")
    _copy(here, there, access, form)


@command.command("pull")
@click.argument("source", metavar="PLACE[:NAME][@DIGEST]")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A folder that is not there yet, or is empty.",
)
@access_options
@format_option
def pull(source: str, out: Path, access: Access, form: str) -> None:
    """Write the files of an artifact into a new folder: those of its manifest and no others.

    Nothing is verified but the digests; see audit gate check.
    """
    named = parse_place(source)
    with open_store(named, access=access) as store, progress_bars() as progress:
        digest = _digest(store, named)
        layers = unpack(store, digest, out, progress=progress)
    _say({"digest": digest, "files": len(layers), "folder": str(out)}, form, digest)


def _copy(source: Reference, target: Reference, access: Access, form: str) -> None:
    if target.digest is not None:
        raise UsageError("the target is a place and a name; its digest follows from the artifact")
    with (
        open_store(source, access=access) as here,
        open_store(target, access=access, create=True) as there,
        progress_bars() as progress,
    ):
        digest = _digest(here, source)
        copy(here, there, digest, ref_name=target.name, progress=progress)
    _say({"digest": digest, "place": target.place, "name": target.name}, form, digest)


def _digest(store: Store, named: Reference) -> str:
    """Return the digest a reference gives, resolving its name if that is all it has."""
    if named.digest is not None:
        return named.digest
    if named.name is None:
        raise UsageError(f"{named.place}: no artifact is named", hint="add :NAME or @sha256:HEX")
    return store.resolve(named.name).digest


def _listed(found: Iterable[Descriptor], form: str) -> str:
    if form != "text":
        return json.dumps([descriptor.json() for descriptor in found], indent=2) + "\n"
    return "".join(
        f"{item.digest}  {item.artifact_type or item.media_type}  "
        f"{item.annotations.get(REF_NAME, '-')}\n"
        for item in found
    )


def _say(value: dict[str, object], form: str, text: str) -> None:
    answer(f"{text}\n" if form == "text" else json.dumps(value, indent=2) + "\n")
