"""`audit model`."""

from functools import partial
from pathlib import Path

import click

from audit.cli._answer import answer, format_option, output_option
from audit.cli._bars import progress_bars
from audit.cli._examples import examples
from audit.documents import InspectedFile, ModelInspection
from audit.fingerprint import hash_file
from audit.model import inspect as inspect_model

REFUSED = 10


@click.group("model")
def command() -> None:
    """Inspect model files without running them."""


@command.command("inspect", epilog=examples("audit model inspect ./model --format json"))
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@format_option
@output_option
@click.pass_context
def inspect(ctx: click.Context, directory: Path, form: str, output: Path | None) -> None:
    """Say what every file under DIR is, or why it is refused.

    Headers are read strictly; nothing is executed or unpickled. Exits 0 when
    every file is accepted and 10 when one is refused.
    """
    with progress_bars() as progress:
        inspection = inspect_model(directory, hash_file=partial(hash_file, progress=progress))
    if form == "text":
        answer(_text(inspection), output)
    else:
        answer(inspection.model_dump_json(indent=2) + "\n", output)
    ctx.exit(REFUSED if inspection.refused else 0)


def _text(inspection: ModelInspection) -> str:
    """Return the answer first, then what is refused, then what is accepted."""
    count, refused = len(inspection.files), inspection.refused
    answer_line = f"refused: {len(refused)} of {count} files" if refused else f"accepted: {count}"
    lines = [answer_line if refused else f"{answer_line} files"]
    lines += [f"  {file.path}: {_why(file)}" for file in refused]
    lines += [
        f"  {file.path}: {file.role}, {file.format}{_facts(file)}"
        for file in inspection.files
        if file not in refused
    ]
    return "\n".join(lines) + "\n"


def _why(file: InspectedFile) -> str:
    return f"{file.refusal.reason}: {file.refusal.detail}" if file.refusal else "accepted"


def _facts(file: InspectedFile) -> str:
    return "".join(f", {name.replace('_', ' ')} {value}" for name, value in file.facts.items())
