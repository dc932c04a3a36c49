"""`audit ledger anchor`: have the last checkpoint seen by somebody outside."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from audit.cli._answer import answer
from audit.cli._ledger_options import ledger_option
from audit.cli._ledger_trust import chain_option, trusted_root_option
from audit.core.errors import UsageError
from audit.core.files import make_folder, write_whole
from audit.documents import Anchor, AnchorKind, AnchorMaker, OutsideWord
from audit.ledger import anchor_checkpoint, describe, open_ledger


@click.command("anchor")
@ledger_option
@click.option(
    "--tsa", "tsas", multiple=True, metavar="URL", help="A timestamp authority (RFC 3161) to ask."
)
@click.option("--rekor", metavar="URL", help="A Rekor v2 log to put the checkpoint into.")
@click.option(
    "--trust-config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A client trust configuration that names both, and whose word counts.",
)
@trusted_root_option
@chain_option
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The P-256 key that signs entries of the Rekor log.",
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Read the key's password from FILE (- for stdin).",
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write each anchor to DIR as well: keep it where the database's administrator "
    "cannot write.",
)
def anchor(url: str, keep: Path | None, **given: Any) -> None:
    """Have the last checkpoint timestamped, or put into a transparency log, and keep the proof.

    Every anchor is verified before it is kept beside the checkpoint and recorded in the
    ledger. A service that fails is a failed anchor: exit 3.
    """
    makers = list(_makers(given))
    if not makers:
        raise UsageError("name who anchors: --tsa URL, --rekor URL with --key, or --trust-config")

    def tell(made: Anchor, word: OutsideWord) -> None:
        if keep is not None:
            _keep(keep, word.size, made)
        answer(f"anchored {word.size} entries: {describe(word)}\n")

    with open_ledger(url) as ledger:
        anchor_checkpoint(ledger, makers, made=tell)


def _makers(given: dict[str, Any]) -> Iterator[AnchorMaker]:
    from audit.cli._signing import read_password
    from audit.sign import load_private_key, load_trusted_root
    from audit.sign.anchor import (
        AnchorTrust,
        LogMaker,
        TimestampMaker,
        read_chain,
        read_services,
        trust_anchors,
    )

    services = read_services(given["trust_config"]) if given["trust_config"] else None
    root = services.root if services else None
    if given["trusted_root"]:
        root = load_trusted_root(given["trusted_root"])
    known = trust_anchors(root, [read_chain(one) for one in given["chains"]])
    tsas = given["tsas"] or ((services.timestamps,) if services and services.timestamps else ())
    rekor = given["rekor"] or (services.log if services and given["key"] else None)
    if bool(rekor) != bool(given["key"]):
        raise UsageError("an entry in a log is signed: --rekor URL (or --trust-config) and --key")
    if (tsas or rekor) and known is None:
        raise UsageError(
            "an anchor that nobody can verify is none",
            hint="say whose word counts: --trusted-root FILE, --tsa-chain FILE or --trust-config",
        )
    if known is None:
        return
    yield from (TimestampMaker(one, AnchorTrust(known)) for one in tsas)
    if rekor:
        key = load_private_key(given["key"], password=read_password(given["password_file"]))
        yield LogMaker(rekor, key, AnchorTrust(known))


def _keep(folder: Path, size: int, made: Anchor) -> None:
    """Write the anchor for `--anchor`, and its parts for other people's tools."""
    make_folder(folder)
    name = f"{size}-{made.kind.value}-{made.digest[7:19]}"
    ending = "tsr" if made.kind is AnchorKind.TIMESTAMP else "sigstore.json"
    files = {
        f"{name}.anchor.json": made.model_dump_json(indent=2).encode() + b"\n",
        f"{name}.checkpoint": made.note,
        f"{name}.{ending}": made.raw,
    }
    for file_name, data in files.items():
        with write_whole(folder / file_name) as file:
            file.write(data)
