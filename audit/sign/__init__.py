"""Sign and verify statements about artifacts."""

from audit.sign._note import NoteKey, generate_note_key, load_note_key
from audit.sign._statement import signature_statement, statement, statement_of
from audit.sign.bundle import (
    BUNDLE_TYPE,
    MAX_BUNDLE,
    Expected,
    LogRecord,
    VerifiedBundle,
    bundle_digest,
    first_expected,
    first_of,
    sign_statement,
    verify_any,
    verify_bundle,
    verify_expected,
)
from audit.sign.certificate import Identity
from audit.sign.keys import (
    PrivateKey,
    PublicKey,
    Signer,
    generate_key,
    load_private_key,
    load_public_key,
)
from audit.sign.legacy import (
    LegacySignature,
    sign_legacy,
    simple_payload,
    verify_legacy,
    verify_legacy_attestation,
)
from audit.sign.trust import BUNDLED, TrustedRoot, load_trusted_root, parse_trusted_root

__all__ = [
    "BUNDLED",
    "BUNDLE_TYPE",
    "MAX_BUNDLE",
    "Expected",
    "Identity",
    "LegacySignature",
    "LogRecord",
    "NoteKey",
    "PrivateKey",
    "PublicKey",
    "Signer",
    "TrustedRoot",
    "VerifiedBundle",
    "bundle_digest",
    "first_expected",
    "first_of",
    "generate_key",
    "generate_note_key",
    "load_note_key",
    "load_private_key",
    "load_public_key",
    "load_trusted_root",
    "parse_trusted_root",
    "sign_legacy",
    "sign_statement",
    "signature_statement",
    "simple_payload",
    "statement",
    "statement_of",
    "verify_any",
    "verify_bundle",
    "verify_expected",
    "verify_legacy",
    "verify_legacy_attestation",
]
