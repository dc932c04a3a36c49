"""`audit ledger erase` and `vault`: payloads beside the log, and their end."""

import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from audit.cli._answer import answer, output_option
from audit.cli._ledger_options import ledger_option
from audit.core.errors import ConfigError, EvidenceError, UsageError, VerificationError
from audit.core.files import read_bounded
from audit.documents import ErasureReceipt, Event
from audit.ledger import VaultKey, generate_vault_key, load_vault_key, open_ledger

F = TypeVar("F", bound=Callable[..., Any])
_SQLITE = "sqlite:///"


def _vault_key_option(command: F) -> F:
    return click.option(
        "--vault-key",
        "key_file",
        envvar="AUDIT_VAULT_KEY",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The vault's key. [env: AUDIT_VAULT_KEY; default for SQLite: PATH.vault-key]",
    )(command)


def _subject_option(command: F) -> F:
    return click.option(
        "--subject",
        required=True,
        help="Whom the payloads are about, as they were written; - reads it from stdin.",
    )(command)


@click.command("erase")
@ledger_option
@_subject_option
@_vault_key_option
@output_option
def erase(url: str, subject: str, key_file: Path | None, output: Path | None) -> None:
    """Destroy key, salts and payloads of a subject, record that, and print the receipt.

    The log still verifies. What was interrupted is finished by the same command.
    """
    key = _key(url, key_file)
    with open_ledger(url) as ledger:
        receipt = ledger.vault(key).erase(_subject(subject))
    answer(receipt.model_dump_json(indent=2) + "\n", output)
    click.echo(f"audit: {_told(receipt)}", err=True)


@click.group("vault")
def vault() -> None:
    """Payloads with personal data: write, read and check them."""


@vault.command("key")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE")
def key_(out: Path) -> None:
    """Make the vault's key. Keep it apart from the database and from its backups."""
    generate_vault_key(out)
    answer(f"wrote {out}\n")


@vault.command("append")
@ledger_option
@_subject_option
@_vault_key_option
@click.option(
    "--event",
    "event_file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The event, a JSON document without personal data.",
)
@click.argument("payload", type=click.Path(path_type=Path))
def append(url: str, subject: str, key_file: Path | None, event_file: Path, payload: Path) -> None:
    """Record an event with the file PAYLOAD sealed beside it, and print the entry."""
    key = _key(url, key_file)
    event = Event.read(read_bounded(event_file), source=str(event_file))
    with open_ledger(url) as ledger:
        entry = ledger.vault(key).append(
            event, payload=read_bounded(payload), subject=_subject(subject)
        )
    answer(entry.leaf().decode("utf-8") + "\n")


@vault.command("read")
@ledger_option
@_vault_key_option
@click.argument("entry", type=click.IntRange(min=0))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE")
def read(url: str, key_file: Path | None, entry: int, out: Path) -> None:
    """Write the payload of entry number ENTRY to a file, checked against its commitment."""
    from audit.core.files import write_whole

    key = _key(url, key_file)
    with open_ledger(url, read_only=True) as ledger:
        found = next(ledger.entries(start=entry), None)
        if found is None or found.number != entry:
            raise UsageError(f"{ledger.url} has no entry {entry}")
        payload = ledger.vault(key).read(found)
    with write_whole(out, mode=0o600) as file:
        file.write(payload)
    answer(f"ok: {len(payload)} bytes, as entry {entry} committed to\n")


@vault.command("rotate")
@ledger_option
@_vault_key_option
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE")
def rotate(url: str, key_file: Path | None, out: Path) -> None:
    """Make a new vault key, and wrap all subjects' keys under it.

    Then destroy the old key: no backup of the database from before can be read
    without it, and what was erased since is gone from those as well.
    """
    old = _key(url, key_file)
    new = old.successor(secrets.token_bytes)
    with open_ledger(url) as ledger:
        new.write(out)  # first: without its file the new key would be lost with the power
        try:
            count = ledger.vault(old).rotate(new)
        except (ConfigError, VerificationError):
            out.unlink()  # nothing is wrapped under it
            raise
    answer(f"wrote {out}; {count} subjects' keys are wrapped under it\n")
    click.echo("audit: destroy the old key; backups from before need it to be read", err=True)


@vault.command("name")
@ledger_option
@_subject_option
@_vault_key_option
def name(url: str, subject: str, key_file: Path | None) -> None:
    """Print the name that entries have for a subject: what to export about a person.

    Exit 3 if nothing is held.
    """
    key = _key(url, key_file)
    with open_ledger(url, read_only=True) as ledger:
        found = ledger.vault(key).find_name(_subject(subject))
    if found is None:
        raise EvidenceError("nothing is held about this subject: erased before, or never known")
    answer(f"{found}\n")


@vault.command("verify")
@ledger_option
@_vault_key_option
def verify(url: str, key_file: Path | None) -> None:
    """Open every payload and compare it with the entry that commits to it."""
    key = _key(url, key_file)
    with open_ledger(url, read_only=True) as ledger:
        answer(ledger.vault(key).verify().model_dump_json(indent=2) + "\n")


def _key(url: str, key_file: Path | None) -> VaultKey:
    if key_file is None:
        path = url.removeprefix(_SQLITE)
        if "://" in path:
            raise UsageError(
                "this ledger's vault key is not named", hint="give it: --vault-key FILE"
            )
        key_file = Path(f"{path}.vault-key")
    return load_vault_key(key_file)


def _subject(text: str) -> str:
    if text != "-":
        return text
    return sys.stdin.buffer.read(1 << 16).decode("utf-8", "surrogateescape").removesuffix("\n")


def _told(receipt: ErasureReceipt) -> str:
    if receipt.outcome == "nothing-held":
        return "nothing is held about this subject: erased before, or never known"
    return (
        f"{receipt.payloads} payloads erased, recorded as ledger entry {receipt.entry}; "
        "copies in backups and archived logs are not reached"
    )
