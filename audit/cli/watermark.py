"""`audit watermark`."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.cli._answer import answer, format_option, output_option
from audit.cli._watermark_text import detection_text, label_text, receipt_text
from audit.core import strict_json
from audit.core.clock import now_ns
from audit.core.errors import ConfigError, UsageError
from audit.core.files import read_bounded, write_whole
from audit.documents import (
    DetectionVerdict,
    Explicit,
    KeyRegistry,
    ReceiptRecord,
    RegisteredKey,
)
from audit.watermark import (
    ReceiptShelf,
    RootKey,
    add_key,
    derive_all,
    derive_epoch,
    read_root,
    read_trusted,
    revoke_key,
    root_from,
    verify_key,
    verify_receipt,
    verify_text,
)
from audit.watermark.labels import (
    Carrier,
    add_label,
    after,
    before,
    carrier_of,
    find_explicit,
    find_label,
    label_for,
    label_remarks,
    verify_label,
)

if TYPE_CHECKING:
    from audit.watermark.examine import Tokenizer

MAX_TEXT = 16 << 20
_EXIT = {DetectionVerdict.AUTHENTIC: 0, DetectionVerdict.INCONCLUSIVE: 3}
_file = click.Path(path_type=Path)
_text_file = click.Path(path_type=Path, allow_dash=True)

registry_option = click.option(
    "--key-registry", "registry_file", type=_file, required=True, metavar="FILE",
    envvar="AUDIT_KEY_REGISTRY", help="The public list of keys. [env: AUDIT_KEY_REGISTRY]",
)  # fmt: skip
root_option = click.option(
    "--root-key", "root_file", type=_file, metavar="FILE",
    help="The root key, 64 hex digits, mode 0600; without it AUDIT_WATERMARK_ROOT is read.",
)  # fmt: skip
shelf_option = click.option(
    "--shelf", "shelf_file", type=_file, metavar="FILE", envvar="AUDIT_RECEIPTS",
    help="The receipt shelf. [env: AUDIT_RECEIPTS]",
)  # fmt: skip
trusted_option = click.option(
    "--key", "key_files", type=_file, multiple=True, metavar="FILE",
    help="A public receipt key (PEM, Ed25519) that is trusted; may be repeated.",
)  # fmt: skip
tokenizer_option = click.option(
    "--tokenizer", "tokenizers", multiple=True, metavar="SOURCE",
    help="A tokenizer.json, a GGUF file, or the http:// address of a llama-server.",
)  # fmt: skip


@click.group("watermark")
def command() -> None:
    """Find marks in texts, verify receipts, write and read labels."""


@command.command("detect")
@click.argument("file", type=_text_file)
@registry_option
@root_option
@shelf_option
@trusted_option
@tokenizer_option
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
            sources=Sources(registry, keys, shelf, read_trusted(key_files)),
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
@click.option("--text", "text_file", type=_text_file, metavar="FILE", help="The delivered text.")
@click.option("--key-registry", "registry_file", type=_file, metavar="FILE")
@format_option
def receipt_verify(  # noqa: PLR0913
    source: str,
    key_files: tuple[Path, ...],
    shelf_file: Path | None,
    text_file: Path | None,
    registry_file: Path | None,
    form: str,
) -> None:
    """Verify a receipt's signature, and its text and key when they are given.

    Nothing is asked over a network. Exit 10 when anything does not hold.
    """
    record = _record(source, shelf_file)
    verified = verify_receipt(record.signed, read_trusted(key_files))
    checked = ["signature"]
    if registry_file is not None:
        registry = KeyRegistry.read(read_bounded(registry_file), source=str(registry_file))
        verify_key(verified, registry)
        checked.append("key")
    if text_file is not None:
        if record.salt is None:
            raise UsageError("the receipt's salt was destroyed; no text can be checked against it")
        verify_text(verified, bytes.fromhex(record.salt), _read_text(text_file))
        checked.append("text")
    shown = receipt_text(verified, checked)
    answer(shown if form == "text" else record.model_dump_json(indent=2) + "\n")


@receipt.command("erase")
@click.argument("receipt_id", metavar="ID")
@shelf_option
def receipt_erase(receipt_id: str, shelf_file: Path | None) -> None:
    """Destroy salt, sketch and fingerprint of a receipt; the signed receipt stays."""
    with ReceiptShelf(_needed(shelf_file)) as shelf:
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


@command.group("label")
def label() -> None:
    """Labels of GB 45438-2025: metadata, and the words people read."""


@label.command("add")
@click.argument("file", type=_text_file)
@click.option("--receipt", "source", required=True, metavar="FILE|ID")
@click.option("--producer", required=True, metavar="CODE", help="The registered producer code.")
@click.option(
    "--propagator", metavar="CODE", help="The propagator's code; the producer by default."
)
@click.option(
    "--explicit", type=click.Choice([place.value for place in Explicit]),
    default=Explicit.NONE.value, show_default=True,
    help="Where the words people read are put; texts only.",
)  # fmt: skip
@shelf_option
@output_option
def label_add(  # noqa: PLR0913
    file: Path,
    source: str,
    producer: str,
    propagator: str | None,
    explicit: str,
    shelf_file: Path | None,
    output: Path | None,
) -> None:
    """Print the file with its label in it; nothing else in it changes."""
    signed = _record(source, shelf_file).signed
    text, carrier, place = _read_text(file), carrier_of(file.name), Explicit(explicit)
    if place is not Explicit.NONE:
        if carrier is not Carrier.TEXT:
            raise UsageError(f"{file}: words for people are put into texts only")
        text = f"{before(place)}{text.rstrip() if after(place) else text}{after(place)}"
    made = label_for(signed, producer=producer, propagator=propagator)
    answer(add_label(text, made, carrier, source=str(file)), output)


@label.command("read")
@click.argument("file", type=_text_file)
@format_option
def label_read(file: Path, form: str) -> int:
    """Print the label of a file. Exit 10 when there is none."""
    text = _read_text(file)
    found = find_label(text, carrier_of(file.name), source=str(file))
    if form == "text":
        answer(label_text(found, find_explicit(text)))
    elif found is not None:
        answer(found.model_dump_json(by_alias=True, indent=2) + "\n")
    return 0 if found is not None else 10


@label.command("check")
@click.argument("file", type=_text_file)
@click.option("--receipt", "source", required=True, metavar="FILE|ID")
@trusted_option
@shelf_option
@click.option("--explicit", is_flag=True, help="The words people read must be there, too.")
def label_check(
    file: Path,
    source: str,
    key_files: tuple[Path, ...],
    shelf_file: Path | None,
    explicit: bool,  # noqa: FBT001
) -> int:
    """Check that a file's label is complete and leads to a receipt that verifies."""
    text = _read_text(file)
    found = find_label(text, carrier_of(file.name), source=str(file))
    problems = list(label_remarks(found)) if found else ["there is no metadata label"]
    if explicit and find_explicit(text) is Explicit.NONE:
        problems.append("the words people read are not at the start or the end")
    if found is not None:
        signed = _record(source, shelf_file).signed
        verify_receipt(signed, read_trusted(key_files))
        verify_label(found, signed)
    answer("".join(f"problem: {line}\n" for line in problems) or "label holds\n")
    return 10 if problems else 0


def _record(source: str, shelf_file: Path | None) -> ReceiptRecord:
    """Return the record in a file, or on the shelf when `source` is a receipt id."""
    if shelf_file is not None and not Path(source).exists():
        with ReceiptShelf(_needed(shelf_file)) as shelf:
            found = shelf.find(source)
        if found is None:
            raise UsageError(f"receipt {source} is not on the shelf")
        return found
    return ReceiptRecord.read(read_bounded(Path(source)), source=source)


def _needed(shelf_file: Path | None) -> Path:
    if shelf_file is None or not shelf_file.is_file():
        raise UsageError(f"{shelf_file or 'no receipt shelf'}: name one with --shelf")
    return shelf_file


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
        yield _read_text(file)
        return
    for number, line in enumerate(_read_text(file).split("\n"), start=1):
        if not line.strip():
            continue
        value = strict_json.loads(line.encode(), source=f"{file}:{number}")
        text = value.get("text") if isinstance(value, dict) else None
        if not isinstance(text, str):
            raise ConfigError(f"{file}:{number}: not an object with a member text")
        yield text


def _read_text(file: Path) -> str:
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
