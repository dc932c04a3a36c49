"""`audit ledger sequencer` and `grant`: what only PostgreSQL needs."""

import signal
import threading

import click

from audit.cli._answer import answer
from audit.cli._ledger_options import ledger_option
from audit.ledger import grant_role, serve_sequencer


@click.command("sequencer")
@ledger_option
def sequencer(url: str) -> None:
    """Sequence the events that writers leave in the inbox, until interrupted.

    Start two: the second waits, and takes over when the first is gone.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    done = serve_sequencer(url, should_stop=stop.is_set)
    answer(f"stopped after {done} events\n")


@click.command("grant")
@ledger_option
@click.argument("role")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["reader", "writer", "sequencer"]),
    required=True,
    help="What the role may do.",
)
def grant(url: str, role: str, kind: str) -> None:
    """Give a role of the database the rights of a reader, writer or sequencer."""
    grant_role(url, role, kind)
    answer(f"{role} is a {kind} of the ledger\n")
