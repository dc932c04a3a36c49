"""Sign and verify statements about artifacts."""

from audit.sign._note import NoteKey, generate_note_key, load_note_key
from audit.sign._statement import signature_statement, statement
from audit.sign.bundle import (
    BUNDLE_TYPE,
    MAX_BUNDLE,
    Expected,
    LogRecord,
    VerifiedBundle,
    bundle_digest,
    first_expected,
    sign_statement,
    verify_any,
    verify_bundle,
    verify_expected,
)
from audit.sign.certificate import Identity
from audit.sign.keys import (
    PrivateKey,
    PublicKey,
    generate_key,
    load_private_key,
    load_public_key,
)
from audit.sign.trust import BUNDLED, TrustedRoot, load_trusted_root, parse_trusted_root

__all__ = [
    "BUNDLED",
    "BUNDLE_TYPE",
    "MAX_BUNDLE",
    "Expected",
    "Identity",
    "LogRecord",
    "NoteKey",
    "PrivateKey",
    "PublicKey",
    "TrustedRoot",
    "VerifiedBundle",
    "bundle_digest",
    "first_expected",
    "generate_key",
    "generate_note_key",
    "load_note_key",
    "load_private_key",
    "load_public_key",
    "load_trusted_root",
    "parse_trusted_root",
    "sign_statement",
    "signature_statement",
    "statement",
    "verify_any",
    "verify_bundle",
    "verify_expected",
]
