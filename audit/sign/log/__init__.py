"""Transparency logs: entries, proofs, checkpoints."""

from audit.sign.log._body import Signed, compare_body
from audit.sign.log._entry import KINDS, Entry, VerifiedEntry, parse_entry, verify_entry

__all__ = [
    "KINDS",
    "Entry",
    "Signed",
    "VerifiedEntry",
    "compare_body",
    "parse_entry",
    "verify_entry",
]
