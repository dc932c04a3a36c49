"""Copy an artifact between stores: every byte is checked on the way, whatever the ends are."""

from audit.core.errors import ConfigError, EvidenceError, RegistryUnavailable, UsageError
from audit.core.progress import SILENT, Progress
from audit.oci._descriptor import Descriptor
from audit.oci._legacy import SUFFIXES, attach_legacy, legacy_layers, legacy_tag
from audit.oci._manifest import DOCKER_TYPES, INDEX_TYPE, manifest_kind, parse_index, parse_manifest
from audit.oci._store import Store

MAX_MANIFESTS = 1000
MAX_DEPTH = 4


def copy(
    source: Store,
    target: Store,
    digest: str,
    *,
    ref_name: str | None = None,
    progress: Progress = SILENT,
) -> Descriptor:
    """Copy the artifact `digest` and what is attached to it; return what names it.

    The artifact goes first and under its name, attachments after it: a reader who
    comes in between finds it unsigned, never signed and incomplete. What is attached
    to the images of an index goes along; signatures in the older form are added to
    those that the target has.

    Raises:
        EvidenceError: something cannot be had, or there is too much of it.
        DigestMismatch: other bytes were given for a digest.
    """
    carrier = _Carrier(source, target, progress)
    copied = carrier.manifest(digest, ref_name, MAX_DEPTH)
    for subject in tuple(carrier.copied):
        for attached in source.referrers(subject):
            carrier.manifest(attached.digest, None, MAX_DEPTH)
        carrier.legacy(subject)
    return copied


class _Carrier:
    def __init__(self, source: Store, target: Store, progress: Progress) -> None:
        self._source, self._target, self._progress = source, target, progress
        self._left = MAX_MANIFESTS
        self.copied: dict[str, None] = {}
        """The digests of the manifests that were copied, in the order they came to an end."""

    def manifest(self, digest: str, ref_name: str | None, depth: int) -> Descriptor:
        self._left -= 1
        if self._left < 0 or depth == 0:
            raise EvidenceError(f"{digest} leads to more manifests than are copied")
        data = self._source.manifest(digest)
        kind = manifest_kind(data)
        if kind.media_type in DOCKER_TYPES:
            raise UsageError(
                f"{digest} is a docker manifest; artifacts with OCI manifests are copied"
            )
        if kind.media_type == INDEX_TYPE:
            for entry in parse_index(data, source=digest).manifests:
                self.manifest(entry.digest, None, depth - 1)
        else:
            for blob in parse_manifest(data, source=digest).blobs:
                self._blob(blob)
        self.copied[digest] = None
        return self._target.add_manifest(data, ref_name=ref_name)

    def legacy(self, digest: str) -> None:
        """Copy what is kept under the tags of `digest`."""
        for suffix in SUFFIXES:
            tag = legacy_tag(digest, suffix)
            here, there = _tagged(self._source, tag), _tagged(self._target, tag)
            if here is None or here == there or not _is_image(self._source, here):
                continue
            if there is None:
                self.manifest(here, tag, MAX_DEPTH)
                continue
            known = list(legacy_layers(self._target, digest, suffix))
            for layer in legacy_layers(self._source, digest, suffix):
                if layer not in known:
                    attach_legacy(self._target, digest, layer, suffix=suffix)

    def _blob(self, blob: Descriptor) -> None:
        if self._target.holds(blob) or self._target.take_over(blob, self._source):
            return
        with self._source.blob_file(blob, progress=self._progress) as path:
            self._target.put_blob_file(blob, path, progress=self._progress)


def _tagged(store: Store, tag: str) -> str | None:
    try:
        return store.resolve(tag).digest
    except RegistryUnavailable:  # may hide signatures: not "there are none"
        raise
    except EvidenceError:
        return None


def _is_image(store: Store, digest: str) -> bool:
    try:
        parse_manifest(store.manifest(digest), source=digest)
    except ConfigError:  # anybody could have put it there; it holds no signatures
        return False
    return True
