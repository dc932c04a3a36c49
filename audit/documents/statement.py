"""in-toto Statement v1 (in-toto attestation framework, spec v1).

A statement comes from outside and may hold fields we do not know. What is
signed, hashed and stored is always the bytes it came in, never this reading.
"""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.documents._base import first_problem

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
COSIGN_SIGN = "https://sigstore.dev/cosign/sign/v1"
"""The predicate type by which cosign v3 says "this is a signature" and nothing more."""
RELEASE_FACTS = "urn:lastmile-audit:predicate:release:v1"
"""The predicate type of our description of a release."""


class Subject(BaseModel):
    """What a statement is about: a name, if it has one, and digests by algorithm."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str | None = None
    digest: dict[str, str] = Field(min_length=1)


class Statement(BaseModel):
    """An in-toto v1 statement, as far as this package reads it."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    type_: Literal["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"] = Field(
        alias="_type"
    )
    """v0.1 has the same members; cosign still writes it for attestations."""
    subject: tuple[Subject, ...] = Field(min_length=1)
    predicate_type: str = Field(alias="predicateType", min_length=1)
    predicate: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def read(cls, payload: bytes, *, source: str) -> Self:
        """Return the statement in `payload`.

        Raises:
            ConfigError: not strict JSON, or not an in-toto v1 statement.
        """
        value = strict_json.loads(payload, source=source)
        try:
            return cls.model_validate(value)
        except ValidationError as exc:
            raise ConfigError(f"{source}: {first_problem(exc)}") from exc

    def is_about(self, digest: str) -> bool:
        """Whether some subject carries `digest`, written `algorithm:hex`."""
        algorithm, _, value = digest.partition(":")
        return any(subject.digest.get(algorithm) == value for subject in self.subject)
