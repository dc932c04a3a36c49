"""Receiving a blob: hashed while it arrives, bounded by its size, resumed when it breaks off."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import httpx

from audit.core.errors import DigestMismatch, EvidenceError, RegistryUnavailable
from audit.core.progress import Progress
from audit.documents import is_digest
from audit.oci._descriptor import Descriptor
from audit.oci.registry._patience import BusyError, broke_off, must, pause
from audit.oci.registry._wire import Wire


@dataclass(frozen=True, slots=True)
class Download:
    """Blobs out of one repository."""

    wire: Wire
    repository: str
    place: str

    def into(
        self, file: IO[bytes], wanted: Descriptor, progress: Progress, *, exact: bool = True
    ) -> None:
        """Write a blob to `file`; what was written counts only if this returns.

        Without `exact`, the descriptor's size is only the most that is taken.

        Raises:
            EvidenceError: the blob cannot be had, or is not of its size.
            DigestMismatch: other bytes were given for it.
        """
        if not (is_digest(wanted.digest) and wanted.digest.startswith("sha256:")):
            raise EvidenceError(f"{wanted.digest!r} is not a sha256 digest and names no blob")
        hasher, have, failures = hashlib.sha256(), 0, 0
        while True:
            begun = have
            try:
                for chunk in self._from(wanted, have):
                    hasher.update(chunk)
                    file.write(chunk)
                    have += len(chunk)
                    progress.advance(len(chunk))
                break
            except BusyError as exc:
                failures = failures + 1 if have == begun else 1
                if failures >= self.wire.limits.attempts:
                    raise RegistryUnavailable(str(exc)) from exc
                pause(self.wire.limits, failures, exc.after)
        if exact and have != wanted.size:
            raise EvidenceError(f"blob {wanted.digest} has {have} bytes, not {wanted.size}")
        if (found := "sha256:" + hasher.hexdigest()) != wanted.digest:
            raise DigestMismatch(f"blob {wanted.digest}", expected=wanted.digest, found=found)

    def _from(self, wanted: Descriptor, have: int) -> Iterator[bytes]:
        url = f"/v2/{self.repository}/blobs/{wanted.digest}"
        headers = {"Range": f"bytes={have}-"} if have else {}
        scope = f"repository:{self.repository}:pull"
        try:
            with self.wire.ask("GET", url, scope=scope, headers=headers) as response:
                self._check(response, wanted, have)
                yield from self.wire.chunks(response, wanted.size - have)
        except RegistryUnavailable as exc:
            if broke_off(exc):
                raise BusyError(str(exc)) from exc
            raise

    def _check(self, response: httpx.Response, wanted: Descriptor, have: int) -> None:
        if response.status_code == httpx.codes.NOT_FOUND:
            raise EvidenceError(f"{self.place} has no blob {wanted.digest}")
        code = httpx.codes.PARTIAL_CONTENT if have else httpx.codes.OK
        must(response, {code}, self.place, f"give the blob {wanted.digest}")
        start = response.headers.get("content-range", "").partition("-")[0]
        if have and start != f"bytes {have}":
            raise RegistryUnavailable(f"{self.place} resumes a blob at the wrong place")
