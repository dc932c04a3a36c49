"""The manifest by which a Sigstore bundle is attached to an artifact.

Member by member as cosign v3 writes it, so that every tool finds it. Readers
must not rely on its annotations: the registry's copies of them are unsigned.
"""

import json

from audit.oci._descriptor import Descriptor, digest_of
from audit.oci._manifest import EMPTY, EMPTY_TYPE, MANIFEST_TYPE, Manifest

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
BUNDLE_PREFIX = "application/vnd.dev.sigstore.bundle"
"""How the media type of every version of a bundle begins."""
MAX_BUNDLE = 4 << 20
"""Largest bundle that is read, in bytes."""


def bundle_manifest(
    subject: Descriptor, bundle: Descriptor, *, predicate_type: str, created: str | None
) -> bytes:
    """Return the bytes of a manifest that attaches `bundle` to `subject`."""
    annotations = {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": predicate_type,
    }
    if created is not None:
        annotations["org.opencontainers.image.created"] = created
    config = Descriptor(EMPTY_TYPE, digest_of(EMPTY), len(EMPTY), artifact_type=BUNDLE_TYPE)
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.json(),
        "layers": [Descriptor(BUNDLE_TYPE, bundle.digest, bundle.size).json()],
        "annotations": annotations,
        "subject": Descriptor(subject.media_type, subject.digest, subject.size).json(),
        "artifactType": BUNDLE_TYPE,
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def bundle_layer(manifest: Manifest) -> Descriptor | None:
    """Return the bundle a manifest carries, or None when it carries none.

    The layer's media type alone says so: cosign attaches bundles under any artifact type.
    """
    if len(manifest.layers) == 1 and manifest.layers[0].media_type.startswith(BUNDLE_PREFIX):
        return manifest.layers[0]
    return None
