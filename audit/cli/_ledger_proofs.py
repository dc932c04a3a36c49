"""`audit ledger tiles`, `prove`, `verify-proof`."""

from pathlib import Path

import click

from audit.cli._answer import answer, output_option
from audit.cli._ledger_options import ledger_option, policy_option
from audit.core.clock import now_ns
from audit.core.errors import EntryExpired
from audit.core.files import read_bounded
from audit.ledger import (
    TlogProof,
    export_tiles,
    open_ledger,
    open_tiles,
    parse_policy,
    published_minimum,
    read_tiled,
)

tiles_option = click.option(
    "--tiles",
    "folder",
    required=True,
    metavar="DIR|s3://BUCKET/PREFIX",
    help="Where the tiles are (C2SP tlog-tiles). A bucket is reached by the AWS_* variables.",
)


@click.command("tiles")
@ledger_option
@tiles_option
def tiles(url: str, folder: str) -> None:
    """Write the log as static files up to its last checkpoint, what is new since the last time."""
    with open_ledger(url, read_only=True) as ledger:
        checkpoint, files = export_tiles(ledger, open_tiles(folder))
    answer(f"published {checkpoint.size} entries, {files} files written\n")


@click.command("prove")
@click.argument("entry", type=click.IntRange(min=0))
@tiles_option
@click.option(
    "--leaf",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the entry itself to FILE as well.",
)
@output_option
def prove(entry: int, folder: str, leaf: Path | None, output: Path | None) -> None:
    """Write a .tlog-proof that entry number ENTRY is in the published log.

    Of an entry that expired there is the proof, for whoever kept its leaf.
    """
    store = open_tiles(folder)
    checkpoint, tree = read_tiled(store, vkeys=None)
    if entry >= tree.size:
        raise click.UsageError(f"the published log has {tree.size} entries")
    proof = TlogProof(entry, tuple(tree.inclusion(entry)), checkpoint.note.encode())
    minimum = published_minimum(store)
    if entry >= minimum:
        proof.check(tree.leaf(entry))
    elif leaf is None:
        proof.check_hash(tree.leaf_hash(entry))
        click.echo(f"audit: entry {entry} expired, as all below {minimum}", err=True)
    else:
        raise EntryExpired(
            f"entry {entry} expired, as all below {minimum}; its leaf is not kept",
            hint="without --leaf the proof is written, for whoever kept the leaf",
        )
    if leaf is not None:
        answer(tree.leaf(entry).decode("utf-8"), leaf)
    answer(proof.write().decode("utf-8"), output)


@click.command("verify-proof")
@click.argument("proof", type=click.Path(path_type=Path))
@click.argument("leaf", type=click.Path(path_type=Path))
@policy_option
def verify_proof(proof: Path, leaf: Path, policy_file: Path) -> None:
    """Verify that the entry in the file LEAF is in the log, offline.

    The policy says whose checkpoint counts and how many witnesses it needs.
    """
    policy = parse_policy(read_bounded(policy_file), source=str(policy_file))
    found = TlogProof.read(read_bounded(proof))
    counted = policy.count(found.note, now_ns=now_ns())
    found.check(read_bounded(leaf))
    witnesses = ", ".join(name for name, _ in counted.witnesses) or "no witness"
    answer(
        f"ok: entry {found.index} of {counted.checkpoint.size} in {counted.checkpoint.origin}, "
        f"cosigned by {witnesses}\n"
    )
