"""`audit ledger fsck`."""

from pathlib import Path
from typing import Any

import click

from audit.cli._answer import answer, format_option
from audit.cli._durations import duration
from audit.cli._ledger_options import ledger_option
from audit.cli._ledger_trust import outside_options
from audit.cli._ledger_verify import checkpoints_option, processes_option, vkeys_option
from audit.core.files import read_bounded
from audit.documents import LedgerCheck, LedgerDamage
from audit.ledger import (
    Brought,
    LastSigned,
    Outside,
    check_ledger,
    describe,
    load_vault_key,
    read_checkpoint,
)

DAMAGED = 10


@click.command("fsck")
@ledger_option
@vkeys_option
@outside_options
@checkpoints_option
@click.option(
    "--max-age",
    type=duration,
    metavar="TIME",
    help="How old the quorum's cosignatures may be, under --log-policy.",
)
@click.option(
    "--last-signed",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The memory of the log's key (KEY.last); the ledger must extend what it signed last.",
)
@click.option(
    "--tiles",
    metavar="DIR|s3://BUCKET/PREFIX",
    help="Compare the published tiles as well.",
)
@click.option(
    "--vault-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Open every payload as well.",
)
@processes_option
@format_option
@click.pass_context
def fsck(
    ctx: click.Context, /, url: str, processes: int, form: str, anchors: Outside, **given: Any
) -> None:
    """List everything that is wrong with a ledger, and where.

    Unlike `verify` it goes on after the first thing. Exit 10 if anything is wrong.
    """
    vkeys, memory, key = given["vkeys"], given["last_signed"], given["vault_key"]
    brought = Brought(
        vkeys=vkeys,
        checkpoints=[
            read_checkpoint(read_bounded(one), vkeys=vkeys or None) for one in given["files"]
        ],
        anchors=anchors,
        last_signed=None if memory is None else LastSigned(memory).read(),
        tiles=given["tiles"],
        vault_key=None if key is None else load_vault_key(key),
        max_age_ns=given["max_age"],
    )
    found = check_ledger(url, brought, processes=processes)
    answer(_as_text(found) if form == "text" else found.model_dump_json(indent=2) + "\n")
    ctx.exit(DAMAGED if found.damage else 0)


def _as_text(found: LedgerCheck) -> str:
    count = len(found.damage) + found.unlisted
    verdict = "ok" if not count else f"damaged: {count} findings"
    lines = [f"{verdict}: {found.size} entries, root {found.root or 'unknown, entries are lost'}"]
    lines += [f"  {one.kind}: {_place(one)}{one.what}" for one in found.damage]
    if found.unlisted:
        lines.append(f"  and {found.unlisted} more")
    compared = [f"{found.checkpoints} checkpoints", f"{found.attachments} attachments"]
    compared += [] if found.tiles is None else [f"tiles over {found.tiles} entries"]
    compared += [] if found.payloads is None else [f"{found.payloads} payloads"]
    lines.append(f"  compared: {', '.join(compared)}")
    lines += [f"  {one.size} entries seen outside: {describe(one)}" for one in found.outside]
    return "\n".join(lines) + "\n"


def _place(one: LedgerDamage) -> str:
    if one.seq is None:
        return ""
    if one.until in {None, one.seq}:
        return f"entry {one.seq} "
    return f"entries {one.seq} to {one.until} "
