"""Sigstore bundles: parse, verify, write."""

from audit.sign.bundle._log import LogRecord
from audit.sign.bundle._parse import (
    BUNDLE_TYPE,
    MAX_BUNDLE,
    ArtifactSignature,
    Bundle,
    bundle_digest,
    parse_bundle,
)
from audit.sign.bundle._verify import (
    Expected,
    VerifiedBundle,
    first_expected,
    first_of,
    verify_any,
    verify_bundle,
    verify_expected,
    verify_parsed,
)
from audit.sign.bundle._write import sign_statement

__all__ = [
    "BUNDLE_TYPE",
    "MAX_BUNDLE",
    "ArtifactSignature",
    "Bundle",
    "Expected",
    "LogRecord",
    "VerifiedBundle",
    "bundle_digest",
    "first_expected",
    "first_of",
    "parse_bundle",
    "sign_statement",
    "verify_any",
    "verify_bundle",
    "verify_expected",
    "verify_parsed",
]
