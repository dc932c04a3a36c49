"""The one pydantic configuration that every document of ours uses."""

import hashlib
from typing import Self, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from audit.core import strict_json
from audit.core.canonical import JsonValue, canonical_bytes
from audit.core.errors import ConfigError


class Document(BaseModel):
    """A frozen value that appears in a file, the ledger, or on a wire."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    @classmethod
    def read(cls, data: bytes, *, source: str) -> Self:
        """Return the document in a JSON text; `source` names it in errors.

        Raises:
            ConfigError: not strict JSON, or not this document.
        """
        strict_json.loads(data, source=source)  # duplicate keys: pydantic keeps the last one
        try:
            return cls.model_validate_json(data)
        except ValidationError as exc:
            raise ConfigError(f"{source}: {first_problem(exc)}") from exc

    def canonical(self) -> bytes:
        """Return the document's canonical JSON, the bytes that are hashed."""
        return canonical_bytes(cast("dict[str, JsonValue]", self.model_dump(mode="json")))

    def document_digest(self) -> str:
        """Return the SHA-256 of the canonical JSON as `sha256:hex`."""
        return "sha256:" + hashlib.sha256(self.canonical()).hexdigest()


def first_problem(exc: ValidationError) -> str:
    """Return the first thing pydantic found wrong, as `where: what`."""
    problem = exc.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    text = problem["msg"].removeprefix("Value error, ")
    text = text[:1].lower() + text[1:]
    return f"{where}: {text}" if where else text
