"""`audit ledger export` and `verify-pack`: evidence for third parties."""

import contextlib
from pathlib import Path

import click

from audit.cli._answer import answer
from audit.cli._ledger_options import ledger_option, policy_option
from audit.cli._ledger_trust import anchor_trust, chain_option, trusted_root_option
from audit.core.files import read_bounded, write_whole
from audit.core.periods import read_period
from audit.core.standalone import MAX_PACK
from audit.documents import ReceiptRecord
from audit.ledger import (
    ExportedPack,
    PackRequest,
    PackTrust,
    Question,
    export_pack,
    open_ledger,
    open_tiles,
    verify_pack,
)
from audit.watermark import ReceiptShelf

period_option = click.option(
    "--period",
    metavar="PERIOD",
    help="2026-11, or FROM..TO in dates (UTC, TO included) or RFC 3339 times.",
)
subject_option = click.option(
    "--subject",
    "subjects",
    multiple=True,
    metavar="TEXT",
    help="Only entries that hold it: a release digest, a model or receipt id, a pseudonym.",
)
_file = click.Path(dir_okay=False, path_type=Path)


@click.command("export")
@ledger_option
@policy_option
@period_option
@subject_option
@click.option("--all-entries", is_flag=True, help="Give the period's other entries as well.")
@click.option(
    "--tiles",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The published tiles; made for the purpose by default.",
)
@click.option(
    "--receipts", "shelf_file", type=_file, metavar="FILE", help="The shelf with their receipts."
)
@click.option("--salts", is_flag=True, help="With what ties each receipt to its text.")
@trusted_root_option
@chain_option
@click.option("-o", "--output", required=True, type=_file, metavar="FILE.zip")
def export(  # noqa: PLR0913 - one parameter per option
    url: str,
    policy_file: Path,
    period: str | None,
    subjects: tuple[str, ...],
    all_entries: bool,  # noqa: FBT001
    folder: str | None,
    shelf_file: Path | None,
    salts: bool,  # noqa: FBT001
    trusted_root: Path | None,
    chains: tuple[Path, ...],
    output: Path,
) -> None:
    """Write an evidence pack that a third party can verify without this software.

    The same ledger, checkpoint and question give the same bytes. Anchors of the ledger
    are in it; --trusted-root and --tsa-chain add whose anchors you count.
    """
    with contextlib.ExitStack() as stack:
        shelf = _shelf(stack, shelf_file)
        ledger = stack.enter_context(open_ledger(url, read_only=True))

        def find_receipt(receipt_id: str) -> ReceiptRecord | None:
            record = shelf.find(receipt_id) if shelf else None
            return record and _as_given(record, salts=salts)

        pack = export_pack(
            ledger,
            PackRequest(
                question=_question(period, subjects, whole=all_entries),
                policy=read_bounded(policy_file),
                tiles=open_tiles(folder) if folder else None,
                find_receipt=find_receipt if shelf else None,
                trusted=_trusted(trusted_root, chains),
            ),
        )
    with write_whole(output) as file:
        file.write(pack.data)
    answer(_told(pack, output))


def _told(pack: ExportedPack, output: Path) -> str:
    found = pack.manifest
    told = (
        f"{pack.digest}  {output}\n"
        f"  {found.selected} of the {found.end - found.first} entries of the period, "
        f"under a checkpoint over {pack.checkpoint.size}\n"
    )
    if pack.later:
        told += f"  {pack.later} later entries are under no checkpoint that counts, and not in it\n"
    return told


@click.command("verify-pack")
@click.argument("pack", type=click.Path(path_type=Path))
@policy_option
@period_option
@subject_option
@click.option(
    "--key", "key_file", type=_file, metavar="FILE", help="The public receipt key (PEM) you trust."
)
@trusted_root_option
@chain_option
def verify_pack_(  # noqa: PLR0913
    pack: Path,
    policy_file: Path,
    period: str | None,
    subjects: tuple[str, ...],
    key_file: Path | None,
    trusted_root: Path | None,
    chains: tuple[Path, ...],
) -> None:
    """Verify an evidence pack under your own policy, offline.

    With --period or --subject it must answer that question, and no other. With
    --trusted-root or --tsa-chain it must be anchored by somebody they name.
    """
    pem = read_bounded(key_file).decode("ascii", "replace") if key_file else None
    data = read_bounded(pack, limit=MAX_PACK)
    trust = PackTrust(pem, anchor_trust(trusted_root, chains))
    found = verify_pack(data, read_bounded(policy_file), source=str(pack), trust=trust)
    if period or subjects:
        found.check_question(_question(period, subjects, whole=False))
    answer("".join(f"holds: {line}\n" for line in found.holds))


def _question(period: str | None, subjects: tuple[str, ...], *, whole: bool) -> Question:
    from_ns, until_ns = read_period(period) if period else (None, None)
    return Question(from_ns, until_ns, subjects, whole)


def _trusted(root: Path | None, chains: tuple[Path, ...]) -> dict[str, bytes]:
    """Return whose anchors count, as members of a pack."""
    if root is None and not chains:
        return {}
    from audit.sign import load_trusted_root
    from audit.sign.anchor import read_chain, trust_anchors, write_chains

    known = trust_anchors(
        None if root is None else load_trusted_root(root), [read_chain(one) for one in chains]
    )
    tops, below = write_chains(known) if known else (b"", b"")
    named = {"anchors/tsa-roots.pem": tops, "anchors/tsa-chain.pem": below}
    return named | ({"anchors/trusted-root.json": read_bounded(root)} if root else {})


def _shelf(stack: contextlib.ExitStack, file: Path | None) -> ReceiptShelf | None:
    if file is None:
        return None
    if not file.is_file():
        raise click.UsageError(f"{file}: no receipt shelf")
    return stack.enter_context(ReceiptShelf(file))


def _as_given(record: ReceiptRecord, *, salts: bool) -> ReceiptRecord:
    """Return what may be handed out: the signed receipt, and the salt if that is wanted."""
    salt = record.salt if salts else None
    return record.model_copy(update={"salt": salt, "sketch": None, "fingerprint": None})
