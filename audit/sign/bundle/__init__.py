"""Sigstore bundles: parse, verify, write."""

from audit.sign.bundle._parse import BUNDLE_TYPE, MAX_BUNDLE, bundle_digest
from audit.sign.bundle._verify import VerifiedBundle, verify_any, verify_bundle
from audit.sign.bundle._write import sign_statement

__all__ = [
    "BUNDLE_TYPE",
    "MAX_BUNDLE",
    "VerifiedBundle",
    "bundle_digest",
    "sign_statement",
    "verify_any",
    "verify_bundle",
]
