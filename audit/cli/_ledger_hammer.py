"""`audit ledger hammer`: does a ledger on this machine keep what it acknowledges?"""

import click

from audit.cli._answer import answer
from audit.cli._ledger_options import ledger_option
from audit.core.errors import VerificationError
from audit.ledger import HammerCount, Load
from audit.ledger import hammer as hammer_ledger


@click.command("hammer")
@ledger_option
@click.option("--processes", type=click.IntRange(1, 256), default=8, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.1), default=10, show_default=True)
@click.option(
    "--batch",
    type=click.IntRange(1, 1024),
    default=8,
    show_default=True,
    help="How many events a call has at most.",
)
@click.option(
    "--sequencers",
    type=click.IntRange(0, 8),
    default=0,
    show_default=True,
    help="PostgreSQL: how many sequencers run beside the writers.",
)
@click.option(
    "--kill-every",
    type=click.FloatRange(0.05),
    metavar="SECONDS",
    help="Kill a writer or sequencer so often, and start it again.",
)
def hammer(  # noqa: PLR0913 - one per option
    *,
    url: str,
    processes: int,
    seconds: float,
    batch: int,
    sequencers: int,
    kill_every: float | None,
) -> None:
    """Write with many processes, then look for what was acknowledged and is not there.

    The ledger is made if it is not there; one that holds other entries is
    refused. Exit 10 if an entry was lost, recorded twice or left out, or if the
    log ever showed two histories.
    """
    found = hammer_ledger(url, Load(processes, seconds, batch, sequencers, kill_every))
    answer(_as_text(found, processes, seconds))
    if not found.is_sound:
        raise VerificationError(
            f"the ledger did not keep what it acknowledged{found.broken and f': {found.broken}'}",
            hint="do not use this database or this disk for a ledger before you know why",
        )


def _as_text(found: HammerCount, processes: int, seconds: float) -> str:
    word = "ok" if found.is_sound else "bad"
    return (
        f"{word}: {found.acknowledged} acknowledged to {processes} processes in {seconds:g} s, "
        f"{found.recorded} recorded\n"
        f"  lost {found.lost}, twice {found.twice}, gaps {found.gaps}, forks {found.forks}\n"
        f"  refused and tried again {found.refused}, killed {found.killed}, "
        f"heads looked at {found.heads}\n"
    )
