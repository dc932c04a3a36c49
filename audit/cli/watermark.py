"""`audit watermark`."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from audit.cli._answer import answer, format_option
from audit.cli._watermark_files import (
    file_type,
    ledger_option,
    needed,
    pack_option,
    pack_policy_option,
    read_pack,
    read_record,
    read_recorded,
    read_text,
    shelf_option,
    text_type,
    trusted_option,
)
from audit.cli._watermark_keys import (
    key,
    open_tokenizer,
    registry_option,
    root_key,
    root_option,
    tokenizer_option,
)
from audit.cli._watermark_labels import label
from audit.cli._watermark_text import detection_text, foreign_text, receipt_text
from audit.core import strict_json
from audit.core.clock import now_ns
from audit.core.errors import ConfigError, UsageError
from audit.core.files import read_bounded
from audit.documents import (
    Decision,
    DetectionVerdict,
    ForeignDetection,
    KeyRegistry,
)
from audit.watermark import (
    ReceiptShelf,
    derive_all,
    make_material,
    read_trusted,
    verify_key,
    verify_receipt,
    verify_recorded,
    verify_text,
)

_EXIT = {DetectionVerdict.AUTHENTIC: 0, DetectionVerdict.INCONCLUSIVE: 3}


@click.group("watermark")
def command() -> None:
    """Find marks in texts, verify receipts, write and read labels."""


for _group in (label, key):
    command.add_command(_group)


@command.command("init")
@click.argument("folder", type=file_type)
def init(folder: Path) -> None:
    """Make a root key and a receipt key in FOLDER, and print the receipt key's digest."""
    answer(f"{make_material(folder).key}\n")


@command.command("detect")
@click.argument("file", type=text_type)
@registry_option
@root_option
@shelf_option
@trusted_option
@tokenizer_option
@ledger_option
@click.option("--scan", is_flag=True, help="Try the tag of every receipt on the shelf.")
@click.option("--from-ns", type=int, default=0, metavar="NS", help="Scan receipts from here on.")
@click.option("--until-ns", type=int, metavar="NS", help="Scan receipts before; now by default.")
@click.option("--lines", is_flag=True, help="FILE holds JSON lines, each with a member text.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found.")
@format_option
def detect(  # noqa: PLR0913 - one parameter per option
    file: Path,
    registry_file: Path,
    root_name: str | None,
    shelf_file: Path | None,
    key_files: tuple[Path, ...],
    tokenizers: tuple[str, ...],
    url: str | None,
    scan: bool,  # noqa: FBT001
    from_ns: int,
    until_ns: int | None,
    lines: bool,  # noqa: FBT001
    exit_zero: bool,  # noqa: FBT001
    form: str,
) -> int:
    """Say what can be known of a text: a verdict in words, and p-values.

    Exit 0 means authentic and nothing less, 3 inconclusive, 10 every other
    verdict. With --lines the worst answer decides.
    """
    from audit.watermark.examine import Examiner, Sources, Span

    registry = KeyRegistry.read(read_bounded(registry_file), source=str(registry_file))
    keys = derive_all(root_key(root_name), registry)
    with contextlib.ExitStack() as stack:
        shelf = stack.enter_context(ReceiptShelf(shelf_file)) if shelf_file else None
        examiner = Examiner(
            sources=Sources(registry, keys, shelf, read_trusted(key_files), read_recorded(url)),
            tokenizers=dict(stack.enter_context(open_tokenizer(name)) for name in tokenizers),
            scan=Span(from_ns, until_ns or now_ns()) if scan else None,
        )
        code = 0
        for text in _texts(file, lines=lines):
            found = examiner.examine(text)
            json = found.model_dump_json(indent=None if lines else 2) + "\n"
            answer(detection_text(found) if form == "text" else json)
            code = max(code, _EXIT.get(found.verdict, 10))
    return 0 if exit_zero else code


@command.command("foreign")
@click.argument("file", type=text_type)
@click.option("--config", "config_file", type=file_type, required=True, metavar="FILE",
    help="The watermarking_config of transformers, JSON.")  # fmt: skip
@click.option("--vocabulary", type=click.IntRange(2), metavar="N", help="The model's vocab_size.")
@tokenizer_option
@format_option
def foreign(
    file: Path, config_file: Path, vocabulary: int | None, tokenizers: tuple[str, ...], form: str
) -> int:
    """Test a text for a green-list or tournament mark that somebody else made.

    Exit 0 when it is present, 3 when that cannot be told, 10 otherwise. No receipt,
    moment or release follows from such a mark.
    """
    from audit.watermark.examine import encode, log10_text
    from audit.watermark.mark import decide
    from audit.watermark.native import Tournament, foreign_mark, read_foreign

    if len(tokenizers) != 1:
        raise UsageError("name the model's tokenizer once, with --tokenizer")
    wanted = read_foreign(read_bounded(config_file), vocabulary=vocabulary, source=str(config_file))
    with open_tokenizer(tokenizers[0]) as (_, tokenizer):
        mark = foreign_mark(encode(tokenizer, read_text(file)), wanted)
    found = ForeignDetection(
        scheme="tournament" if isinstance(wanted, Tournament) else "green-list",
        decision=decide(mark.log10_p),
        log10_p=log10_text(mark.log10_p),
        counted=mark.tokens,
    )
    answer(foreign_text(found) if form == "text" else found.model_dump_json(indent=2) + "\n")
    return {Decision.PRESENT: 0, Decision.INCONCLUSIVE: 3}.get(found.decision, 10)


@command.group("receipt")
def receipt() -> None:
    """Verify receipts offline; destroy what ties them to a text."""


@receipt.command("verify")
@click.argument("source", metavar="FILE|ID")
@trusted_option
@shelf_option
@click.option("--text", "text_file", type=text_type, metavar="FILE", help="The delivered text.")
@click.option("--key-registry", "registry_file", type=file_type, metavar="FILE")
@ledger_option
@pack_option
@pack_policy_option
@format_option
def receipt_verify(  # noqa: PLR0913
    source: str,
    key_files: tuple[Path, ...],
    shelf_file: Path | None,
    text_file: Path | None,
    registry_file: Path | None,
    url: str | None,
    pack_file: Path | None,
    policy_file: Path | None,
    form: str,
) -> None:
    """Verify a receipt's signature, and its text, key and ledger entry when they are given.

    The entry is looked for in the ledger, or in an evidence pack.

    Nothing is asked over a network. Exit 10 when anything does not hold.
    """
    pack = read_pack(pack_file, policy_file)
    record = read_record(source, shelf_file, pack)
    verified = verify_receipt(record.signed, read_trusted(key_files))
    checked = ["signature"]
    if registry_file is not None:
        registry = KeyRegistry.read(read_bounded(registry_file), source=str(registry_file))
        verify_key(verified, registry)
        checked.append("key")
    if text_file is not None:
        if record.salt is None:
            raise UsageError("the receipt's salt was destroyed; no text can be checked against it")
        verify_text(verified, bytes.fromhex(record.salt), read_text(text_file))
        checked.append("text")
    if (recorded := read_recorded(url, pack)) is not None:
        checked.append(f"ledger entry {verify_recorded(verified, recorded).seq}")
    shown = receipt_text(verified, checked)
    answer(shown if form == "text" else record.model_dump_json(indent=2) + "\n")


@receipt.command("unfinished")
@ledger_option
def receipt_unfinished(url: str | None) -> int:
    """List responses that began and neither were served nor failed; exit 10 when there are any.

    They were cut off between answer and ledger, unless they are being written now.
    """
    recorded = read_recorded(url)
    if recorded is None:
        raise UsageError("name the ledger with --ledger")
    found = recorded.unfinished()
    answer(
        "".join(f"{receipt_id} began at {ts_ns} ns\n" for receipt_id, ts_ns in found) or "none\n"
    )
    return 10 if found else 0


@receipt.command("erase")
@click.argument("receipt_id", metavar="ID")
@shelf_option
def receipt_erase(receipt_id: str, shelf_file: Path | None) -> None:
    """Destroy salt, sketch and fingerprint of a receipt; the signed receipt stays."""
    with ReceiptShelf(needed(shelf_file)) as shelf:
        if not shelf.erase(receipt_id):
            raise UsageError(f"receipt {receipt_id} is not on the shelf")
    answer(f"erased: {receipt_id}\n")


def _texts(file: Path, *, lines: bool) -> Iterator[str]:
    if not lines:
        yield read_text(file)
        return
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if not line.strip():
            continue
        value = strict_json.loads(line.encode(), source=f"{file}:{number}")
        text = value.get("text") if isinstance(value, dict) else None
        if not isinstance(text, str):
            raise ConfigError(f"{file}:{number}: not an object with a member text")
        yield text
