"""An OCI image layout on disk (image-spec 1.1, image-layout.md).

The rules:

* `index.json` is rewritten whole, under a lock, in one order: the same contents give
  the same bytes.
* What attaches itself to an artifact is found by opening every manifest and reading
  its `subject`; descriptions of it in an index are not believed.
* A manifest that is missing, damaged or malformed attaches nothing.

Trust: none in the layout. Whoever can write to it can remove a signature, which a
gate takes as unsigned, but cannot make one.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from typing_extensions import override

from audit.core import strict_json
from audit.core.errors import (
    ConfigError,
    DigestMismatch,
    EvidenceError,
    InputMissing,
    VerificationError,
)
from audit.core.files import make_folder, read_bounded, write_whole, writing
from audit.core.progress import SILENT, Progress
from audit.oci._blobs import Blobs
from audit.oci._descriptor import Descriptor, digest_of
from audit.oci._manifest import (
    INDEX_TYPE,
    MAX_MANIFEST,
    Manifest,
    manifest_kind,
    parse_index,
    parse_manifest,
)
from audit.oci._store import Store

REF_NAME = "org.opencontainers.image.ref.name"
_VERSION = {"imageLayoutVersion": "1.0.0"}


class Layout(Store):
    """One image layout; `create` or `open` it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._blobs = Blobs(path / "blobs" / "sha256")

    @classmethod
    def create(cls, path: Path) -> "Layout":
        """Make an empty layout, or open the one that is there.

        Raises:
            StorageFailed: it cannot be written.
            ConfigError: something else is there.
        """
        layout = cls(path)
        make_folder(path / "blobs" / "sha256")
        with layout._locked():
            if not (path / "index.json").exists():
                layout._write_index({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []})
            if not (path / "oci-layout").exists():
                with write_whole(path / "oci-layout") as file:
                    file.write(_json(_VERSION))
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> "Layout":
        """Open a layout that is there.

        Raises:
            InputMissing: there is none.
            ConfigError: it is of another version, or malformed.
        """
        mark = path / "oci-layout"
        if not mark.is_file():
            raise InputMissing(f"{path} is not an OCI image layout: it has no file oci-layout")
        version = strict_json.loads(read_bounded(mark, limit=4096), source=str(mark))
        if not isinstance(version, dict) or version.get("imageLayoutVersion") != "1.0.0":
            raise ConfigError(f"{mark}: imageLayoutVersion is not 1.0.0")
        layout = cls(path)
        layout._read_index()
        return layout

    # Writing

    def add_file(
        self,
        path: Path,
        *,
        media_type: str,
        annotations: Mapping[str, str] | None = None,
        progress: Progress = SILENT,
    ) -> Descriptor:
        """Copy a file into the layout, hashing it on the way, and return what names it.

        Raises:
            InputMissing: the file is not there or cannot be read.
            FileChanged: it changed while it was copied.
            StorageFailed: the copy cannot be written.
        """
        digest, size = self._blobs.add_file(path, progress=progress)
        return Descriptor(media_type, digest, size, annotations=annotations or {})

    @override
    def add_blob(self, data: bytes, *, media_type: str) -> Descriptor:
        """Store bytes and return what names them."""
        return Descriptor(media_type, self._blobs.add(data), len(data))

    @override
    def add_manifest(self, data: bytes, *, ref_name: str | None = None) -> Descriptor:
        """Store a manifest or index and list it in `index.json`.

        A `ref_name` moves to it from whatever had it; that stays listed without a name.

        Raises:
            ConfigError: it is neither a manifest nor an index.
            StorageFailed: it cannot be written.
        """
        kind = manifest_kind(data)
        self._blobs.add(data)
        named = {REF_NAME: ref_name} if ref_name else {}
        media_type, artifact_type = kind.media_type, kind.artifact_type
        added = Descriptor(media_type, digest_of(data), len(data), artifact_type, named)
        with self._locked():
            index = self._read_index()
            index["manifests"] = _listed(index["manifests"], added)
            self._write_index(index)
        return Descriptor(media_type, added.digest, added.size, artifact_type)

    @override
    def holds(self, descriptor: Descriptor) -> bool:
        return self.check_blob(descriptor) == descriptor.digest

    @override
    def take_over(self, descriptor: Descriptor, source: Store) -> bool:
        return False

    @override
    def put_blob_file(
        self, descriptor: Descriptor, path: Path, *, progress: Progress = SILENT
    ) -> None:
        digest, _ = self._blobs.add_file(path, progress=progress)
        if digest != descriptor.digest:
            raise DigestMismatch(str(path), expected=descriptor.digest, found=digest)

    # Reading

    @override
    def manifest(self, digest: str) -> bytes:
        """Return the bytes of a manifest, digest-checked and at most 4 MiB.

        Raises:
            EvidenceError: it is not there, or too large.
            DigestMismatch: other bytes are there.
        """
        return self._blobs.read(digest, limit=MAX_MANIFEST)

    @override
    def blob(self, digest: str, *, limit: int) -> bytes:
        """Return the bytes of a blob, digest-checked and at most `limit` bytes.

        Raises:
            EvidenceError: it is not there, or too large.
            DigestMismatch: other bytes are there.
        """
        return self._blobs.read(digest, limit=limit)

    @override
    def blob_into(
        self, file: IO[bytes], descriptor: Descriptor, *, progress: Progress = SILENT
    ) -> None:
        self._blobs.into(file, descriptor, progress=progress)

    @override
    @contextlib.contextmanager
    def blob_file(self, descriptor: Descriptor, *, progress: Progress = SILENT) -> Iterator[Path]:
        path = self._blobs.path(descriptor.digest)
        if not path.is_file():
            raise EvidenceError(f"blob {descriptor.digest} is not in the layout")
        yield path

    def blob_path(self, digest: str) -> Path:
        """Return where a blob lies. Whoever opens it must check what it reads.

        Raises:
            EvidenceError: not a SHA-256 digest.
        """
        return self._blobs.path(digest)

    def check_blob(self, descriptor: Descriptor, *, progress: Progress = SILENT) -> str | None:
        """Return the digest that a blob's bytes really have, or None when it is not there.

        Raises:
            EvidenceError: it is there and cannot be read.
        """
        return self._blobs.check(descriptor, progress=progress)

    @override
    def resolve(self, ref_name: str) -> Descriptor:
        """Return the manifest that has a name in this layout.

        Raises:
            EvidenceError: none has it, or several have.
        """
        found = [m for m in self.manifests() if m.annotations.get(REF_NAME) == ref_name]
        if len(found) != 1:
            raise EvidenceError(f"{len(found)} manifests in {self.path} are named {ref_name!r}")
        return found[0]

    def manifests(self) -> tuple[Descriptor, ...]:
        """Return what `index.json` lists."""
        data = _json(self._read_index())
        return parse_index(data, source=str(self.path / "index.json")).manifests

    @override
    def attached(self, digest: str) -> Iterator[tuple[Descriptor, Manifest]]:
        """Give each manifest attached to `digest`, in order of its own digest.

        Manifests listed under the referrers tag `sha256-<hex>` (distribution-spec
        1.1, referrers tag schema) count as well, if they say so themselves.
        """
        listed = {entry.digest for entry in self.manifests()}
        tag = digest.replace(":", "-", 1)
        for entry in self.manifests():
            if entry.annotations.get(REF_NAME) == tag:
                listed.update(self._fallback(entry.digest))
        for candidate in sorted(listed):
            opened = self._opened(candidate)
            if opened and opened[1].subject and opened[1].subject.digest == digest:
                size, manifest = opened
                kind, notes = manifest.artifact_type, manifest.annotations
                yield Descriptor(manifest.media_type, candidate, size, kind, notes), manifest

    def _fallback(self, digest: str) -> list[str]:
        try:
            index = parse_index(self.manifest(digest), source=digest)
        except (ConfigError, EvidenceError, VerificationError):
            return []
        return [entry.digest for entry in index.manifests]

    def _opened(self, digest: str) -> tuple[int, Manifest] | None:
        try:
            data = self.manifest(digest)
            return len(data), parse_manifest(data, source=digest)
        except (ConfigError, EvidenceError, VerificationError):
            return None

    # The index

    def _read_index(self) -> dict[str, Any]:
        path = self.path / "index.json"
        data = read_bounded(path, limit=MAX_MANIFEST)
        parse_index(data, source=str(path))
        index: dict[str, Any] = strict_json.loads(data, source=str(path))
        return index

    def _write_index(self, index: Mapping[str, Any]) -> None:
        with write_whole(self.path / "index.json") as file:
            file.write(_json(index))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the layout's folder alone: a lock on the folder leaves no file behind."""
        try:
            folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as exc:
            raise writing(self.path, exc) from exc
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _listed(entries: list[dict[str, Any]], added: Descriptor) -> list[dict[str, Any]]:
    """Return `entries` with `added` in its place: unnamed first, then by name, then by digest."""
    name = added.annotations.get(REF_NAME)
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        moved = name and _name(entry) == name and entry["digest"] != added.digest
        stays = _unnamed(entry) if moved else entry
        kept[_name(stays), entry["digest"]] = stays
    kept[name or "", added.digest] = added.json()
    named = {digest for ref, digest in kept if ref}
    return [entry for (ref, digest), entry in sorted(kept.items()) if ref or digest not in named]


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("annotations", {}).get(REF_NAME, ""))


def _unnamed(entry: Mapping[str, Any]) -> dict[str, Any]:
    left = {key: text for key, text in entry.get("annotations", {}).items() if key != REF_NAME}
    rest = {key: value for key, value in entry.items() if key != "annotations"}
    return rest | {"annotations": left} if left else rest


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
