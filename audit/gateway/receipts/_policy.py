"""What clients may ask for where every answer is marked and has a receipt."""

from typing import Literal

from pydantic import Field

from audit.documents import Document, Explicit


class ReceiptPolicy(Document):
    """The rules of one gateway."""

    format: Literal["audit.receipt-policy/v1"] = "audit.receipt-policy/v1"
    opt_outs: Literal["strip", "refuse"] = "strip"
    """Fields that would switch the mark off are taken out and recorded, or the request is refused."""
    greedy: Literal["allow", "raise", "refuse"] = "allow"
    """Temperature 0 leaves no choice to mark: answered unmarked, raised, or refused."""
    least_temperature: str = Field(default="0.3", pattern=r"^[0-2](\.[0-9]{1,3})?$")
    """What `raise` raises to."""
    logit_bias: Literal["strip", "refuse", "allow"] = "strip"
    """Some engines drop every other processor when a client biases logits."""
    unrecorded: Literal["refuse", "flag"] = "refuse"
    """An answer whose receipt cannot be recorded is refused, or sent with a flag that says so."""
    streams: Literal["live", "hold"] = "live"
    """Streams are passed on as they come, so that only their end can be refused; or held whole."""
    explicit: Explicit = Explicit.NONE
    """Where the words that people read are put."""
    synonyms: bool = False
    """Whether words of whole answers that have no mark are chosen by key; weak, see the docs."""
    wrapper: bool = False
    """Whether an unseen reference to the receipt is put at the end of a text."""
    producer: str | None = Field(default=None, min_length=1, max_length=256)
    """The producer's code for the metadata label; None: no label in answers."""
