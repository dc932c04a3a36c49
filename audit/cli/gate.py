"""`audit gate`."""

import sys
from pathlib import Path

import click

from audit.cli._answer import answer, format_option
from audit.cli._bars import progress_bars
from audit.cli._examples import examples
from audit.cli._places import access_options
from audit.cli._verdict import EXIT, write_verdict
from audit.core.files import read_bounded
from audit.gate import RULES, explain, load_policy
from audit.ledger import open_ledger
from audit.oci import Access
from audit.release import Gate, find_ledger, open_artifact


@click.group("gate")
def command() -> None:
    """Allow or deny a release."""


@command.command(
    "check",
    epilog=examples(
        "audit gate check out/layout@sha256:DIGEST --policy policy.yaml && deploy",
        "audit gate check registry.example/acme/qwen@sha256:DIGEST --policy policy.yaml \\",
        "    --ledger postgresql://gate@db/audit",
    ),
)
@click.argument("artifact", metavar="PLACE@DIGEST")
@click.option(
    "--policy",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The policy file; there is no other way to name one.",
)
@click.option(
    "--ledger",
    envvar="AUDIT_LEDGER",
    metavar="URL",
    help="The ledger to ask and to record in [default: ledger.db beside the layout].",
)
@access_options
@format_option
def check(artifact: str, policy: Path, ledger: str | None, access: Access, form: str) -> None:
    """Allow or deny the artifact that a digest names, in a layout or a registry.

    Reads every byte of it, its signatures and the ledger, records the verdict
    in the ledger, and then answers: 0 allowed, 10 denied, 3 cannot be told.
    """
    rules = load_policy(read_bounded(policy), source=str(policy))
    url = ledger or find_ledger(artifact)
    with (
        progress_bars() as progress,
        open_artifact(artifact, access=access, progress=progress) as (layout, digest),
        open_ledger(url) as opened,
    ):
        given = Gate(rules, opened, progress=progress).check(layout, digest)
    answer(write_verdict(given.verdict, form))
    where = f"recorded as ledger entry {given.entry.seq}" if given.entry else "not recorded"
    click.echo(f"audit: verdict {given.verdict.document_digest()} {where}", err=True)
    sys.exit(EXIT[given.verdict.outcome])


@command.command("explain", epilog=examples("audit gate explain unsigned-model"))
@click.argument("rule", metavar="RULE", type=click.Choice(list(RULES)))
def explain_rule(rule: str) -> None:
    """Print what RULE checks, why, and how to satisfy it."""
    answer(explain(rule))
