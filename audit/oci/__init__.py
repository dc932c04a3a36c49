"""OCI manifests, layouts and referrers."""

from audit.oci._bundle import BUNDLE_PREFIX, BUNDLE_TYPE, MAX_BUNDLE, bundle_layer, bundle_manifest
from audit.oci._copy import copy
from audit.oci._descriptor import Descriptor, digest_of
from audit.oci._layout import REF_NAME, Layout
from audit.oci._legacy import LegacyLayer, attach_legacy, legacy_layers
from audit.oci._manifest import (
    INDEX_TYPE,
    MANIFEST_TYPE,
    MAX_MANIFEST,
    Index,
    Manifest,
    manifest_kind,
    parse_index,
    parse_manifest,
)
from audit.oci._modelpack import (
    CREATED,
    FILE_PATH,
    LAYER_TYPES,
    MODEL_CONFIG_TYPE,
    MODEL_TYPE,
    ModelFacts,
    modelpack_config,
    modelpack_manifest,
    source_date,
)
from audit.oci._open import Access, fetch_artifact, open_store
from audit.oci._reference import (
    LayoutReference,
    Reference,
    parse_digest_place,
    parse_place,
    parse_reference,
)
from audit.oci._store import Store
from audit.oci._unpack import unpack

__all__ = [
    "BUNDLE_PREFIX",
    "BUNDLE_TYPE",
    "CREATED",
    "FILE_PATH",
    "INDEX_TYPE",
    "LAYER_TYPES",
    "MANIFEST_TYPE",
    "MAX_BUNDLE",
    "MAX_MANIFEST",
    "MODEL_CONFIG_TYPE",
    "MODEL_TYPE",
    "REF_NAME",
    "Access",
    "Descriptor",
    "Index",
    "Layout",
    "LayoutReference",
    "LegacyLayer",
    "Manifest",
    "ModelFacts",
    "Reference",
    "Store",
    "attach_legacy",
    "bundle_layer",
    "bundle_manifest",
    "copy",
    "digest_of",
    "fetch_artifact",
    "legacy_layers",
    "manifest_kind",
    "modelpack_config",
    "modelpack_manifest",
    "open_store",
    "parse_digest_place",
    "parse_index",
    "parse_manifest",
    "parse_place",
    "parse_reference",
    "source_date",
    "unpack",
]
