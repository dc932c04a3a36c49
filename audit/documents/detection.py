"""What examining a text found: a verdict in words, and the p-values behind it."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from audit.documents._base import Document
from audit.documents.digest import Sha256
from audit.documents.nanos import Nanos
from audit.documents.receipt import Log10P, ReceiptId
from audit.documents.release import ModelId
from audit.documents.watermark import KeyId


class Decision(StrEnum):
    """What a p-value allows to be said, at the thresholds written beside it."""

    PRESENT = "present"
    INCONCLUSIVE = "inconclusive"
    ABSENT = "absent"


class Via(StrEnum):
    """How a receipt became a candidate."""

    HASH = "hash"
    LABEL = "label"
    FINGERPRINT = "fingerprint"
    SCAN = "scan"


class DetectionVerdict(StrEnum):
    """The six answers. None of them says who wrote the text."""

    AUTHENTIC = "authentic"
    """Exactly the text that was delivered under the receipt."""
    DERIVED = "derived or altered"
    """Carries the mark of a receipt but is not its text. Not the model's words."""
    MODEL_ONLY = "from this model, receipt unknown"
    """Carries the key's mark; no receipt is tied to it."""
    NEAR_COPY = "near copy, mark stripped"
    """Shares much of its wording with a receipt's text; no mark."""
    INCONCLUSIVE = "inconclusive"
    """Between the two thresholds: not evidence, and not its absence."""
    NO_EVIDENCE = "no evidence"
    """Nothing found. Human, foreign, paraphrased or too short: the detector cannot know."""


class PresenceFinding(Document):
    """The test of one key: does the text carry its mark, whichever receipt it has?"""

    key_id: KeyId
    model_id: ModelId
    model_digest: Sha256
    decision: Decision
    log10_p: Log10P
    """Family-wise over all keys, windows and spellings tested."""
    tests: int = Field(ge=1)
    contexts: int = Field(ge=0)
    tokens: tuple[int, int]
    """The stretch of tokens in which the evidence is strongest, first and one past the last."""


class Attribution(Document):
    """A receipt the text is tied to, and how strongly."""

    receipt_id: ReceiptId
    receipt_digest: Sha256
    ts_ns: Nanos
    model_id: ModelId
    model_digest: Sha256
    via: tuple[Via, ...]
    exact: bool
    """The text is the one the receipt commits to."""
    decision: Decision
    log10_p: Log10P
    """For "this receipt and no other", family-wise over the candidates."""
    candidates: int = Field(ge=1)
    shared_permille: int | None = Field(default=None, ge=0, le=1000)
    """How much of the shorter fingerprint, the text's or the receipt's, the other one holds."""


class ForeignDetection(Document):
    """What testing a text for the mark of somebody else's scheme found."""

    format: Literal["audit.foreign-detection/v1"] = "audit.foreign-detection/v1"
    scheme: Literal["green-list", "tournament"]
    decision: Decision
    log10_p: Log10P
    counted: int = Field(ge=0)
    """Pairs or contexts that counted, each once."""


class Detection(Document):
    """Everything one examination found, for one text."""

    format: Literal["audit.detection/v1"] = "audit.detection/v1"
    verdict: DetectionVerdict
    characters: int = Field(ge=0)
    tokens: int = Field(ge=0)
    presence: tuple[PresenceFinding, ...]
    attributions: tuple[Attribution, ...]
    remarks: tuple[str, ...] = ()
    """Reason codes, each with a heading in docs/watermark.md."""

    @model_validator(mode="after")
    def _verdict_is_carried_by_the_findings(self) -> Self:
        exact = any(found.exact for found in self.attributions)
        if exact != (self.verdict is DetectionVerdict.AUTHENTIC):
            raise ValueError(
                "the verdict is authentic if and only if a receipt commits to the text"
            )
        tied = any(found.decision is Decision.PRESENT for found in self.attributions)
        if self.verdict is DetectionVerdict.DERIVED and not tied:
            raise ValueError("no attribution carries the verdict")
        seen = any(found.decision is Decision.PRESENT for found in self.presence)
        if self.verdict is DetectionVerdict.MODEL_ONLY and not seen:
            raise ValueError("no presence carries the verdict")
        return self
