"""All exceptions of this package.

* AuditError               exit 1   base; reaches the user only as a bug
  - UsageError             exit 2   the caller asked for something that makes no sense
    . ConfigError                   a release, policy or data file is not what it must be
    . InputMissing                  a named file or folder is not there or cannot be read
    . ExtraMissing                  an optional part of the package is needed and not installed
  - EvidenceError          exit 3   something a verdict needs cannot be had; stay closed
    . LedgerUnavailable             the ledger cannot be read or written
    . RegistryUnavailable           a registry cannot be reached, or does not behave as one
    . CheckpointStale               no checkpoint is as young as the policy asks
    . QuorumMissing                 too few witnesses vouch for a checkpoint
    . AnchorMissing                 nobody outside vouches for how old an entry is
    . SigningFailed                 a signing service refused, or did not do its part
    . FileChanged                   a file changed while it was read
    . EngineUnavailable             an inference engine does not answer, or not what it should
    . StorageFailed                 a result cannot be written: disk full, read-only
    . EntryExpired                  an entry is older than the log keeps entries
    . PayloadErased                 a payload was erased, and an entry says so
    . RedactionFailed               a text could not be scanned whole, so it is not passed on
  - VerificationError      exit 10  something was checked and does not hold
    . SignatureMismatch             a signature does not cover these bytes or this signer
    . ChainBroken                   a ledger entry is not the one its log committed to
    . PromiseBroken                 the log promised to record an event and did not
    . PayloadMissing                a payload is gone, and no entry says why
    . DigestMismatch                bytes do not have the digest that names them
    . ModelRefused                  a model file is malformed, unsafe or of no known format
    . ReceiptUnrecorded             a receipt is not in the ledger as its gateway would have put it
    . PersonalDataLeft              something that leaves the house would hold personal data
"""

from typing import ClassVar


class AuditError(Exception):
    """Base of every error this package raises on purpose.

    `hint` says what the reader can do next; `slug` is the anchor in docs/errors.md.
    """

    exit_code: ClassVar[int] = 1
    slug: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(AuditError):
    """The caller asked for something that makes no sense."""

    exit_code = 2
    slug = "usage"


class ConfigError(UsageError):
    """A release, policy or data file is not what it must be."""

    slug = "config"


class InputMissing(UsageError):  # noqa: N818
    """A named file or folder is not there or cannot be read."""

    slug = "input-missing"


class ExtraMissing(UsageError):  # noqa: N818
    """An optional part of this package is needed and not installed."""

    slug = "extra-missing"

    def __init__(self, what: str, *, extra: str) -> None:
        super().__init__(f"{what} is not installed", hint=f"pip install 'lastmile-audit[{extra}]'")
        self.extra = extra


class EvidenceError(AuditError):
    """A verdict needs something that cannot be had right now; the gate stays closed."""

    exit_code = 3
    slug = "evidence-missing"


class LedgerUnavailable(EvidenceError):  # noqa: N818
    """The ledger cannot be read or written."""

    slug = "ledger-unavailable"


class RegistryUnavailable(EvidenceError):  # noqa: N818
    """A registry cannot be reached, refuses, or does not answer as a registry does."""

    slug = "registry-unavailable"


class CheckpointStale(EvidenceError):  # noqa: N818
    """No checkpoint of the ledger is as young as the policy asks."""

    slug = "checkpoint-stale"


class QuorumMissing(EvidenceError):  # noqa: N818
    """Too few witnesses vouch for a checkpoint."""

    slug = "quorum-missing"


class AnchorMissing(EvidenceError):  # noqa: N818
    """Nobody outside vouches that an entry is as old as it says."""

    slug = "anchor-missing"


class SigningFailed(EvidenceError):  # noqa: N818
    """A signing service refused, or did not do its part."""

    slug = "signing-failed"


class FileChanged(EvidenceError):  # noqa: N818
    """A file changed while it was read, so its digest would name nothing."""

    slug = "file-changed"


class StorageFailed(EvidenceError):  # noqa: N818
    """A result cannot be written."""

    slug = "storage-failed"


class EngineUnavailable(EvidenceError):  # noqa: N818
    """An inference engine does not answer, or not what its interface says."""

    slug = "engine-unavailable"


class EntryExpired(EvidenceError):  # noqa: N818
    """An entry is older than the log keeps entries, and it says so."""

    slug = "entry-expired"


class PayloadErased(EvidenceError):  # noqa: N818
    """A payload was erased, and a ledger entry says so."""

    slug = "payload-erased"


class RedactionFailed(EvidenceError):  # noqa: N818
    """A text could not be scanned whole, so it is not passed on."""

    slug = "redaction-failed"


class VerificationError(AuditError):
    """Something was checked and does not hold."""

    exit_code = 10
    slug = "verification-failed"


class SignatureMismatch(VerificationError):  # noqa: N818
    """A signature does not cover these bytes or this signer."""

    slug = "signature-mismatch"


class ChainBroken(VerificationError):  # noqa: N818
    """A ledger entry is not the one its log committed to; `seq` is the first bad one."""

    slug = "chain-broken"

    def __init__(self, seq: int, what: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"ledger entry {seq} {what}",
            hint=hint or "compare with a checkpoint kept outside: audit ledger verify --help",
        )
        self.seq = seq


class PromiseBroken(VerificationError):  # noqa: N818
    """The log promised to record an event, and no entry holds it."""

    slug = "promise-broken"


class PayloadMissing(VerificationError):  # noqa: N818
    """A payload that an entry commits to is gone, and no entry says that it was erased."""

    slug = "payload-missing"

    def __init__(self, seq: int) -> None:
        super().__init__(
            f"the payload of ledger entry {seq} is gone, and no entry says that it was erased",
            hint="look for it in a backup; the entry itself still holds",
        )


class DigestMismatch(VerificationError):  # noqa: N818
    """Bytes do not have the digest that names them."""

    slug = "digest-mismatch"

    def __init__(self, name: str, *, expected: str, found: str) -> None:
        super().__init__(
            f"{name} is not what its digest names (expected {expected}, found {found})"
        )
        self.found = found


class ModelRefused(VerificationError):  # noqa: N818
    """A model file is malformed, unsafe or of no known format."""

    slug = "model-refused"

    def __init__(self, name: str, reason: str, detail: str, *, hint: str | None = None) -> None:
        super().__init__(f"{name}: {reason}: {detail}", hint=hint or "see docs/model-formats.md")
        self.reason = reason
        self.detail = detail


class ReceiptUnrecorded(VerificationError):  # noqa: N818
    """A receipt is not in the ledger, or not as its gateway would have recorded it."""

    slug = "receipt-unrecorded"


class PersonalDataLeft(VerificationError):  # noqa: N818
    """Something that leaves the house has the shape of personal data in it; it is not written."""

    slug = "personal-data-left"
