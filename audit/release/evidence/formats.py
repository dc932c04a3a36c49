"""Formats: the model's files, inspected again from the blobs that would be served."""

from collections.abc import Container, Iterator
from functools import partial

from audit.core.errors import FileChanged
from audit.core.progress import Progress
from audit.documents import FormatEvidence, InspectedFile, is_digest
from audit.fingerprint import hash_file
from audit.model import NamedFile, inspect_files
from audit.oci import Layout
from audit.release.evidence.artifact import Artifact


def check_formats(
    layout: Layout, digest: str, artifact: Artifact, blobs: Container[str], progress: Progress
) -> Iterator[FormatEvidence]:
    """Give evidence for each file of the artifact whose blob is there.

    `blobs` are the digests that the blobs had when they were checked.

    Raises:
        FileChanged: what was inspected is not what was checked.
    """
    files = [
        NamedFile(name=path, path=layout.blob_path(layer.digest))
        for path, layer in artifact.files
        if layout.blob_path(layer.digest).is_file()
    ]
    if not files:
        return
    inspection = inspect_files(files, hash_file=partial(hash_file, progress=progress))
    for file in inspection.files:
        if file.digests.sha256 not in blobs:
            raise FileChanged(
                f"the blob of {file.path} changed while the gate looked at it",
                hint="keep the layout read-only, and check again",
            )
        yield FormatEvidence(
            subject=digest,
            path=file.path,
            format=file.format,
            role=file.role,
            refusal=file.refusal,
            templates=_templates(file),
        )


def _templates(file: InspectedFile) -> tuple[str, ...]:
    facts = file.facts.items()
    return tuple(
        value for name, value in facts if name.startswith("chat_template") and is_digest(value)
    )
