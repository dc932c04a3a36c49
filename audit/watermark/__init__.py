"""Receipts for responses, the keys behind their marks, and where receipts are kept.

Two rooms inside have doors of their own: `audit.watermark.labels`, and
`audit.watermark.mark`, which needs numpy.
"""

from audit.watermark._device_root import DeviceRoot, open_device_root, open_root, stored_secret
from audit.watermark._engine_keys import EngineKeys, vllm_config, write_engine_key
from audit.watermark._entries import (
    BEGUN,
    FAILED,
    SERVED,
    begun_event,
    failed_event,
    log_hash,
    served_event,
    unfinished,
)
from audit.watermark._ids import Entropy, new_receipt_id, receipt_millis
from audit.watermark._keys import (
    EpochKeys,
    LocalRoot,
    RootKey,
    derive_all,
    derive_epoch,
    derive_registered,
    engine_key,
    read_root,
    receipt_key,
    root_from,
    salt_for,
    tag_for,
    text_lookup,
)
from audit.watermark._material import Material, make_material
from audit.watermark._receipts import (
    PAYLOAD_TYPE,
    LocalSigner,
    ReceiptSigner,
    TrustedKeys,
    commit_text,
    key_digest,
    read_signer,
    read_trusted,
    sign_receipt,
    signed_bytes,
    verify_key,
    verify_receipt,
    verify_text,
)
from audit.watermark._recorded import Recorded, recorded_responses, verify_recorded
from audit.watermark._registry import add_key, current_key, revoke_key
from audit.watermark._shelf import ReceiptShelf, TagBlock
from audit.watermark._text import canonical_text, spellings
from audit.watermark._wording import (
    Shared,
    compare,
    fingerprint,
    pack_fingerprint,
    unpack_fingerprint,
)
from audit.watermark._wording_index import WordingIndex

__all__ = [
    "BEGUN",
    "FAILED",
    "PAYLOAD_TYPE",
    "SERVED",
    "DeviceRoot",
    "EngineKeys",
    "Entropy",
    "EpochKeys",
    "LocalRoot",
    "LocalSigner",
    "Material",
    "ReceiptShelf",
    "ReceiptSigner",
    "Recorded",
    "RootKey",
    "Shared",
    "TagBlock",
    "TrustedKeys",
    "WordingIndex",
    "add_key",
    "begun_event",
    "canonical_text",
    "commit_text",
    "compare",
    "current_key",
    "derive_all",
    "derive_epoch",
    "derive_registered",
    "engine_key",
    "failed_event",
    "fingerprint",
    "key_digest",
    "log_hash",
    "make_material",
    "new_receipt_id",
    "open_device_root",
    "open_root",
    "pack_fingerprint",
    "read_root",
    "read_signer",
    "read_trusted",
    "receipt_key",
    "receipt_millis",
    "recorded_responses",
    "revoke_key",
    "root_from",
    "salt_for",
    "served_event",
    "sign_receipt",
    "signed_bytes",
    "spellings",
    "stored_secret",
    "tag_for",
    "text_lookup",
    "unfinished",
    "unpack_fingerprint",
    "verify_key",
    "verify_receipt",
    "verify_recorded",
    "verify_text",
    "vllm_config",
    "write_engine_key",
]
