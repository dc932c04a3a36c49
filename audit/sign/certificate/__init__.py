"""Signing certificates: path, purpose, public record, identity."""

from audit.sign.certificate._chain import check_profile, issuer_of
from audit.sign.certificate._identity import Identity, identity_of
from audit.sign.certificate._sct import verify_sct

__all__ = ["Identity", "check_profile", "identity_of", "issuer_of", "verify_sct"]
