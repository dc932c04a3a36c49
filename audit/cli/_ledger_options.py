"""Options that several `audit ledger` commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def ledger_option(command: F) -> F:
    """Add `--ledger URL`."""
    return click.option(
        "--ledger",
        "url",
        envvar="AUDIT_LEDGER",
        required=True,
        metavar="URL",
        help="The ledger, such as sqlite:///audit.db. [env: AUDIT_LEDGER]",
    )(command)


policy_option = click.option(
    "--log-policy",
    "policy_file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Whose checkpoints count (C2SP tlog-policy).",
)
