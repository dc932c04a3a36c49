"""Signatures as cosign v1 and v2 keep them: layers of an image under a tag of their own.

Every writer reads the image, adds a layer and writes it back; see
`registry/_referrers.py` for what that takes.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from audit.core.errors import (
    ConfigError,
    EvidenceError,
    RegistryUnavailable,
    VerificationError,
)
from audit.oci._descriptor import Descriptor
from audit.oci._manifest import MANIFEST_TYPE, MAX_LAYERS, Manifest, parse_manifest
from audit.oci._store import Store

SIMPLE_SIGNING_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE_TYPE = "application/vnd.dsse.envelope.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
MAX_PAYLOAD = 1 << 20
MAX_PAYLOADS = 64 << 20
"""How much is read under one tag, in bytes."""
MAX_WRITES = 40
SETTLE = 0.3
EPOCH = "0001-01-01T00:00:00Z"
Suffix = Literal["sig", "att"]
SUFFIXES: tuple[Suffix, ...] = ("sig", "att")
_TYPES: Mapping[Suffix, str] = {"sig": SIMPLE_SIGNING_TYPE, "att": DSSE_TYPE}


@dataclass(frozen=True, slots=True)
class LegacyLayer:
    """One signature or attestation, as it lies there; nothing in it has been verified."""

    data: bytes
    annotations: Mapping[str, str]


def legacy_layers(store: Store, digest: str, suffix: Suffix) -> Iterator[LegacyLayer]:
    """Give each signature (`sig`) or attestation (`att`) kept under the tag of `digest`.

    Layers that are missing, damaged, too large or of another type are passed over.

    Raises:
        RegistryUnavailable: the store cannot be reached, which is not "there are none".
        EvidenceError: there is more than is read. What was given before counts.
    """
    manifest, left = _image(store, legacy_tag(digest, suffix)), MAX_PAYLOADS
    for layer in manifest.layers if manifest else ():
        if layer.media_type != _TYPES[suffix]:
            continue
        if left < 0:
            raise EvidenceError(
                f"{legacy_tag(digest, suffix)} holds more than the {MAX_PAYLOADS >> 20} MiB that are read"
            )
        try:
            data = store.blob(layer.digest, limit=MAX_PAYLOAD)
            left -= len(data)
            yield LegacyLayer(data, layer.annotations)
        except RegistryUnavailable:
            raise
        except (EvidenceError, VerificationError):
            continue


def attach_legacy(
    store: Store,
    digest: str,
    layer: LegacyLayer,
    *,
    suffix: Suffix = "sig",
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Add a signature under the tag of `digest`, see that it stays, and return the image's digest.

    With `suffix` "att", an attestation under the tag of those.

    Raises:
        RegistryUnavailable: it does not stay, or the store cannot be reached.
        EvidenceError: there are as many signatures as are ever read.
    """
    tag, kind = legacy_tag(digest, suffix), _TYPES[suffix]
    blob = store.add_blob(layer.data, media_type=kind)
    named = Descriptor(kind, blob.digest, blob.size, None, layer.annotations)
    kept = 0
    for _ in range(MAX_WRITES):
        manifest = _image(store, tag)
        layers = list(manifest.layers) if manifest else []
        if named in layers:
            kept += 1
            if kept == 2:
                return store.resolve(tag).digest
        else:
            kept = 0
            if len(layers) >= MAX_LAYERS:
                raise EvidenceError(f"{tag} holds {len(layers)} signatures, and no more are read")
            store.add_manifest(_with(store, [*layers, named]), ref_name=tag)
        sleep(SETTLE * random.uniform(0.3, 1.7))  # noqa: S311
    raise RegistryUnavailable(f"the signature does not stay under {tag}")


def _with(store: Store, layers: list[Descriptor]) -> bytes:
    """Return the image of these signatures, its configuration stored."""
    past = [{"created": EPOCH}] * len(layers)
    config: dict[str, Any] = {
        "architecture": "",
        "created": EPOCH,
        "history": past,
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "config": {},
    }
    stored = store.add_blob(_json(config), media_type=CONFIG_TYPE)
    return _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": stored.json(),
            "layers": [layer.json() for layer in layers],
        }
    )


def _image(store: Store, tag: str) -> Manifest | None:
    try:
        digest = store.resolve(tag).digest
        return parse_manifest(store.manifest(digest), source=tag)
    except RegistryUnavailable:
        raise
    except (ConfigError, EvidenceError, VerificationError):
        return None


def legacy_tag(digest: str, suffix: Suffix) -> str:
    """Return the tag under which signatures or attestations of `digest` are kept."""
    return f"{digest.replace(':', '-', 1)}.{suffix}"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
