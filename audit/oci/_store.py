"""What a layout on disk and a registry have in common.

Whatever comes out of a store has been checked against the digest that names
it; whatever a store says about it (annotations, media types of others) has not.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from audit.core.errors import EvidenceError, RegistryUnavailable, VerificationError
from audit.core.progress import SILENT, Progress
from audit.oci._bundle import BUNDLE_TYPE, MAX_BUNDLE, bundle_layer, bundle_manifest
from audit.oci._descriptor import Descriptor
from audit.oci._manifest import EMPTY, EMPTY_TYPE, MAX_REFERRERS, Manifest

MAX_BUNDLES = 256 << 20
"""How much of what is attached to one artifact is read, in bytes."""


class Store(ABC):
    """Manifests and blobs by digest, names for manifests, and what is attached to them."""

    @abstractmethod
    def resolve(self, ref_name: str) -> Descriptor:
        """Return the manifest that has a name here, now.

        Raises:
            EvidenceError: none has it, or the store cannot be reached.
        """

    @abstractmethod
    def manifest(self, digest: str) -> bytes:
        """Return the bytes of a manifest, digest-checked and at most 4 MiB.

        Raises:
            EvidenceError: it cannot be had, or is too large.
            DigestMismatch: other bytes were given for it.
        """

    @abstractmethod
    def blob(self, digest: str, *, limit: int) -> bytes:
        """Return the bytes of a blob, digest-checked and at most `limit` bytes.

        Raises:
            EvidenceError: it cannot be had, or is too large.
            DigestMismatch: other bytes were given for it.
        """

    @abstractmethod
    def blob_into(
        self, file: IO[bytes], descriptor: Descriptor, *, progress: Progress = SILENT
    ) -> None:
        """Write a blob's bytes to a file; they count only if this returns.

        Raises:
            EvidenceError: the blob cannot be had, or is not of its size.
            DigestMismatch: other bytes were given for it.
        """

    @abstractmethod
    def blob_file(
        self, descriptor: Descriptor, *, progress: Progress = SILENT
    ) -> AbstractContextManager[Path]:
        """Give a file for `put_blob_file` of another store, which checks what it reads.

        Raises:
            EvidenceError: the blob cannot be had.
            DigestMismatch: other bytes were given for it.
        """

    @abstractmethod
    def holds(self, descriptor: Descriptor) -> bool:
        """Whether a blob is here, so that it need not be stored again."""

    @abstractmethod
    def take_over(self, descriptor: Descriptor, source: "Store") -> bool:
        """Whether a blob could be had from another store without sending it."""

    @abstractmethod
    def add_blob(self, data: bytes, *, media_type: str) -> Descriptor:
        """Store bytes and return what names them."""

    @abstractmethod
    def put_blob_file(
        self, descriptor: Descriptor, path: Path, *, progress: Progress = SILENT
    ) -> None:
        """Store the blob that `descriptor` names from a file.

        Raises:
            DigestMismatch: the file is not that blob.
        """

    @abstractmethod
    def add_manifest(self, data: bytes, *, ref_name: str | None = None) -> Descriptor:
        """Store a manifest or index, under a name if one is given.

        Raises:
            ConfigError: it is neither a manifest nor an index.
            StorageFailed: it cannot be written.
        """

    @abstractmethod
    def attached(self, digest: str) -> Iterator[tuple[Descriptor, Manifest]]:
        """Give each manifest whose own `subject` is `digest`, opened and digest-checked.

        What is missing, damaged or malformed is passed over: it attaches nothing.

        Raises:
            EvidenceError: more candidates are listed than are opened.
        """

    def referrers(self, digest: str) -> list[Descriptor]:
        """Return what names each manifest attached to `digest`."""
        return [descriptor for descriptor, _ in self.attached(digest)]

    def bundles(self, digest: str) -> Iterator[bytes]:
        """Give the bytes of each Sigstore bundle attached to `digest`, one at a time.

        They are the bytes their digests name, and nothing else is known about them.
        A bundle that is missing, damaged or too large is passed over.

        Raises:
            EvidenceError: more is attached than is read. What was given before counts.
        """
        left = MAX_BUNDLES
        for at, (_, manifest) in enumerate(self.attached(digest)):
            if at == MAX_REFERRERS or left < 0:
                raise EvidenceError(
                    f"more is attached to {digest} than is read: "
                    f"{MAX_REFERRERS} manifests, or {MAX_BUNDLES >> 20} MiB of bundles"
                )
            if (layer := bundle_layer(manifest)) is not None:
                try:
                    bundle = self.blob(layer.digest, limit=MAX_BUNDLE)
                    left -= len(bundle)
                    yield bundle
                except RegistryUnavailable:  # may hide a signature: not "there is none"
                    raise
                except (EvidenceError, VerificationError):
                    continue

    def attach_bundle(
        self, subject: Descriptor, bundle: bytes, *, predicate_type: str, created: str | None = None
    ) -> Descriptor:
        """Attach a Sigstore bundle to `subject` and return what names the new manifest.

        The same bundle attaches once: without `created` the manifest is the same.
        """
        self.add_blob(EMPTY, media_type=EMPTY_TYPE)
        blob = self.add_blob(bundle, media_type=BUNDLE_TYPE)
        manifest = bundle_manifest(subject, blob, predicate_type=predicate_type, created=created)
        return self.add_manifest(manifest)
