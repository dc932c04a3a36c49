"""Sign and verify statements about artifacts."""

from audit.sign._note import NoteKey, generate_note_key, load_note_key
from audit.sign._statement import signature_statement, statement
from audit.sign.bundle import (
    BUNDLE_TYPE,
    MAX_BUNDLE,
    VerifiedBundle,
    bundle_digest,
    sign_statement,
    verify_any,
    verify_bundle,
)
from audit.sign.keys import (
    PrivateKey,
    PublicKey,
    generate_key,
    load_private_key,
    load_public_key,
)

__all__ = [
    "BUNDLE_TYPE",
    "MAX_BUNDLE",
    "NoteKey",
    "PrivateKey",
    "PublicKey",
    "VerifiedBundle",
    "bundle_digest",
    "generate_key",
    "generate_note_key",
    "load_note_key",
    "load_private_key",
    "load_public_key",
    "sign_statement",
    "signature_statement",
    "statement",
    "verify_any",
    "verify_bundle",
]
