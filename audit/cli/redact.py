"""`audit redact`: text, logs, a service, and a probe of a live gateway."""

import contextlib
import sys
from pathlib import Path

import click

from audit.cli._answer import answer, format_option, output_option
from audit.cli._bars import progress_bars
from audit.core.errors import UsageError
from audit.core.files import open_regular, read_bounded

STYLES = click.Choice(["placeholder", "typed"])
style_option = click.option(
    "--style",
    type=STYLES,
    default="placeholder",
    show_default=True,
    help="What stands in the place of a value.",
)
names_option = click.option(
    "--names", is_flag=True, help="Look for names and addresses too (the extra `names`)."
)
source_argument = click.argument(
    "file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path)
)


@click.group("redact")
def command() -> None:
    """Find and replace personal data and secrets in text and logs."""


@command.command("text")
@source_argument
@style_option
@names_option
@format_option
@output_option
def text_command(file: Path, style: str, names: bool, form: str, output: Path | None) -> None:  # noqa: FBT001
    """Replace personal data in FILE (`-`: stdin), read as UTF-8 text.

    With `--format json` only what was found is written: types, places, counts.
    """
    from audit.redact import LineSettings

    raw = sys.stdin.buffer.read() if str(file) == "-" else read_bounded(file)
    result = (
        LineSettings(style, names, budget=600.0).redactor().redact(raw.decode("utf-8", "replace"))
    )
    answer(result.text if form == "text" else result.report().model_dump_json() + "\n", output)


@command.command("log")
@source_argument
@style_option
@names_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to FILE, whole or not at all, instead of stdout.",
    metavar="FILE",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that redact.",
)
@click.option(
    "--quarantine",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append lines that were refused, as they were, to FILE.",
)
@click.option("--resume", is_flag=True, help="Go on where an earlier run with the same -o stopped.")
def log_command(  # noqa: PLR0913  click gives one argument per option
    file: Path, style: str, names: bool, output: Path | None, workers: int, quarantine: Path | None, resume: bool,  # noqa: FBT001
) -> int:  # fmt: skip
    """Replace personal data in the lines of FILE (`-`: stdin): JSON lines or text, plain, gzip or zstd.

    A line that cannot be read or scanned whole becomes ***REDACTED***, and the exit code 3.
    """
    from audit.redact import FileJob, LineSettings, opened, redact_file, redact_lines

    settings = LineSettings(style, names)
    if output is not None and str(file) != "-":
        with progress_bars() as progress:
            done = redact_file(
                FileJob(file, output, settings, workers, quarantine, resume), progress
            )
    elif resume or quarantine or output:
        raise UsageError("--resume, --quarantine and -o need a FILE and an -o")
    else:
        given = contextlib.nullcontext(sys.stdin.buffer) if str(file) == "-" else open_regular(file)
        with given as raw:
            done = redact_lines(
                opened(raw), lambda batch: click.echo(batch.out, nl=False), settings, workers
            )
    counts = (
        ", ".join(f"{kind} {count}" for kind, count in sorted(done.counts.items()))
        or "nothing found"
    )
    click.echo(f"{done.lines} lines, {len(done.refused)} refused; {counts}", err=True)
    if done.refused:
        shown = ", ".join(map(str, done.refused[:10]))
        click.echo(f"refused lines: {shown}{' ...' if len(done.refused) > 10 else ''}", err=True)
    return 3 if done.refused else 0


@command.command("serve")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="AUDIT_REDACTION",
    help="Redaction settings, YAML.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8088,
    show_default=True,
    help="Port to listen on.",
)
def serve_command(config: Path | None, host: str, port: int) -> None:
    """Answer `POST /v1/redact` and LiteLLM's generic guardrail calls."""
    from audit.gateway import RedactionService, load, serve

    serve(RedactionService(load(config)), host, port)


@command.command("doctor")
@click.argument("url")
@click.option("--model", default="audit-doctor", show_default=True, help="Model name to ask for.")
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the key for the Authorization header.",
)
@format_option
@output_option
def doctor_command(
    url: str, model: str, key_file: Path | None, form: str, output: Path | None
) -> int:
    """Send planted, split, synthetic identifiers through the gateway at URL and look at what comes back.

    Exit code 0: nothing planted came back; 10: something did; 3: the gateway cannot be asked.
    """
    from audit.gateway import examine

    key = read_bounded(key_file).decode("ascii", "replace").strip() if key_file else None
    report = examine(url, model, key)
    lines = [
        f"{'LEAKED' if c.leaked else 'ok' if c.answered else 'unknown'}  {c.name}: {c.detail}"
        for c in report.checks
    ]
    answer(
        report.model_dump_json() + "\n"
        if form != "text"
        else "\n".join([report.outcome, *lines]) + "\n",
        output,
    )
    return {"clean": 0, "leaking": 10}.get(report.outcome, 3)
