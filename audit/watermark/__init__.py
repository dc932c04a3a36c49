"""Receipts for responses, the keys behind their marks, and the labels they carry.

The mark itself, which needs numpy, has a door of its own: `audit.watermark.mark`.
"""

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

__all__ = [
    "Entropy",
    "EpochKeys",
    "LocalRoot",
    "RootKey",
    "derive_all",
    "derive_epoch",
    "derive_registered",
    "engine_key",
    "new_receipt_id",
    "read_root",
    "receipt_key",
    "receipt_millis",
    "root_from",
    "salt_for",
    "tag_for",
    "text_lookup",
]
