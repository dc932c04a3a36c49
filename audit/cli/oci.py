"""`audit oci`."""

import json
from collections.abc import Iterable
from pathlib import Path

import click

from audit.cli._answer import answer, format_option
from audit.oci import REF_NAME, Descriptor, Layout, parse_reference


@click.group("oci")
def command() -> None:
    """Look into OCI image layouts."""


@command.command("inspect")
@click.argument("reference", metavar="LAYOUT[@DIGEST]")
@format_option
def inspect(reference: str, form: str) -> None:
    """Print a manifest exactly as it is stored, or list the manifests of a layout."""
    if "@" not in reference:
        answer(_listed(Layout.open(Path(reference)).manifests(), form))
        return
    named = parse_reference(reference)
    data = Layout.open(named.path).manifest(named.digest)
    answer(data.decode("utf-8") + ("\n" if form == "text" else ""))


@command.command("referrers")
@click.argument("reference", metavar="LAYOUT@DIGEST")
@format_option
def referrers(reference: str, form: str) -> None:
    """List what is attached to an artifact. Nothing about it has been verified."""
    named = parse_reference(reference)
    answer(_listed(Layout.open(named.path).referrers(named.digest), form))


def _listed(found: Iterable[Descriptor], form: str) -> str:
    if form != "text":
        return json.dumps([descriptor.json() for descriptor in found], indent=2) + "\n"
    return "".join(
        f"{item.digest}  {item.artifact_type or item.media_type}  "
        f"{item.annotations.get(REF_NAME, '-')}\n"
        for item in found
    )
