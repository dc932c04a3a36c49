"""A repository in a registry (OCI distribution-spec 1.1).

The rules:

* Every manifest and blob is read to a bound and compared with its digest before
  anything is done with it. What the registry says its digest is only matters
  when it contradicts the bytes: then it is refused.
* A tag is resolved when it is asked for, once; everything after goes by digest.

Trust: none in the registry. It can withhold, which is never a yes, and it
learns who asks for what.
"""

import contextlib
import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx
from typing_extensions import override

from audit.core.errors import (
    ConfigError,
    DigestMismatch,
    EvidenceError,
    RegistryUnavailable,
    UsageError,
)
from audit.core.files import write_whole
from audit.core.progress import SILENT, Progress
from audit.oci._descriptor import Descriptor, digest_of
from audit.oci._manifest import (
    DOCKER_TYPES,
    INDEX_TYPE,
    MANIFEST_TYPE,
    MAX_MANIFEST,
    MAX_REFERRERS,
    Manifest,
    manifest_kind,
    parse_manifest,
)
from audit.oci._reference import Reference
from audit.oci._store import Store
from audit.oci.registry._auth import Authenticator
from audit.oci.registry._credentials import Lookup, stored_credentials
from audit.oci.registry._download import Download
from audit.oci.registry._limits import Limits
from audit.oci.registry._patience import must, patiently
from audit.oci.registry._referrers import Referrers
from audit.oci.registry._upload import Upload
from audit.oci.registry._wire import Wire, connect

ACCEPT = ", ".join([MANIFEST_TYPE, INDEX_TYPE, *sorted(DOCKER_TYPES)])
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOOPBACK = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|\[?::1\]?")


class Registry(Store):
    """One repository; `open_registry` makes it."""

    def __init__(self, reference: Reference, wire: Wire) -> None:
        self._wire = wire
        self.repository = reference.repository
        self.place = reference.place
        self._known: dict[str, bytes] = {}
        self._download = Download(wire, reference.repository, reference.place)
        self._referrers = Referrers(wire, reference.repository, self._get_manifest, self._put)

    def close(self) -> None:
        """Close the connections."""
        self._wire.client.close()

    @property
    def origin(self) -> httpx.URL:
        """Scheme, host and port of the registry."""
        return self._wire.origin

    # Reading

    @override
    def resolve(self, ref_name: str) -> Descriptor:
        """Return the manifest that has a tag now; its bytes are kept for `manifest`."""
        data = self._get_manifest(ref_name)
        if data is None:
            raise EvidenceError(f"{self.place} has no tag {ref_name!r}")
        digest = digest_of(data)
        self._known[digest] = data
        return Descriptor(manifest_kind(data).media_type, digest, len(data))

    @override
    def manifest(self, digest: str) -> bytes:
        data = self._manifest_or_none(digest)
        if data is None:
            raise EvidenceError(f"{self.place} has no manifest {digest}")
        return data

    def _manifest_or_none(self, digest: str) -> bytes | None:
        if digest in self._known:
            return self._known[digest]
        if _DIGEST.fullmatch(digest) is None:
            raise EvidenceError(f"{digest!r} is not a sha256 digest and names no manifest")
        data = self._get_manifest(digest)
        if data is not None and (found := digest_of(data)) != digest:
            raise DigestMismatch(f"manifest {digest}", expected=digest, found=found)
        return data

    def _get_manifest(self, reference: str) -> bytes | None:
        url = f"/v2/{self.repository}/manifests/{reference}"

        def get() -> bytes | None:
            with self._wire.ask(
                "GET", url, scope=self._scope("pull"), headers={"Accept": ACCEPT}
            ) as response:
                if response.status_code == httpx.codes.NOT_FOUND:
                    return None
                must(response, {httpx.codes.OK}, self.place, f"give the manifest {reference}")
                data = self._wire.read(response, MAX_MANIFEST)
                said = response.headers.get("docker-content-digest")
                if said is not None and said != (found := digest_of(data)):
                    raise DigestMismatch(f"manifest {reference}", expected=said[:80], found=found)
                return data

        return patiently(get, self._wire.limits)

    @override
    def blob(self, digest: str, *, limit: int) -> bytes:
        data = io.BytesIO()
        self._download.into(data, Descriptor("", digest, limit), SILENT, exact=False)
        return data.getvalue()

    @override
    def blob_into(
        self, file: IO[bytes], descriptor: Descriptor, *, progress: Progress = SILENT
    ) -> None:
        progress.start(f"pull {descriptor.digest[7:19]}", descriptor.size)
        self._download.into(file, descriptor, progress)

    @override
    @contextlib.contextmanager
    def blob_file(self, descriptor: Descriptor, *, progress: Progress = SILENT) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="audit-") as folder:
            path = Path(folder) / "blob"
            with write_whole(path) as file:
                self.blob_into(file, descriptor, progress=progress)
            yield path

    @override
    def attached(self, digest: str) -> Iterator[tuple[Descriptor, Manifest]]:
        deadline = self._wire.limits.now() + self._wire.limits.search
        for at, candidate in enumerate(self._referrers.listed(digest)):
            # What was given out before counts; that no more is attached cannot be said.
            if at == MAX_REFERRERS:
                raise EvidenceError(
                    f"more than {MAX_REFERRERS} manifests are listed for {digest}; "
                    "no more are opened"
                )
            if self._wire.limits.now() > deadline:
                raise RegistryUnavailable(
                    f"{self.place} takes too long to give what is attached to {digest}"
                )
            try:
                data = self.manifest(candidate)
                manifest = parse_manifest(data, source=candidate)
            except RegistryUnavailable:
                raise
            except (ConfigError, EvidenceError, DigestMismatch):
                continue
            if manifest.subject is not None and manifest.subject.digest == digest:
                notes = manifest.annotations
                kind = manifest.artifact_type
                yield Descriptor(MANIFEST_TYPE, candidate, len(data), kind, notes), manifest

    # Writing

    @override
    def add_blob(self, data: bytes, *, media_type: str) -> Descriptor:
        descriptor = Descriptor(media_type, digest_of(data), len(data))
        with tempfile.TemporaryDirectory(prefix="audit-") as folder:
            path = Path(folder) / "blob"
            path.write_bytes(data)
            if not self.holds(descriptor):
                self.put_blob_file(descriptor, path)
        return descriptor

    @override
    def put_blob_file(
        self, descriptor: Descriptor, path: Path, *, progress: Progress = SILENT
    ) -> None:
        Upload(self._wire, self.repository, descriptor, progress).run(path)

    @override
    def take_over(self, descriptor: Descriptor, source: Store) -> bool:
        """Mount a blob from another repository of the same registry, if it lets us."""
        if not isinstance(source, Registry) or source.origin != self.origin:
            return False
        return Upload(self._wire, self.repository, descriptor, SILENT).mount(source.repository)

    @override
    def holds(self, descriptor: Descriptor) -> bool:
        """Whether the registry says it has a blob. Only good for not sending it again."""
        url = f"/v2/{self.repository}/blobs/{descriptor.digest}"

        def head() -> bool:
            with self._wire.ask("HEAD", url, scope=self._scope("pull,push")) as response:
                must(response, {200, 404}, self.place, "say whether it has a blob")
                return response.status_code == httpx.codes.OK

        return patiently(head, self._wire.limits)

    @override
    def add_manifest(self, data: bytes, *, ref_name: str | None = None) -> Descriptor:
        kind, digest = manifest_kind(data), digest_of(data)
        lists_itself = self._put(data, ref_name or digest, kind.media_type)
        added = Descriptor(kind.media_type, digest, len(data), kind.artifact_type)
        if kind.subject is not None and not lists_itself:
            self._referrers.add(kind.subject.digest, added)
        return added

    def _put(self, data: bytes, reference: str, kind: str) -> bool:
        """Store a manifest; True when the registry says that it lists it as a referrer."""
        url = f"/v2/{self.repository}/manifests/{reference}"
        digest = digest_of(data)

        def put() -> bool:
            with self._wire.ask(
                "PUT",
                url,
                scope=self._scope("pull,push"),
                headers={"Content-Type": kind},
                body=data,
            ) as response:
                must(response, {httpx.codes.CREATED}, self.place, "take a manifest")
                if response.headers.get("docker-content-digest", digest) != digest:
                    raise RegistryUnavailable(f"{self.place} stored a manifest as something else")
                return "oci-subject" in response.headers

        return patiently(put, self._wire.limits)

    def _scope(self, actions: str) -> str:
        return f"repository:{self.repository}:{actions}"


def open_registry(
    reference: Reference,
    *,
    plain_http: bool = False,
    token_hosts: frozenset[str] = frozenset(),
    lookup: Lookup | None = None,
    limits: Limits | None = None,
) -> Registry:
    """Return the repository that `reference` names. Nothing is sent yet.

    A registry on this machine is spoken to without TLS; any other only if
    `plain_http` says so.

    Raises:
        UsageError: not a registry reference.
    """
    if reference.path is not None:
        raise UsageError(f"{reference.place} is a layout, not a registry")
    host = "registry-1.docker.io" if reference.host == "docker.io" else reference.host
    name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) else host
    plain = plain_http or _LOOPBACK.fullmatch(name) is not None
    origin = httpx.URL(f"{'http' if plain else 'https'}://{host}/")
    bounds = limits or Limits()
    auth = Authenticator(origin, lookup or stored_credentials(), token_hosts)
    return Registry(reference, Wire(connect(bounds), origin, auth, bounds))
