"""Blobs: the configuration and every layer, read whole and hashed."""

from collections.abc import Iterator

from audit.core.progress import Progress
from audit.documents import BlobEvidence
from audit.oci import Layout
from audit.release.evidence.artifact import Artifact


def check_blobs(
    layout: Layout, digest: str, artifact: Artifact, progress: Progress
) -> Iterator[BlobEvidence]:
    """Give evidence for each blob the artifact names."""
    blobs = [("config", artifact.config), *artifact.files]
    for name, descriptor in blobs:
        if descriptor is not None:
            yield BlobEvidence(
                subject=digest,
                name=name,
                expected=descriptor.digest,
                found=layout.check_blob(descriptor, progress=progress),
            )
