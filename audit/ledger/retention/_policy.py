"""Read a retention policy: strict YAML; its digest is over the bytes of the file."""

import hashlib
from dataclasses import dataclass

from pydantic import ValidationError

from audit.core import strict_yaml
from audit.core.errors import ConfigError
from audit.documents import PolicyRef, RetentionPolicy, first_problem


@dataclass(frozen=True, slots=True)
class LoadedRetention:
    """A policy that was read, and what names it: id, version, digest."""

    document: RetentionPolicy
    ref: PolicyRef

    @property
    def months(self) -> int:
        """How many calendar months entries are kept."""
        return self.document.spec.keep_months


def load_retention(data: bytes, *, source: str) -> LoadedRetention:
    """Return the policy in the bytes of a YAML file; `source` names it in errors.

    Raises:
        ConfigError: not strict YAML, not a retention policy, or it keeps too little.
    """
    text = strict_yaml.loads(data, source=source)
    try:
        document = RetentionPolicy.model_validate(text.value)
    except ValidationError as exc:
        line = text.line_of(exc.errors(include_url=False)[0]["loc"])
        raise ConfigError(
            f"{source}:{line}: {first_problem(exc)}",
            hint="see schemas/retention-policy-v1.schema.json and docs/ledger.md",
        ) from exc
    ref = PolicyRef(
        id=document.metadata.id,
        version=document.metadata.version,
        digest="sha256:" + hashlib.sha256(data).hexdigest(),
    )
    return LoadedRetention(document, ref)
