"""How every command answers: stdout carries the answer, in text or JSON."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from audit.core.errors import StorageFailed
from audit.core.files import write_whole

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "json")


def format_option(command: F) -> F:
    """Add `--format text|json`; the exit code never depends on it."""
    return click.option(
        "--format",
        "form",
        type=click.Choice([*FORMATS, "json-v1"]),
        default="text",
        show_default=True,
        help="How to write the answer.",
    )(command)


def output_option(command: F) -> F:
    """Add `-o FILE`; the file appears only when it is complete."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the answer to FILE instead of stdout.",
        metavar="FILE",
    )(command)


def answer(text: str, output: Path | None = None) -> None:
    """Write `text` to stdout, or to `output` whole or not at all.

    Raises:
        StorageFailed: it could not be given; whoever waits for it has no answer.
    """
    if output is None:
        if sys.stdout is None:
            raise StorageFailed("stdout is closed, so the answer cannot be given")
        try:
            click.echo(text, nl=False)
        except OSError as exc:
            why = (exc.strerror or type(exc).__name__).lower()
            raise StorageFailed(f"the answer cannot be written to stdout: {why}") from exc
        return
    with write_whole(output) as file:
        file.write(text.encode("utf-8"))
