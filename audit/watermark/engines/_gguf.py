"""A llama-server inside this process, for a GGUF file (package xllamacpp)."""

import contextlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from audit.core.errors import InputMissing, UsageError
from audit.watermark.engines._llama import LlamaServer


@contextlib.contextmanager
def serve_gguf(path: Path, *, context: int = 2048) -> Iterator[LlamaServer]:
    """Serve a model file on loopback with one thread while the block runs.

    More threads than free cores make it slower, not faster; a production
    engine is a llama-server of its own.

    Raises:
        InputMissing: there is no such file.
        UsageError: xllamacpp is not installed, or cannot be loaded, or cannot load the
            file.
    """
    if not path.is_file():
        raise InputMissing(f"cannot read {path}: no such file")
    try:
        library = import_module("xllamacpp")
    except ModuleNotFoundError as exc:
        raise UsageError(
            "serving a GGUF file needs xllamacpp", hint="pip install xllamacpp"
        ) from exc
    except ImportError as exc:
        raise UsageError(
            f"xllamacpp is installed and cannot be loaded: {exc}",
            hint="add that library (on Debian: apt install libgomp1), or serve with a llama-server",
        ) from exc
    params = library.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context
    params.n_parallel = 1
    params.warmup = False
    params.verbosity = 0
    params.n_threads_http = 2
    params.ui = False
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = 1
        cpu.poll = 0
    try:
        server = library.Server(params)
    except RuntimeError as exc:
        raise UsageError(f"{path}: xllamacpp cannot load it") from exc
    try:
        with LlamaServer(server.listening_address) as engine:
            yield engine
    finally:
        del server
