"""Read a canary's policy: strict YAML, in which every scalar is text."""

import hashlib
from dataclasses import dataclass

from pydantic import ValidationError

from audit.core import strict_yaml
from audit.core.errors import ConfigError
from audit.documents import CanaryPolicy, PolicyRef, first_problem


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy that was read, and what names its file."""

    document: CanaryPolicy
    ref: PolicyRef


def load_canary_policy(data: bytes, *, source: str) -> LoadedPolicy:
    """Return the policy in the bytes of a YAML file; `source` names it in errors.

    Raises:
        ConfigError: not strict YAML, or not such a policy, with the line.
    """
    text = strict_yaml.loads(data, source=source)
    try:
        document = CanaryPolicy.model_validate(text.value)
    except ValidationError as exc:
        line = text.line_of(exc.errors(include_url=False)[0]["loc"])
        raise ConfigError(
            f"{source}:{line}: {first_problem(exc)}", hint="see docs/canary.md"
        ) from exc
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return LoadedPolicy(
        document, PolicyRef(id=document.id, version=document.version, digest=digest)
    )
