"""`audit release`."""

import sys
from pathlib import Path

import click

from audit.cli._answer import answer, format_option
from audit.cli._bars import progress_bars
from audit.cli._examples import examples
from audit.cli._locks import write_changes
from audit.cli._places import access_options
from audit.cli._verdict import EXIT, write_verdict
from audit.core.files import read_bounded
from audit.documents import Outcome
from audit.gate import load_policy
from audit.ledger import open_ledger
from audit.oci import Access
from audit.release import Gate, Options, find_ledger, init, open_artifact, run
from audit.release.locks import MAX_LOCK, compare_locks, read_lock

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("release")
def command() -> None:
    """Take a release from files to verdict and reports."""


@command.command(
    "run",
    epilog=examples(
        "audit release run release/RELEASE.toml --out out",
        "audit release run RELEASE.toml --ledger postgresql://audit@db/audit --format json",
    ),
)
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
    click.echo(f"audit: artifact {done.layout}@{done.verdict.release.artifact}", err=True)
    sys.exit(EXIT[done.verdict.outcome])


@command.command("init", epilog=examples("audit release init release --model-id acme/qwen-7b"))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--model-id", required=True, help="Such as acme/qwen-7b-support.")
@click.option("--log-name", default="ledger.internal", show_default=True, help="The ledger's name.")
def init_release(folder: Path, model_id: str, log_name: str) -> None:
    """Write new keys, a policy that trusts them, RELEASE.toml and serve.yaml to FOLDER."""
    started = init(folder, model_id=model_id, log_name=log_name)
    answer(f"{started.recipe}\n{started.policy}\n{started.serve}\n")
    click.echo(f"audit: signing key {started.key_id}; ledger key {started.vkey}", err=True)
    click.echo("audit: keep keys/*.key secret; the policy holds the public halves", err=True)
    click.echo(
        f"audit: next: put model, dataset and training beside {started.recipe}, or edit its paths;"
        f" then audit release run {started.recipe}",
        err=True,
    )


@command.command(
    "compare-locks", epilog=examples("audit release compare-locks old/uv.lock new/uv.lock")
)
@click.argument("before", metavar="OLD", type=FILE)
@click.argument("after", metavar="NEW", type=FILE)
@format_option
def compare(before: Path, after: Path, form: str) -> None:
    """Print what changed between two lock files of an environment.

    Exits 10 when a package has other hashes under the same version: it is another
    package by the same name. Ordinary upgrades exit 0.
    """
    old, new = (
        read_lock(read_bounded(path, limit=MAX_LOCK), source=str(path)) for path in (before, after)
    )
    changes = compare_locks(old, new)
    answer(write_changes(changes, form))
    sys.exit(10 if any(one.kind == "hash" for one in changes) else 0)


@command.command(
    "serve",
    epilog=examples(
        "audit watermark init keys      # the two secrets that serve.yaml names",
        "audit release serve out/layout@sha256:DIGEST --policy policy.yaml --config serve.yaml",
    ),
)
@click.argument("artifact", metavar="PLACE@DIGEST")
@click.option("--policy", required=True, type=FILE, help="The policy file of the gate.")
@click.option("--config", required=True, type=FILE, help="The file serve.yaml.", metavar="FILE")
@click.option("--ledger", envvar="AUDIT_LEDGER", metavar="URL", help="As for `audit gate check`.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@access_options
def serve_release(  # noqa: PLR0913  click gives one argument per option
    artifact: str, policy: Path, config: Path, ledger: str | None, host: str, port: int, access: Access
) -> None:  # fmt: skip
    """Serve a release that the gate allows now; every answer is marked and has a receipt.

    The gate's answer is printed first. Exit 10 and 3 mean that nothing was served.
    """
    from audit.release.serve import Place, read_config, serve

    rules, wanted = load_policy(read_bounded(policy), source=str(policy)), read_config(config)
    url = ledger or find_ledger(artifact)
    with progress_bars() as progress, open_artifact(artifact, access=access) as (layout, digest):
        with open_ledger(url) as opened:
            given = Gate(rules, opened, progress=progress).check(layout, digest)
        answer(write_verdict(given.verdict, "text"))
        if given.verdict.outcome is not Outcome.ALLOW:
            sys.exit(EXIT[given.verdict.outcome])
        serve(layout, given.verdict, wanted, Place(config.parent, url, host, port))
