"""Blobs on disk under their digest (OCI image-spec 1.1, image-layout.md).

The rules:

* A blob gets its name after its bytes are on disk and hashed, never before.
* A file that already has the name is not trusted: it is replaced by the bytes just hashed.
* What is read into memory is bounded, and its digest is checked before it is returned.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from audit.core.errors import DigestMismatch, EvidenceError, FileChanged, InputMissing
from audit.core.files import make_folder, open_regular, reading, write_whole, writing
from audit.core.progress import SILENT, Progress
from audit.documents import is_digest
from audit.oci._descriptor import Descriptor, digest_of

CHUNK = 1 << 20


class Blobs:
    """The folder `blobs/sha256` of a layout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: str) -> Path:
        """Return where the blob lies, whether it is there or not.

        Raises:
            EvidenceError: not a SHA-256 digest, so not the name of anything here.
        """
        if not (is_digest(digest) and digest.startswith("sha256:")):
            raise EvidenceError(f"{digest!r} is not a sha256 digest and names no blob")
        return self._folder / digest.removeprefix("sha256:")

    def add(self, data: bytes) -> str:
        """Store `data` and return its digest.

        Raises:
            StorageFailed: it cannot be written.
        """
        digest = digest_of(data)
        make_folder(self._folder)
        with write_whole(self.path(digest)) as file:
            file.write(data)
        return digest

    def add_file(self, source: Path, *, progress: Progress = SILENT) -> tuple[str, int]:
        """Copy a file in one pass and return its digest and size.

        Raises:
            InputMissing: the file is not there or cannot be read.
            FileChanged: it changed while it was copied.
            StorageFailed: the copy cannot be written.
        """
        make_folder(self._folder)
        beside = self._folder / f".{secrets.token_hex(8)}"  # the digest is known at the end
        hasher = hashlib.sha256()
        try:
            with open_regular(source) as file, write_whole(beside) as copy:
                before = os.fstat(file.fileno())
                progress.start(source.name, before.st_size)
                for chunk in _chunks(file, source):
                    hasher.update(chunk)
                    copy.write(chunk)
                    progress.advance(len(chunk))
                after, size = os.fstat(file.fileno()), copy.tell()
                if size != before.st_size or after.st_mtime_ns != before.st_mtime_ns:
                    raise FileChanged(f"{source} changed while it was packaged")
            digest = "sha256:" + hasher.hexdigest()
            _rename(beside, self.path(digest))
        finally:
            beside.unlink(missing_ok=True)
        return digest, size

    def read(self, digest: str, *, limit: int) -> bytes:
        """Return a blob of at most `limit` bytes.

        Raises:
            EvidenceError: it is not there, or larger.
            DigestMismatch: the bytes have another digest.
        """
        try:
            with open_regular(self.path(digest)) as file:
                data = file.read(limit + 1)
        except InputMissing as exc:
            raise EvidenceError(f"blob {digest} is not in the layout") from exc
        if len(data) > limit:
            raise EvidenceError(f"blob {digest} is larger than the {limit} bytes read at most")
        if (found := digest_of(data)) != digest:
            raise DigestMismatch(f"blob {digest}", expected=digest, found=found)
        return data

    def into(self, file: IO[bytes], descriptor: Descriptor, *, progress: Progress = SILENT) -> None:
        """Write a blob's bytes to a file; they count only if this returns.

        Raises:
            EvidenceError: it is not there or cannot be read.
            DigestMismatch: the bytes have another digest.
        """
        found = self._hashed(descriptor, progress, file)
        if found is None:
            raise EvidenceError(f"blob {descriptor.digest} is not in the layout")
        if found != descriptor.digest:
            name = f"blob {descriptor.digest}"
            raise DigestMismatch(name, expected=descriptor.digest, found=found)

    def check(self, descriptor: Descriptor, *, progress: Progress = SILENT) -> str | None:
        """Return the digest that a blob's bytes really have, or None when it is not there.

        Raises:
            EvidenceError: it is there and cannot be read.
        """
        return self._hashed(descriptor, progress, None)

    def _hashed(
        self, descriptor: Descriptor, progress: Progress, copy: IO[bytes] | None
    ) -> str | None:
        path = self.path(descriptor.digest)
        if not os.path.lexists(path):
            return None
        hasher = hashlib.sha256()
        progress.start(descriptor.digest[:19], descriptor.size)
        try:
            with open_regular(path) as file:
                for chunk in _chunks(file, path):
                    hasher.update(chunk)
                    if copy is not None:
                        copy.write(chunk)
                    progress.advance(len(chunk))
        except InputMissing as exc:
            raise EvidenceError(f"blob {descriptor.digest} cannot be read: {exc}") from exc
        return "sha256:" + hasher.hexdigest()


def _chunks(file: BinaryIO, path: Path) -> Iterator[memoryview]:
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    while True:
        try:
            count = os.readv(file.fileno(), [buffer])
        except OSError as exc:  # told apart here from a failed write of the copy
            raise reading(path, exc) from exc
        if not count:
            return
        yield view[:count]


def _rename(part: Path, path: Path) -> None:
    try:
        part.replace(path)
    except OSError as exc:
        raise writing(path, exc) from exc
