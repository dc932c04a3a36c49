"""`audit release`."""

import sys
from pathlib import Path

import click

from audit.cli._answer import answer, format_option
from audit.cli._bars import progress_bars
from audit.cli._places import access_options
from audit.cli._verdict import EXIT, write_verdict
from audit.release import Options, init, run

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("release")
def command() -> None:
    """Take a release from files to verdict and reports."""


@command.command("run")
@click.argument("recipe", metavar="RELEASE.toml", type=FILE)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Where layout, evidence and reports go.",
    metavar="DIR",
)
@click.option(
    "--ledger", envvar="AUDIT_LEDGER", metavar="URL", help="The ledger [default: DIR/ledger.db]."
)
@click.option("--policy", type=FILE, help="The policy file [default: the one RELEASE.toml names].")
@click.option("--key", type=FILE, help="The key that signs the release.")
@click.option("--ledger-key", type=FILE, help="The key that signs the ledger's checkpoints.")
@click.option("--password-file", type=FILE, help="Holds the password of --key.")
@click.option("--unsigned", is_flag=True, help="Leave the release unsigned; it will be denied.")
@access_options
@format_option
def run_release(recipe: Path, form: str, **given: object) -> None:
    """Fingerprint, inspect, describe, package, sign, record, gate and report a release.

    Exits as `audit gate check` does: 0 allowed, 10 denied, 3 cannot be told.
    """
    with progress_bars() as progress:
        done = run(recipe, Options(**given), progress=progress)  # type: ignore[arg-type]
    answer(write_verdict(done.verdict, form))
    if done.pushed:
        click.echo(f"audit: pushed {done.pushed}", err=True)
    for path in (done.layout, done.verdict_file, *done.reports):
        click.echo(f"audit: wrote {path}", err=True)
    sys.exit(EXIT[done.verdict.outcome])


@command.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--model-id", required=True, help="Such as acme/qwen-7b-support.")
@click.option("--log-name", default="ledger.internal", show_default=True, help="The ledger's name.")
def init_release(folder: Path, model_id: str, log_name: str) -> None:
    """Write new keys, a policy that trusts them, and a RELEASE.toml to FOLDER."""
    started = init(folder, model_id=model_id, log_name=log_name)
    answer(f"{started.recipe}\n{started.policy}\n")
    click.echo(f"audit: signing key {started.key_id}; ledger key {started.vkey}", err=True)
    click.echo("audit: keep keys/*.key secret; the policy holds the public halves", err=True)
