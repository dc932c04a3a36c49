"""`audit ledger`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from audit.cli._answer import answer, output_option
from audit.cli._ledger_anchor import anchor
from audit.cli._ledger_fsck import fsck
from audit.cli._ledger_hammer import hammer
from audit.cli._ledger_options import ledger_option
from audit.cli._ledger_pack import export, verify_pack_
from audit.cli._ledger_postgres import grant, sequencer
from audit.cli._ledger_proofs import prove, tiles, verify_proof
from audit.cli._ledger_retention import retention
from audit.cli._ledger_vault import erase, vault
from audit.cli._ledger_verify import verify
from audit.cli._ledger_witness import witness
from audit.core.errors import UsageError
from audit.documents import Event, LedgerEntry
from audit.ledger import LastSigned, open_ledger

_READ = 1 << 18
_MAX_LINE = 1 << 20


@click.group("ledger")
def command() -> None:
    """Append to the audit ledger, sign its checkpoints, verify it."""


for subcommand in (
    anchor,
    erase,
    export,
    fsck,
    grant,
    hammer,
    sequencer,
    prove,
    retention,
    tiles,
    vault,
    verify_pack_,
    verify,
    verify_proof,
    witness,
):
    command.add_command(subcommand)


@command.command("checkpoint")
@ledger_option
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The log's note key; its name is the log's origin.",
)
@click.option(
    "--last-signed",
    "memory",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the key signed last. [default: the key's file with .last]",
)
@output_option
def checkpoint(url: str, key_file: Path, memory: Path | None, output: Path | None) -> None:
    """Sign the log's size and root, store the checkpoint, and print it.

    A ledger that went back, such as one restored from a backup, is not signed.
    Keep a copy where the database's administrator cannot write.
    """
    from audit.sign import load_note_key

    signer = load_note_key(key_file)
    last_signed = LastSigned(memory or key_file.with_name(f"{key_file.name}.last"))
    with open_ledger(url) as ledger:
        answer(ledger.checkpoint(signer, last_signed=last_signed).note, output)


@command.group("key")
def key() -> None:
    """Make the log's key."""


@key.command("generate")
@click.option("--name", required=True, metavar="ORIGIN", help="Such as example.org/audit.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE")
def key_generate(name: str, out: Path) -> None:
    """Make an Ed25519 key that signs checkpoints, and print its verifier key."""
    from audit.sign import generate_note_key

    answer(generate_note_key(out, name=name) + "\n")


@command.command("append")
@ledger_option
@click.option("--create", is_flag=True, help="Make the ledger if it is not there.")
def append(url: str, create: bool) -> None:  # noqa: FBT001
    """Record the events on stdin, one JSON document per line, and print their entries.

    A line is durable when its entry is printed.
    """
    with open_ledger(url, create=create) as ledger:
        for events in _events(sys.stdin.buffer):
            for entry in ledger.append_many(events):
                answer(_line(entry))


@command.command("list")
@ledger_option
@click.option("--start", type=click.IntRange(min=0), default=0, help="The first entry's number.")
@click.option("--subject", metavar="DIGEST", help="Only entries about this digest.")
@click.option("--type", "type_", metavar="TYPE", help="Only events of this type.")
def list_(url: str, start: int, subject: str | None, type_: str | None) -> None:
    """Print entries, one JSON document per line."""
    with open_ledger(url, read_only=True) as ledger:
        if start < (minimum := ledger.minimum()):
            click.echo(f"audit: entries below {minimum} expired", err=True)
        for entry in ledger.entries(start=start, subject=subject, type=type_):
            answer(_line(entry))


def _line(entry: LedgerEntry) -> str:
    return entry.leaf().decode("utf-8") + "\n"


def _events(stream: BinaryIO) -> Iterator[list[Event]]:
    """Give the events in JSON lines, all that have come by the time we look."""
    number, rest = 0, b""
    while data := stream.read1(_READ):  # type: ignore[attr-defined]
        *lines, rest = (rest + data).split(b"\n")
        yield [_event(line, number + at) for at, line in enumerate(lines, 1) if line.strip()]
        number += len(lines)
        if len(rest) > _MAX_LINE:
            raise UsageError(f"stdin:{number + 1}: a line longer than {_MAX_LINE} bytes")
    if rest.strip():
        yield [_event(rest, number + 1)]


def _event(line: bytes, number: int) -> Event:
    return Event.read(line, source=f"stdin:{number}")
