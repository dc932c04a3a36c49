"""A release: the thing that is allowed out or not."""

from typing import Annotated

from pydantic import StringConstraints

from audit.documents._base import Document
from audit.documents.digest import Sha256

ModelId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")]
"""The versioned model's name, such as `acme/qwen-7b-support`."""

Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]


class Release(Document):
    """One version of one fine-tuned model, named by the digest of its OCI manifest."""

    model_id: ModelId
    version: Version
    artifact: Sha256
