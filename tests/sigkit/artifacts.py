"""Small artifacts to sign."""

import json

from audit.oci import MANIFEST_TYPE, Descriptor, digest_of


def manifest(text: str = "x", subject: Descriptor | None = None) -> bytes:
    config = Descriptor("application/vnd.oci.empty.v1+json", digest_of(b"{}"), 2)
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.json(),
        "layers": [],
        "annotations": {"text": text},
    }
    if subject:
        value["subject"] = subject.json()
    return json.dumps(value).encode()
