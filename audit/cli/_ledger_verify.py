"""`audit ledger verify`."""

from pathlib import Path

import click

from audit.cli._answer import answer, format_option
from audit.cli._bars import progress_bars
from audit.cli._ledger_options import ledger_option
from audit.cli._ledger_trust import outside_options
from audit.core.files import read_bounded
from audit.documents import LedgerVerification
from audit.ledger import Outside, describe, instant, open_ledger, read_checkpoint

vkeys_option = click.option(
    "--vkey",
    "vkeys",
    multiple=True,
    metavar="VKEY",
    help="A verifier key of this log (NAME+ID+BASE64). Checkpoints by other keys count for nothing.",
)
checkpoints_option = click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A checkpoint that was kept elsewhere; the ledger must extend it.",
)
processes_option = click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Read ranges in as many processes.",
)


@click.command("verify")
@ledger_option
@vkeys_option
@outside_options
@checkpoints_option
@processes_option
@format_option
def verify(  # noqa: PLR0913 - one parameter per option
    url: str,
    vkeys: tuple[str, ...],
    files: tuple[Path, ...],
    form: str,
    anchors: Outside,
    processes: int,
) -> None:
    """Recompute the whole ledger and say what it holds.

    Exit 10 names the first entry that is not what the others commit to.
    """
    outside = [read_checkpoint(read_bounded(file), vkeys=vkeys or None) for file in files]
    with open_ledger(url, read_only=True) as ledger, progress_bars() as progress:
        found = ledger.verify(
            vkeys=vkeys, outside=outside, progress=progress, anchors=anchors, processes=processes
        )
    answer(_as_text(found) if form == "text" else found.model_dump_json(indent=2) + "\n")


def _as_text(found: LedgerVerification) -> str:
    lines = [f"ok: {found.size} entries, root {found.root}"]
    if (gone := found.expired) is not None:
        lines.append(
            f"  entries below {gone.below} expired under policy {gone.policy_id} "
            f"{gone.policy_version}, as entry {gone.entry} records; their hashes are kept"
        )
    if found.last_checkpoint is None:
        whose = "by a key given with --vkey" if found.pinned else "stored"
        lines.append(f"  no checkpoint {whose}: whoever can write the database can rewrite it")
    elif found.pinned:
        lines.append(f"  {found.covered} of them under a checkpoint by {found.checkpoint_vkey}")
    else:
        lines += [
            f"  {found.last_checkpoint.size} of them under a checkpoint by {found.checkpoint_vkey}",
            "  which nobody vouched for: pin the log's key with --vkey",
        ]
    return "\n".join([*lines, *_outside(found)]) + "\n"


def _outside(found: LedgerVerification) -> list[str]:
    """Return what is anchored outside, and since when nothing is."""
    lines = []
    if found.anchored:
        lines += [
            f"  {word.size} of them seen outside: {describe(word)}"
            for word in found.outside
            if word.size == found.anchored
        ]
    if found.unanchored_since_ns is not None:
        left = found.size - found.anchored
        lines.append(
            f"  not anchored outside since {instant(found.unanchored_since_ns)}: whoever holds "
            f"the database and the log's key can rewrite the last {left} entries"
        )
    if found.uncounted_anchors:
        lines.append(
            f"  {found.uncounted_anchors} stored anchors count for nothing: nobody named here "
            "made them (--trusted-root, --tsa-chain)"
        )
    if found.lost_anchors:
        lines.append(f"  {found.lost_anchors} anchors that were recorded are not stored any more")
    return lines
