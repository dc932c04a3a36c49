"""What cosign v1 and v2 write: simple signing and attestations in annotated layers."""

from audit.sign.legacy._simple import simple_payload
from audit.sign.legacy._verify import (
    LegacySignature,
    verify_legacy,
    verify_legacy_attestation,
)
from audit.sign.legacy._write import legacy_from_bundle, sign_legacy

__all__ = [
    "LegacySignature",
    "legacy_from_bundle",
    "sign_legacy",
    "simple_payload",
    "verify_legacy",
    "verify_legacy_attestation",
]
