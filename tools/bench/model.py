"""Reading headers: what inspection adds to hashing the same bytes."""

import hashlib
import os
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from struct import pack

from audit.documents import FileDigests
from audit.model import NamedFile, inspect_files
from tools.bench._figure import Figure, median_ratio

SIZE = 98 << 20
WORDS = 49_152
NO_DIGESTS = FileDigests(size=0, blake3="blake3:" + "0" * 64, sha256="sha256:" + "0" * 64)


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="audit-bench-") as name:
        path = Path(name) / "model.gguf"
        write_model(path)
        yield from reading(path)


def reading(path: Path) -> Iterator[Figure]:
    def read() -> None:
        (file,) = inspect_files([NamedFile(path.name, path)], hash_file=lambda _: NO_DIGESTS).files
        if file.refusal is not None:
            raise RuntimeError(f"the bench's own model is refused: {file.refusal.detail}")

    def sha256() -> None:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")

    ratio, spread = median_ratio(read, sha256)
    yield Figure(
        f"header of a GGUF with {WORDS} words and merges over sha256 of its 98 MiB",
        ratio,
        spread,
        at_most=1,
    )
    times = []
    for _ in range(5):
        began = time.process_time()
        read()
        times.append(time.process_time() - began)
    detail = f"median of 5, {min(times):.3f}..{max(times):.3f}, load {os.getloadavg()[0]:.1f}"
    yield Figure("CPU seconds of that header", sorted(times)[2], detail, at_most=0.3)
    tracemalloc.start()
    read()
    peak = tracemalloc.get_traced_memory()[1] / (1 << 20)
    tracemalloc.stop()
    yield Figure("peak MiB of Python memory for that header", peak, "tracemalloc", at_most=8)


def write_model(path: Path) -> None:
    """Write a GGUF with a real model's vocabulary in size, and one tensor of random bytes."""
    words = [f"tok{number:x}".encode() for number in range(WORDS)]
    keys = [
        _text(b"general.architecture") + pack("<I", 8) + _text(b"llama"),
        _text(b"tokenizer.ggml.tokens") + pack("<IIQ", 9, 8, WORDS) + b"".join(map(_text, words)),
        _text(b"tokenizer.ggml.merges") + pack("<IIQ", 9, 8, WORDS) + b"".join(map(_text, words)),
        _text(b"tokenizer.ggml.token_type") + pack("<IIQ", 9, 5, WORDS) + bytes(4 * WORDS),
    ]
    head = b"GGUF" + pack("<IQQ", 3, 1, len(keys)) + b"".join(keys)
    head += _text(b"t") + pack("<IQIQ", 1, SIZE, 24, 0)
    with path.open("wb") as file:
        file.write(head + bytes(-len(head) % 32))
        for _ in range(SIZE >> 20):
            file.write(os.urandom(1 << 20))


def _text(data: bytes) -> bytes:
    return pack("<Q", len(data)) + data
