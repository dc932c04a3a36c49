"""Sending a blob: mount, one request, or pieces that can be resumed.

The file is hashed while it is sent; the upload is only completed when the
bytes that went out have the digest that will name them.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from audit.core.errors import DigestMismatch, RegistryUnavailable
from audit.core.files import open_regular
from audit.core.progress import Progress
from audit.oci._descriptor import Descriptor
from audit.oci.registry._patience import BusyError, broke_off, must, patiently, pause
from audit.oci.registry._wire import READ, Wire, own_host

_RANGE = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")
_OCTETS = {"Content-Type": "application/octet-stream"}


@dataclass(slots=True)
class Upload:
    """One blob on its way to one repository."""

    wire: Wire
    repository: str
    descriptor: Descriptor
    progress: Progress
    _url: httpx.URL = field(init=False)
    _sent: int = field(default=0, init=False)
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256, init=False)

    @property
    def _scope(self) -> str:
        return f"repository:{self.repository}:pull,push"

    def run(self, path: Path) -> None:
        """Send the blob from a file.

        Raises:
            DigestMismatch: the file is not the blob that the descriptor names.
            RegistryUnavailable: the registry does not take it.
        """
        if self.descriptor.size <= self.wire.limits.chunk:
            patiently(lambda: self._at_once(path), self.wire.limits)
            return
        patiently(self._begin, self.wire.limits)
        self.progress.start(f"push {self.descriptor.digest[7:19]}", self.descriptor.size)
        failures = 0
        while self._sent < self.descriptor.size:
            try:
                self._piece(path)
                failures = 0
            except (BusyError, RegistryUnavailable) as exc:
                failures += 1
                if isinstance(exc, RegistryUnavailable) and not broke_off(exc):
                    raise
                if failures >= self.wire.limits.attempts:
                    raise RegistryUnavailable(str(exc)) from exc
                pause(self.wire.limits, failures)
                patiently(lambda: self._resume(path), self.wire.limits)
        self._check(self._hash, path)
        patiently(lambda: self._finish(None), self.wire.limits)

    def mount(self, repository: str) -> bool:
        """Take the blob over from another repository of the registry, if it lets us."""
        return patiently(lambda: self._begin(repository), self.wire.limits)

    def _at_once(self, path: Path) -> None:
        self._begin()
        self.progress.start(f"push {self.descriptor.digest[7:19]}", self.descriptor.size)
        self._finish(path)

    def _begin(self, mount_from: str | None = None) -> bool:
        """Open an upload; True when the blob was mounted and nothing needs to be sent."""
        url = f"/v2/{self.repository}/blobs/uploads/"
        if mount_from:
            url += f"?mount={self.descriptor.digest}&from={mount_from}"
        with self.wire.ask("POST", url, scope=self._scope) as response:
            if response.status_code == httpx.codes.CREATED and mount_from:
                return True
            must(response, {httpx.codes.ACCEPTED}, self.repository, "begin an upload")
            self._follow(response)
        return False

    def _piece(self, path: Path) -> None:
        start, end = self._sent, min(self._sent + self.wire.limits.chunk, self.descriptor.size)
        hasher = self._hash.copy()

        def body() -> Iterable[bytes]:
            nonlocal hasher
            hasher = self._hash.copy()
            return _hashed(_read(path, start, end), hasher)

        headers = {"Content-Length": str(end - start), "Content-Range": f"{start}-{end - 1}"}
        with self.wire.ask(
            "PATCH", self._url, scope=self._scope, headers={**_OCTETS, **headers}, body=body
        ) as response:
            must(response, {httpx.codes.ACCEPTED}, self.repository, "take a piece of a blob")
            self._follow(response)
        self._hash, self._sent = hasher, end
        self.progress.advance(end - start)

    def _resume(self, path: Path) -> None:
        """Ask how far the upload got, and go on from there."""
        with self.wire.ask("GET", self._url, scope=self._scope) as response:
            must(response, {httpx.codes.NO_CONTENT}, self.repository, "resume an upload")
            match = _RANGE.fullmatch(response.headers.get("range", ""))
            if "location" in response.headers:
                self._follow(response)
        have = int(match[1]) + 1 if match else 0
        # Registries write 0-0 for one byte and for none alike.
        have = 0 if have == 1 else have
        if have > self.descriptor.size:
            raise RegistryUnavailable(f"{self.wire.origin.host} has more of the blob than there is")
        self._hash = hashlib.sha256()
        for chunk in _read(path, 0, have):
            self._hash.update(chunk)
        self._sent = have

    def _finish(self, path: Path | None) -> None:
        """Complete the upload; with a path, by sending all of it in this one request."""
        url = self._url.copy_merge_params({"digest": self.descriptor.digest})
        size = self.descriptor.size if path else 0

        def body() -> Iterable[bytes]:
            return self._whole(path) if path else ()

        headers = {**_OCTETS, "Content-Length": str(size)}
        with self.wire.ask("PUT", url, scope=self._scope, headers=headers, body=body) as response:
            must(response, {httpx.codes.CREATED}, self.repository, "complete an upload")
            named = response.headers.get("docker-content-digest", self.descriptor.digest)
            if named != self.descriptor.digest:
                raise RegistryUnavailable(
                    f"{self.wire.origin.host} stored {self.descriptor.digest} under another digest"
                )

    def _whole(self, path: Path) -> Iterator[bytes]:
        hasher, left = hashlib.sha256(), self.descriptor.size
        for chunk in _read(path, 0, left):
            hasher.update(chunk)
            left -= len(chunk)
            if left == 0:  # before the last bytes go out, so that a wrong blob is never complete
                self._check(hasher, path)
            yield chunk
            self.progress.advance(len(chunk))
        if left:
            self._check(hasher, path)

    def _check(self, hasher: "hashlib._Hash", path: Path) -> None:
        if (found := "sha256:" + hasher.hexdigest()) != self.descriptor.digest:
            raise DigestMismatch(str(path), expected=self.descriptor.digest, found=found)

    def _follow(self, response: httpx.Response) -> None:
        try:
            target = response.url.join(response.headers.get("location", ""))
        except httpx.InvalidURL as exc:
            raise RegistryUnavailable(f"{self.wire.origin.host} gives no upload location") from exc
        if "location" not in response.headers:
            raise RegistryUnavailable(f"{self.wire.origin.host} gives no upload location")
        own_host(self.wire.origin, target, "an upload")
        self._url = target


def _read(path: Path, start: int, end: int) -> Iterator[bytes]:
    with open_regular(path) as file:
        file.seek(start)
        while start < end and (chunk := file.read(min(READ, end - start))):
            start += len(chunk)
            yield chunk


def _hashed(chunks: Iterable[bytes], hasher: "hashlib._Hash") -> Iterator[bytes]:
    for chunk in chunks:
        hasher.update(chunk)
        yield chunk
