"""`audit watermark label`."""

from pathlib import Path

import click

from audit.cli._answer import answer, format_option, output_option
from audit.cli._watermark_files import (
    read_record,
    read_text,
    shelf_option,
    text_type,
    trusted_option,
)
from audit.cli._watermark_text import label_text
from audit.core.errors import UsageError
from audit.documents import Explicit
from audit.watermark import read_trusted, verify_receipt
from audit.watermark.labels import (
    Carrier,
    add_label,
    after,
    before,
    carrier_of,
    find_explicit,
    find_label,
    label_for,
    label_remarks,
    verify_label,
)


@click.group("label")
def label() -> None:
    """Labels of GB 45438-2025: metadata, and the words people read."""


@label.command("add")
@click.argument("file", type=text_type)
@click.option("--receipt", "source", required=True, metavar="FILE|ID")
@click.option("--producer", required=True, metavar="CODE", help="The registered producer code.")
@click.option(
    "--propagator", metavar="CODE", help="The propagator's code; the producer by default."
)
@click.option(
    "--explicit", type=click.Choice([place.value for place in Explicit]),
    default=Explicit.NONE.value, show_default=True,
    help="Where the words people read are put; texts only.",
)  # fmt: skip
@shelf_option
@output_option
def label_add(  # noqa: PLR0913
    file: Path,
    source: str,
    producer: str,
    propagator: str | None,
    explicit: str,
    shelf_file: Path | None,
    output: Path | None,
) -> None:
    """Print the file with its label in it; nothing else in it changes."""
    signed = read_record(source, shelf_file).signed
    text, carrier, place = read_text(file), carrier_of(file.name), Explicit(explicit)
    if place is not Explicit.NONE:
        if carrier is not Carrier.TEXT:
            raise UsageError(f"{file}: words for people are put into texts only")
        text = f"{before(place)}{text.rstrip() if after(place) else text}{after(place)}"
    made = label_for(signed, producer=producer, propagator=propagator)
    answer(add_label(text, made, carrier, source=str(file)), output)


@label.command("read")
@click.argument("file", type=text_type)
@format_option
def label_read(file: Path, form: str) -> int:
    """Print the label of a file. Exit 10 when there is none."""
    text = read_text(file)
    found = find_label(text, carrier_of(file.name), source=str(file))
    if form == "text":
        answer(label_text(found, find_explicit(text)))
    elif found is not None:
        answer(found.model_dump_json(by_alias=True, indent=2) + "\n")
    return 0 if found is not None else 10


@label.command("check")
@click.argument("file", type=text_type)
@click.option("--receipt", "source", required=True, metavar="FILE|ID")
@trusted_option
@shelf_option
@click.option("--explicit", is_flag=True, help="The words people read must be there, too.")
def label_check(
    file: Path,
    source: str,
    key_files: tuple[Path, ...],
    shelf_file: Path | None,
    explicit: bool,  # noqa: FBT001
) -> int:
    """Check that a file's label is complete and leads to a receipt that verifies."""
    text = read_text(file)
    found = find_label(text, carrier_of(file.name), source=str(file))
    problems = list(label_remarks(found)) if found else ["there is no metadata label"]
    if explicit and find_explicit(text) is Explicit.NONE:
        problems.append("the words people read are not at the start or the end")
    if found is not None:
        signed = read_record(source, shelf_file).signed
        verify_receipt(signed, read_trusted(key_files))
        verify_label(found, signed)
    answer("".join(f"problem: {line}\n" for line in problems) or "label holds\n")
    return 10 if problems else 0
