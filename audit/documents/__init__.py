"""The nouns. No input or output here, only values and what is true of them."""

from audit.documents._base import Document, first_problem
from audit.documents.detection import (
    Attribution,
    Decision,
    Detection,
    DetectionVerdict,
    PresenceFinding,
    Via,
)
from audit.documents.digest import Blake3, Digest, Sha256, is_digest
from audit.documents.evidence import (
    BlobEvidence,
    DatasetEvidence,
    EvaluationEvidence,
    Evidence,
    FormatEvidence,
    LedgerEvidence,
    LedgerState,
    RejectedSignature,
    SignatureEvidence,
)
from audit.documents.facts import Fact, ReleaseFacts, SourceFile
from audit.documents.frozen import FrozenFacts
from audit.documents.inspection import FileRole, InspectedFile, ModelInspection, Refusal
from audit.documents.label import AigcLabel, Explicit
from audit.documents.ledger import (
    ENTRY_SCHEMA,
    GENESIS,
    MAX_ENTRY,
    Checkpoint,
    Event,
    LedgerEntry,
    LedgerVerification,
    Named,
    leaf_hash,
)
from audit.documents.manifest import DatasetManifest, FileDigests, FileLine
from audit.documents.nanos import Nanos
from audit.documents.policy import Policy, RuleSetting, TrustedKey
from audit.documents.receipt import (
    MARKED_COVERAGE,
    Coverage,
    Mark,
    Receipt,
    ReceiptRecord,
    Sampling,
    SelfCheck,
    SignedReceipt,
)
from audit.documents.release import Release
from audit.documents.signer import NoteSigner
from audit.documents.signing import AttachedSignature, GeneratedKey
from audit.documents.statement import (
    COSIGN_SIGN,
    PAYLOAD_TYPE,
    RELEASE_FACTS,
    STATEMENT_TYPE,
    Statement,
    Subject,
)
from audit.documents.verdict import Finding, Outcome, PolicyRef, RuleOff, Verdict
from audit.documents.watermark import KeyRegistry, MarkProfile, RegisteredKey, Scheme

__all__ = [
    "COSIGN_SIGN",
    "ENTRY_SCHEMA",
    "GENESIS",
    "MARKED_COVERAGE",
    "MAX_ENTRY",
    "PAYLOAD_TYPE",
    "RELEASE_FACTS",
    "STATEMENT_TYPE",
    "AigcLabel",
    "AttachedSignature",
    "Attribution",
    "Blake3",
    "BlobEvidence",
    "Checkpoint",
    "Coverage",
    "DatasetEvidence",
    "DatasetManifest",
    "Decision",
    "Detection",
    "DetectionVerdict",
    "Digest",
    "Document",
    "EvaluationEvidence",
    "Event",
    "Evidence",
    "Explicit",
    "Fact",
    "FileDigests",
    "FileLine",
    "FileRole",
    "Finding",
    "FormatEvidence",
    "FrozenFacts",
    "GeneratedKey",
    "InspectedFile",
    "KeyRegistry",
    "LedgerEntry",
    "LedgerEvidence",
    "LedgerState",
    "LedgerVerification",
    "Mark",
    "MarkProfile",
    "ModelInspection",
    "Named",
    "Nanos",
    "NoteSigner",
    "Outcome",
    "Policy",
    "PolicyRef",
    "PresenceFinding",
    "Receipt",
    "ReceiptRecord",
    "Refusal",
    "RegisteredKey",
    "RejectedSignature",
    "Release",
    "ReleaseFacts",
    "RuleOff",
    "RuleSetting",
    "Sampling",
    "Scheme",
    "SelfCheck",
    "Sha256",
    "SignatureEvidence",
    "SignedReceipt",
    "SourceFile",
    "Statement",
    "Subject",
    "TrustedKey",
    "Verdict",
    "Via",
    "first_problem",
    "is_digest",
    "leaf_hash",
]
