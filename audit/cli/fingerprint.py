"""`audit fingerprint`."""

from pathlib import Path

import click

from audit.cli._answer import answer, format_option, output_option
from audit.cli._bars import progress_bars
from audit.cli._examples import examples
from audit.fingerprint import fingerprint_dataset


@click.group("fingerprint")
def command() -> None:
    """Digest a dataset."""


@command.command("dataset", epilog=examples("audit fingerprint dataset ./dataset --format json"))
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option
@output_option
def dataset(paths: tuple[Path, ...], form: str, output: Path | None) -> None:
    """Print the fingerprint of the files under PATHS.

    Names and contents count, times and permissions do not. JSON gives the
    manifest with BLAKE3 and SHA-256 of every file.
    """
    with progress_bars() as progress:
        manifest = fingerprint_dataset(paths, progress=progress)
    if form == "text":
        answer(
            f"{manifest.fingerprint}  {len(manifest.files)} files, {manifest.size} bytes\n", output
        )
    else:
        answer(manifest.model_dump_json(indent=2) + "\n", output)
