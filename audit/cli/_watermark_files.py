"""What the commands of `audit watermark` read: texts, receipts, and where they are."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.core.errors import ConfigError, UsageError
from audit.core.files import read_bounded
from audit.documents import ReceiptRecord
from audit.watermark import ReceiptShelf, Recorded, recorded_responses

if TYPE_CHECKING:
    from audit.ledger import VerifiedPack

MAX_TEXT = 16 << 20
file_type = click.Path(path_type=Path)
text_type = click.Path(path_type=Path, allow_dash=True)

shelf_option = click.option(
    "--shelf", "shelf_file", type=file_type, metavar="FILE", envvar="AUDIT_RECEIPTS",
    help="The receipt shelf. [env: AUDIT_RECEIPTS]",
)  # fmt: skip
trusted_option = click.option(
    "--key", "key_files", type=file_type, multiple=True, metavar="FILE",
    help="A public receipt key (PEM, Ed25519) that is trusted; may be repeated.",
)  # fmt: skip
ledger_option = click.option(
    "--ledger", "url", envvar="AUDIT_LEDGER", metavar="URL",
    help="Receipts must be recorded here, such as sqlite:///audit.db. [env: AUDIT_LEDGER]",
)  # fmt: skip


pack_option = click.option(
    "--pack", "pack_file", type=file_type, metavar="FILE",
    help="An evidence pack that must have its entry; an ID is looked up in it.",
)  # fmt: skip
pack_policy_option = click.option(
    "--log-policy", "policy_file", type=file_type, metavar="FILE",
    help="Whose log and witnesses the pack must be by (C2SP tlog-policy).",
)  # fmt: skip


def read_pack(pack_file: Path | None, policy_file: Path | None) -> "VerifiedPack | None":
    """Return an evidence pack that was verified, None when none is named."""
    if pack_file is None:
        return None
    if policy_file is None:
        raise UsageError("a pack counts under a policy of your own: name it with --log-policy")
    from audit.core.standalone import MAX_PACK
    from audit.ledger import verify_pack

    data = read_bounded(pack_file, limit=MAX_PACK)
    return verify_pack(data, read_bounded(policy_file), source=str(pack_file))


def read_record(
    source: str, shelf_file: Path | None, pack: "VerifiedPack | None" = None
) -> ReceiptRecord:
    """Return the record in a file, or in a pack or on the shelf when `source` is a receipt id."""
    if pack is not None and not Path(source).exists():
        record = pack.find_receipt(source)
        if record is None:
            raise UsageError(f"receipt {source} is not in the pack")
        return record
    if shelf_file is not None and not Path(source).exists():
        with ReceiptShelf(needed(shelf_file)) as shelf:
            found = shelf.find(source)
        if found is None:
            raise UsageError(f"receipt {source} is not on the shelf")
        return found
    return ReceiptRecord.read(read_bounded(Path(source)), source=source)


def read_recorded(url: str | None, pack: "VerifiedPack | None" = None) -> Recorded | None:
    """Return what a pack or the ledger at `url` says of responses, None when none is named."""
    if pack is not None:
        return recorded_responses(pack.entries())
    if url is None:
        return None
    from audit.ledger import open_ledger

    with open_ledger(url, read_only=True) as ledger:
        return recorded_responses(ledger.entries())


def needed(shelf_file: Path | None) -> Path:
    if shelf_file is None or not shelf_file.is_file():
        raise UsageError(f"{shelf_file or 'no receipt shelf'}: name one with --shelf")
    return shelf_file


def read_text(file: Path) -> str:
    """Return a file's text; bytes that are no UTF-8 are refused, not guessed at."""
    if str(file) == "-":
        data = sys.stdin.buffer.read(MAX_TEXT + 1)
        if len(data) > MAX_TEXT:
            raise UsageError(f"stdin: more than {MAX_TEXT} bytes")
    else:
        data = read_bounded(file, limit=MAX_TEXT)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{file}: not UTF-8 at byte {exc.start}") from exc
