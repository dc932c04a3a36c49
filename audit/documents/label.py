"""The metadata label for AI-generated content of GB 45438-2025."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from audit.documents._base import Document

LabelText = Annotated[str, StringConstraints(max_length=4096)]


class AigcLabel(Document):
    """The seven fields that stand under the key `AIGC`, all text.

    `Label` is 1 for generated, 2 for possibly and 3 for suspected to be generated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    label: Literal["1", "2", "3"] = Field(alias="Label")
    content_producer: LabelText = Field(alias="ContentProducer", min_length=1)
    produce_id: LabelText = Field(alias="ProduceID", min_length=1)
    reserved_code1: LabelText = Field(alias="ReservedCode1")
    content_propagator: LabelText = Field(alias="ContentPropagator")
    propagate_id: LabelText = Field(alias="PropagateID")
    reserved_code2: LabelText = Field(alias="ReservedCode2")


class Explicit(StrEnum):
    """Where the words that people read stand, and in which language."""

    NONE = "none"
    ZH_START = "explicit-zh-start"
    ZH_END = "explicit-zh-end"
    EN_START = "explicit-en-start"
    EN_END = "explicit-en-end"
