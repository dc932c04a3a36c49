"""Receipts: what is known about one response at the moment it leaves.

A receipt holds no text. `text_commitment` is a keyed hash whose key, the salt,
lies beside the receipt and can be destroyed; without it nobody can test a
guess of the text against the receipt.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from audit.documents._base import Document
from audit.documents.digest import Sha256
from audit.documents.ledger import Hex64
from audit.documents.nanos import Nanos
from audit.documents.release import ModelId
from audit.documents.watermark import KeyId, MarkProfile

ReceiptId = Annotated[str, StringConstraints(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
"""A ULID: 48 bits of milliseconds, 80 random bits, in Crockford base 32."""

Tag = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2}){1,16}$")]
"""The payload of a mark in hex, one byte per payload symbol; 6 bytes in audit-g1."""

Decimal = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,6})(\.[0-9]{1,6})?$")]
"""A number as text: floats have no single spelling."""


def decimal_text(value: float) -> str:
    """Return a number from 0 to 9999999 as a `Decimal` has it, to six places."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return text or "0"


Log10P = Annotated[str, StringConstraints(pattern=r"^(0|-[0-9]{1,7})\.[0-9]{2}$")]
"""The decimal logarithm of a p-value, rounded towards 0: `-31.74`; `0.00` is no evidence."""

Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
"""What was put around or into the response, such as `header` or `explicit-zh-start`."""


class Coverage(StrEnum):
    """How far the mark reaches; every response has exactly one of these."""

    MARKED = "marked"
    SHORT = "short"
    """Marked, but with too few contexts for the mark to be looked for."""
    LOW_ENTROPY = "low_entropy"
    """Marked, but too little choice was left, by model or redaction, for the mark to be found."""
    GREEDY = "greedy"
    """Not marked: temperature 0 or another setting that leaves no choice."""
    BLACKBOX = "blackbox"
    """Not marked: the upstream gives no hand in sampling."""


MARKED_COVERAGE = frozenset({Coverage.MARKED, Coverage.SHORT, Coverage.LOW_ENTROPY})


class Sampling(Document):
    """How tokens were drawn."""

    temperature: Decimal
    top_p: Decimal
    top_k: int = Field(ge=0)
    """0: no limit."""


class SelfCheck(Document):
    """What a detector that knows the receipt finds in the text that was delivered."""

    log10_p: Log10P
    contexts: int = Field(ge=0)


class Mark(Document):
    """The mark in the response: whose key, which profile, which payload."""

    key_id: KeyId
    profile: MarkProfile
    tag: Tag
    contexts: int = Field(ge=0)
    """How many choices were keyed; each context counts once."""
    entropy_millibits: int | None = Field(ge=0)
    """The mean entropy of the distributions sampled from, in 1/1000 bit per token.

    None: the engine keeps its distributions to itself.
    """
    self_check: SelfCheck
    sketch: Sha256 | None
    """The evidence sketch that lies beside the receipt."""


class Receipt(Document):
    """One response: when, by which release, how marked, and committed to which text."""

    format: Literal["audit.receipt/v1"] = "audit.receipt/v1"
    receipt_id: ReceiptId
    ts_ns: Nanos
    model_id: ModelId
    model_digest: Sha256
    """The OCI manifest digest of the release the gate admitted, not a name."""
    engine: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    sampling: Sampling
    tokens: int = Field(ge=0)
    coverage: Coverage
    mark: Mark | None
    text_commitment: Hex64
    """HMAC-SHA256 of the canonical text under the receipt's salt."""
    redacted_log: Sha256 | None
    """The digest of the log record of this exchange, after redaction."""
    fingerprint: Sha256 | None
    """The keyed fingerprint that lies beside the receipt."""
    labels: tuple[Label, ...] = ()
    overridden: tuple[Label, ...] = ()
    """What the client asked for and did not get, because it would have switched the mark off."""

    @model_validator(mode="after")
    def _coverage_follows_from_the_mark(self) -> Self:
        if (self.mark is not None) != (self.coverage in MARKED_COVERAGE):
            raise ValueError(f"coverage is {self.coverage} but the mark says otherwise")
        return self


class SignedReceipt(Document):
    """A receipt and an Ed25519 signature over its canonical JSON in a DSSE envelope's encoding."""

    format: Literal["audit.signed-receipt/v1"] = "audit.signed-receipt/v1"
    receipt: Receipt
    key: Sha256
    """SHA-256 of the public key's SubjectPublicKeyInfo."""
    signature: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{85}[AQgw]==$")]
    """Base64 of 64 bytes in its one spelling: four bits of the last letter are no part of them."""


class ReceiptRecord(Document):
    """A signed receipt with what lies beside it and can be destroyed without breaking it.

    All three are hex. Without the salt the receipt no longer commits to any
    text anyone could guess; without the sketch and the fingerprint edited
    copies are no longer found.
    """

    format: Literal["audit.receipt-record/v1"] = "audit.receipt-record/v1"
    signed: SignedReceipt
    salt: Hex64 | None
    sketch: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})*$")] | None
    fingerprint: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{8})*$")] | None
