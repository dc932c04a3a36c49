"""`audit watermark`."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.cli._answer import answer, format_option
from audit.cli._watermark_files import (
    file_type,
    ledger_option,
    needed,
    read_record,
    read_recorded,
    read_text,
    shelf_option,
    text_type,
    trusted_option,
)
from audit.cli._watermark_labels import label
from audit.cli._watermark_text import detection_text, receipt_text
from audit.core import strict_json
from audit.core.clock import now_ns
from audit.core.errors import ConfigError, UsageError
from audit.core.files import read_bounded, write_whole
from audit.documents import (
    DetectionVerdict,
    KeyRegistry,
    RegisteredKey,
)
from audit.watermark import (
    ReceiptShelf,
    RootKey,
    add_key,
    derive_all,
    derive_epoch,
    make_material,
    read_root,
    read_trusted,
    revoke_key,
    root_from,
    verify_key,
    verify_receipt,
    verify_recorded,
    verify_text,
)

if TYPE_CHECKING:
    from audit.watermark.examine import Tokenizer

_EXIT = {DetectionVerdict.AUTHENTIC: 0, DetectionVerdict.INCONCLUSIVE: 3}

registry_option = click.option(
    "--key-registry", "registry_file", type=file_type, required=True, metavar="FILE",
    envvar="AUDIT_KEY_REGISTRY", help="The public list of keys. [env: AUDIT_KEY_REGISTRY]",
)  # fmt: skip
root_option = click.option(
    "--root-key", "root_file", type=file_type, metavar="FILE",
    help="The root key, 64 hex digits, mode 0600; without it AUDIT_WATERMARK_ROOT is read.",
)  # fmt: skip
tokenizer_option = click.option(
    "--tokenizer", "tokenizers", multiple=True, metavar="SOURCE",
    help="A tokenizer.json, a GGUF file, or the http:// address of a llama-server.",
)  # fmt: skip


@click.group("watermark")
def command() -> None:
    """Find marks in texts, verify receipts, write and read labels."""


command.add_command(label)


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
@click.option("--lines", is_flag=True, help="FILE holds JSON lines, each with a member text.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found.")
@format_option
def detect(  # noqa: PLR0913 - one parameter per option
    file: Path,
    registry_file: Path,
    root_file: Path | None,
    shelf_file: Path | None,
    key_files: tuple[Path, ...],
    tokenizers: tuple[str, ...],
    url: str | None,
    scan: bool,  # noqa: FBT001
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
    keys = derive_all(_root(root_file), registry)
    with contextlib.ExitStack() as stack:
        shelf = stack.enter_context(ReceiptShelf(shelf_file)) if shelf_file else None
        examiner = Examiner(
            sources=Sources(registry, keys, shelf, read_trusted(key_files), read_recorded(url)),
            tokenizers=dict(stack.enter_context(_tokenizer(name)) for name in tokenizers),
            scan=Span(0, now_ns()) if scan else None,
        )
        code = 0
        for text in _texts(file, lines=lines):
            found = examiner.examine(text)
            json = found.model_dump_json(indent=None if lines else 2) + "\n"
            answer(detection_text(found) if form == "text" else json)
            code = max(code, _EXIT.get(found.verdict, 10))
    return 0 if exit_zero else code


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
@format_option
def receipt_verify(  # noqa: PLR0913
    source: str,
    key_files: tuple[Path, ...],
    shelf_file: Path | None,
    text_file: Path | None,
    registry_file: Path | None,
    url: str | None,
    form: str,
) -> None:
    """Verify a receipt's signature, and its text, key and ledger entry when they are given.

    Nothing is asked over a network. Exit 10 when anything does not hold.
    """
    record = read_record(source, shelf_file)
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
    if (recorded := read_recorded(url)) is not None:
        checked.append(f"ledger entry {verify_recorded(verified, recorded).seq}")
    shown = receipt_text(verified, checked)
    answer(shown if form == "text" else record.model_dump_json(indent=2) + "\n")


@receipt.command("erase")
@click.argument("receipt_id", metavar="ID")
@shelf_option
def receipt_erase(receipt_id: str, shelf_file: Path | None) -> None:
    """Destroy salt, sketch and fingerprint of a receipt; the signed receipt stays."""
    with ReceiptShelf(needed(shelf_file)) as shelf:
        if not shelf.erase(receipt_id):
            raise UsageError(f"receipt {receipt_id} is not on the shelf")
    answer(f"erased: {receipt_id}\n")


@command.group("key")
def key() -> None:
    """Keep the registry of mark keys."""


@key.command("add")
@registry_option
@root_option
@tokenizer_option
@click.option("--model", "model_id", required=True, metavar="ID")
@click.option("--artifact", required=True, metavar="DIGEST", help="The release's OCI digest.")
@click.option("--epoch", required=True, metavar="NAME", help="Such as 2026-W48.")
@click.option("--days", type=click.IntRange(1, 3660), default=7, show_default=True)
def key_add(  # noqa: PLR0913
    registry_file: Path,
    root_file: Path | None,
    tokenizers: tuple[str, ...],
    model_id: str,
    artifact: str,
    epoch: str,
    days: int,
) -> None:
    """Derive the key of a model and epoch, add its line, and print its id.

    The registry is made when it is not there. It holds no secret.
    """
    from audit.documents import MarkProfile

    if len(tokenizers) != 1:
        raise UsageError("name the model's tokenizer once, with --tokenizer")
    with _tokenizer(tokenizers[0]) as (tokenizer_digest, _):
        now = now_ns()
        line = RegisteredKey(
            key_id=derive_epoch(_root(root_file), artifact, epoch).key_id,
            epoch=epoch,
            model_id=model_id,
            model_digest=artifact,
            tokenizer_digest=tokenizer_digest,
            profile=MarkProfile(),
            valid_from_ns=now,
            valid_until_ns=now + days * 86_400 * 10**9,
        )
    _write_registry(registry_file, add_key(_registry(registry_file), line))
    answer(f"{line.key_id}\n")


@key.command("revoke")
@click.argument("key_id", metavar="KEY-ID")
@registry_option
@click.option("--at-ns", type=int, metavar="NS", help="From when on; now by default.")
def key_revoke(key_id: str, registry_file: Path, at_ns: int | None) -> None:
    """Let a key count for nothing from a moment on; receipts before it still count."""
    at = now_ns() if at_ns is None else at_ns
    _write_registry(registry_file, revoke_key(_registry(registry_file), key_id, at_ns=at))
    answer(f"revoked: {key_id} from {at}\n")


def _registry(path: Path) -> KeyRegistry:
    if not path.exists():
        return KeyRegistry(keys=())
    return KeyRegistry.read(read_bounded(path), source=str(path))


def _write_registry(path: Path, registry: KeyRegistry) -> None:
    with write_whole(path) as file:
        file.write(registry.model_dump_json(indent=2).encode() + b"\n")


def _root(path: Path | None) -> RootKey:
    return read_root(path) if path else root_from(os.environ)


@contextlib.contextmanager
def _tokenizer(source: str) -> Iterator[tuple[str, "Tokenizer"]]:
    from audit.watermark.engines import JsonTokenizer, LlamaServer, serve_gguf
    from audit.watermark.examine import tokenizer_digest

    if source.startswith("http:"):
        with LlamaServer(source) as server:
            yield tokenizer_digest(server), server
    elif source.endswith(".gguf"):
        with serve_gguf(Path(source), context=256) as server:
            yield tokenizer_digest(server), server
    else:
        tokenizer = JsonTokenizer(Path(source))
        yield tokenizer_digest(tokenizer), tokenizer


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
