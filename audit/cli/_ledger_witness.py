"""`audit ledger witness`: be a witness, and ask others."""

from pathlib import Path

import click

from audit.cli._answer import answer
from audit.cli._ledger_options import ledger_option, policy_option
from audit.cli._ledger_proofs import tiles_option
from audit.core.clock import now_ns
from audit.core.files import read_bounded
from audit.ledger import (
    ALGORITHMS,
    VerifierKey,
    Witness,
    WitnessServer,
    WitnessState,
    collect_cosignatures,
    generate_cosigner,
    load_cosigner,
    open_ledger,
    open_tiles,
    parse_policy,
    post_http,
)


@click.group("witness")
def witness() -> None:
    """Cosign other logs' checkpoints, or have this log's cosigned."""


@witness.command("key")
@click.option("--name", required=True, help="Such as witness.example.org/1.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--algorithm",
    type=click.Choice(sorted(ALGORITHMS)),
    default="ml-dsa-44",
    show_default=True,
    help="How it signs; ml-dsa-44 also withstands quantum computers.",
)
def key(name: str, out: Path, algorithm: str) -> None:
    """Make a witness's key, and print the verifier key that policies name."""
    answer(generate_cosigner(out, name=name, algorithm=algorithm) + "\n")


@witness.command("serve")
@click.option("--listen", default="127.0.0.1:8470", show_default=True, metavar="HOST:PORT")
@click.option(
    "--key",
    "key_files",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
)
@click.option(
    "--state",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What was cosigned last. Never restore it from a backup.",
)
@click.option(
    "--log",
    "vkeys",
    required=True,
    multiple=True,
    metavar="VKEY",
    help="A log to witness, by its verifier key.",
)
def serve(listen: str, key_files: tuple[Path, ...], state: Path, vkeys: tuple[str, ...]) -> None:
    """Serve the C2SP tlog-witness protocol until interrupted."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise click.UsageError("--listen must be HOST:PORT")
    served = Witness(
        cosigners=[load_cosigner(file) for file in key_files],
        logs=[VerifierKey.parse(vkey) for vkey in vkeys],
        state=WitnessState(state),
        clock_ns=now_ns,
    )
    with WitnessServer((host.strip("[]"), int(port)), served) as server:
        answer(f"witness at {server.url} for {', '.join(one.name for one in served.logs)}\n")
        server.serve_forever()


@witness.command("ask")
@ledger_option
@tiles_option
@policy_option
def ask(url: str, folder: str, policy_file: Path) -> None:
    """Have the published checkpoint cosigned by the policy's witnesses, and publish that.

    Exit 0 if the quorum cosigned it, 3 if too few answered, 10 if one of them
    saw another history of this log.
    """
    policy = parse_policy(read_bounded(policy_file), source=str(policy_file))
    with open_ledger(url) as ledger:
        found = collect_cosignatures(ledger, open_tiles(folder), policy, post=post_http)
    for name in found.cosigned:
        answer(f"{name}: cosigned\n")
    for name, problem in found.failed:
        answer(f"{name}: {problem}\n")
    counted = policy.count(found.note, now_ns=now_ns())
    answer(f"ok: {counted.checkpoint.size} entries, quorum {policy.quorum}\n")
