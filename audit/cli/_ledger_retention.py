"""`audit ledger retention`: what a policy keeps, and the expiry of what it does not."""

from pathlib import Path

import click

from audit.cli._answer import answer, output_option
from audit.cli._bars import progress_bars
from audit.cli._ledger_options import ledger_option
from audit.core.files import read_bounded
from audit.ledger import LastSigned, load_retention, open_ledger

_policy_option = click.option(
    "--policy",
    "policy_file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The retention policy; there is no other way to name one.",
)


@click.group("retention")
def retention() -> None:
    """How long entries are kept, and the end of those that are not."""


@retention.command("show")
@ledger_option
@_policy_option
def show(url: str, policy_file: Path) -> None:
    """Print what the policy keeps and what could expire now; nothing is changed."""
    policy = load_retention(read_bounded(policy_file), source=str(policy_file))
    with open_ledger(url, read_only=True) as ledger:
        plan = ledger.plan_expiry(policy)
    answer(plan.model_dump_json(indent=2) + "\n")
    can = f"entries {plan.minimum} to {plan.below - 1} can expire"
    click.echo(f"audit: {can if plan.below > plan.minimum else 'nothing can expire'}", err=True)


@retention.command("apply")
@ledger_option
@_policy_option
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The log's note key, which signs the new minimum index and a checkpoint over it.",
)
@click.option(
    "--last-signed",
    "memory",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the key signed last. [default: the key's file with .last]",
)
@click.option(
    "--vkey",
    "trusted",
    multiple=True,
    metavar="VKEY",
    help="An earlier verifier key of this log, whose checkpoints count as well.",
)
@click.option(
    "--below",
    type=click.IntRange(min=1),
    metavar="N",
    help="Expire entries below N only; refused if the policy keeps one of them.",
)
@output_option
def apply(  # noqa: PLR0913 - one argument per option
    url: str,
    policy_file: Path,
    key_file: Path,
    memory: Path | None,
    trusted: tuple[str, ...],
    below: int | None,
    output: Path | None,
) -> None:
    """Expire what the policy no longer keeps, and print the receipt.

    Whole partitions go, below an index that the log signs; an entry records it, and
    the entries' hashes stay. The whole ledger is verified first.
    """
    from audit.sign import load_note_key

    policy = load_retention(read_bounded(policy_file), source=str(policy_file))
    signer = load_note_key(key_file)
    last_signed = LastSigned(memory or key_file.with_name(f"{key_file.name}.last"))
    with open_ledger(url) as ledger, progress_bars() as progress:
        expirer = ledger.expirer(policy, signer, trusted=trusted)
        receipt = expirer.run(below=below, progress=progress)
        if receipt.expired:
            ledger.checkpoint(signer, last_signed=last_signed)
    answer(receipt.model_dump_json(indent=2) + "\n", output)
    click.echo(
        f"audit: {receipt.expired} entries expired, recorded as ledger entry {receipt.entry}"
        if receipt.expired
        else "audit: nothing expired",
        err=True,
    )
