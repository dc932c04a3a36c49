"""Receipts made for tests, with a key that is the same every time."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.documents import (
    Coverage,
    Mark,
    MarkProfile,
    Receipt,
    ReceiptRecord,
    Sampling,
    SelfCheck,
)
from audit.watermark import (
    LocalSigner,
    commit_text,
    fingerprint,
    new_receipt_id,
    pack_fingerprint,
    sign_receipt,
)

SIGNER = LocalSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
TRUSTED = {SIGNER.key: SIGNER.private.public_key()}
TS = 1_795_000_000_123_456_789
SALT = bytes(range(32, 64))
FP_KEY = b"f" * 32
TEXT = "The harbour was quiet in the morning, and the boats lay still beside the long wall."


def mark(**changes: Any) -> Mark:
    values: dict[str, Any] = {
        "key_id": "00112233445566ff",
        "profile": MarkProfile(),
        "tag": "0a0b0c0d0e0f",
        "contexts": 180,
        "entropy_millibits": 1440,
        "self_check": SelfCheck(log10_p="-31.74", contexts=180),
        "sketch": None,
    }
    return Mark(**(values | changes))


def receipt(number: int = 0, **changes: Any) -> Receipt:
    values: dict[str, Any] = {
        "receipt_id": new_receipt_id(TS + number * 10**6, entropy=bytes),
        "ts_ns": TS + number * 10**6,
        "model_id": "acme/tiny",
        "model_digest": "sha256:" + "1" * 64,
        "engine": "llama.cpp",
        "sampling": Sampling(temperature="0.8", top_p="0.95", top_k=400),
        "tokens": 200,
        "coverage": Coverage.MARKED,
        "mark": mark(),
        "text_commitment": commit_text(TEXT, SALT),
        "redacted_log": None,
        "fingerprint": None,
        "labels": ("header",),
    }
    return Receipt(**(values | changes))


def record(number: int = 0, *, text: str = TEXT, **changes: Any) -> ReceiptRecord:
    return ReceiptRecord(
        signed=sign_receipt(receipt(number, **changes), SIGNER),
        salt=SALT.hex(),
        sketch=None,
        fingerprint=pack_fingerprint(fingerprint(text, FP_KEY)).hex(),
    )
