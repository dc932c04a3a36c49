"""A release: the thing that is allowed out or not."""

from typing import Annotated

from pydantic import StringConstraints

from audit.documents._base import Document
from audit.documents.digest import Sha256

MODEL_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$"
VERSION_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"

ModelId = Annotated[str, StringConstraints(pattern=MODEL_ID_PATTERN)]
"""The versioned model's name, such as `acme/qwen-7b-support`."""

Version = Annotated[str, StringConstraints(pattern=VERSION_PATTERN)]
"""The version of a release, such as `1.4.0`."""


class Release(Document):
    """One version of one fine-tuned model, named by the digest of its OCI manifest."""

    model_id: ModelId
    version: Version
    artifact: Sha256
