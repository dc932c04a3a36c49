"""`audit watermark key`, and the options that name keys and tokenizers."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.cli._answer import answer
from audit.cli._watermark_files import file_type
from audit.core.clock import now_ns
from audit.core.errors import UsageError
from audit.core.files import make_folder, read_bounded, write_whole
from audit.documents import KeyRegistry, MarkProfile, RegisteredKey, Scheme, native_profile
from audit.watermark import (
    RootKey,
    add_key,
    derive_epoch,
    derive_registered,
    open_root,
    revoke_key,
    root_from,
    vllm_config,
    write_engine_key,
)

if TYPE_CHECKING:
    from audit.watermark.examine import Tokenizer

registry_option = click.option(
    "--key-registry", "registry_file", type=file_type, required=True, metavar="FILE",
    envvar="AUDIT_KEY_REGISTRY", help="The public list of keys. [env: AUDIT_KEY_REGISTRY]",
)  # fmt: skip
root_option = click.option(
    "--root-key", "root_name", metavar="FILE|pkcs11:...",
    help="The root key, 64 hex digits, mode 0600; without it AUDIT_WATERMARK_ROOT is read. "
    "A device's PIN is read from the file that AUDIT_WATERMARK_PIN_FILE names.",
)  # fmt: skip
tokenizer_option = click.option(
    "--tokenizer", "tokenizers", multiple=True, metavar="SOURCE",
    help="A tokenizer.json, a GGUF file, or the http:// address of a llama-server.",
)  # fmt: skip


@click.group("key")
def key() -> None:
    """Keep the registry of mark keys."""


@key.command("add")
@registry_option
@root_option
@tokenizer_option
@click.option("--model", "model_id", required=True, metavar="ID")
@click.option("--artifact", required=True, metavar="DIGEST", help="The release's OCI digest.")
@click.option("--epoch", required=True, metavar="NAME", help="Such as 2026-W48.")
@click.option(
    "--scheme", type=click.Choice([scheme.value for scheme in Scheme]),
    default=Scheme.AUDIT_G1.value, show_default=True, help="Ours, or the engine's own mark.",
)  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3660), default=7, show_default=True)
def key_add(  # noqa: PLR0913
    registry_file: Path,
    root_name: str | None,
    tokenizers: tuple[str, ...],
    model_id: str,
    artifact: str,
    epoch: str,
    scheme: str,
    days: int,
) -> None:
    """Derive the key of a model and epoch, add its line, and print its id.

    The registry is made when it is not there. It holds no secret.
    """
    if len(tokenizers) != 1:
        raise UsageError("name the model's tokenizer once, with --tokenizer")
    with open_tokenizer(tokenizers[0]) as (tokenizer_digest, _):
        now = now_ns()
        line = RegisteredKey(
            key_id=derive_epoch(root_key(root_name), artifact, epoch).key_id,
            epoch=epoch,
            model_id=model_id,
            model_digest=artifact,
            tokenizer_digest=tokenizer_digest,
            profile=_profile(Scheme(scheme)),
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


@key.command("export")
@click.argument("key_id", metavar="KEY-ID")
@registry_option
@root_option
@click.option("--to", "folder", type=file_type, required=True, metavar="FOLDER")
def key_export(key_id: str, registry_file: Path, root_name: str | None, folder: Path) -> None:
    """Write what an engine needs of a key into FOLDER, for its owner alone, and print the path.

    For vLLM's own mark that is a configuration (vllm serve --watermark-config "$(cat FILE)"),
    for our plug-in in vLLM a key file (AUDIT_ENGINE_KEYS=FOLDER). SGLang needs
    nothing: the gateway sends each request its key.
    """
    line = _registry(registry_file).find_key(key_id)
    if line is None:
        raise UsageError(f"key {key_id} is not in the registry")
    keys = derive_registered(root_key(root_name), line)
    make_folder(folder)
    if line.profile.scheme is Scheme.AUDIT_G1:
        answer(f"{write_engine_key(folder, line, keys)}\n")
        return
    if line.profile.scheme is Scheme.SGLANG_GUMBEL:
        raise UsageError(f"key {key_id} marks each request of SGLang with a key of its own")
    path = folder / f"{key_id}.vllm.json"
    with write_whole(path, mode=0o600) as file:
        file.write(vllm_config(line.profile, keys).encode() + b"\n")
    answer(f"{path}\n")


def _registry(path: Path) -> KeyRegistry:
    if not path.exists():
        return KeyRegistry(keys=())
    return KeyRegistry.read(read_bounded(path), source=str(path))


def _write_registry(path: Path, registry: KeyRegistry) -> None:
    with write_whole(path) as file:
        file.write(registry.model_dump_json(indent=2).encode() + b"\n")


def root_key(name: str | None) -> RootKey:
    """Return the root key in a file, a device, or the environment."""
    if name is None:
        return root_from(os.environ)
    pin = os.environ.get("AUDIT_WATERMARK_PIN_FILE")
    return open_root(name, pin_file=Path(pin) if pin else None)


@contextlib.contextmanager
def open_tokenizer(source: str) -> Iterator[tuple[str, "Tokenizer"]]:
    """Give a tokenizer and its digest while the block runs."""
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


def _profile(scheme: Scheme) -> MarkProfile:
    return MarkProfile() if scheme is Scheme.AUDIT_G1 else native_profile(scheme)
