"""Evidence packs: entries with all that a third party needs to check them without us."""

from audit.ledger.pack._export import ExportedPack, PackRequest, export_pack
from audit.ledger.pack._question import Question
from audit.ledger.pack._verify import PackTrust, VerifiedPack, verify_pack

__all__ = [
    "ExportedPack",
    "PackRequest",
    "PackTrust",
    "Question",
    "VerifiedPack",
    "export_pack",
    "verify_pack",
]
