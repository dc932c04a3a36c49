"""How the gateway redacts: from a file, chosen by a variable.

`AUDIT_REDACTION` names a YAML file; without it the defaults hold, which refuse
every path they do not know.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from audit.core import strict_yaml
from audit.core.errors import ConfigError
from audit.core.files import read_bounded
from audit.documents import Document, first_problem
from audit.gateway.formats import FORMATS
from audit.redact import Recogniser, Redactor, Settings, placeholder, typed

VARIABLE = "AUDIT_REDACTION"
_QUIET = ("/health", "/healthz", "/ping", "/version", "/metrics", "/v1/models")


class GatewayConfig(Document):
    """What is redacted, and what happens where nothing is known of a path."""

    format: Literal["audit.redaction-gateway/v1"] = "audit.redaction-gateway/v1"
    names: bool = False
    """Look for names and addresses too (the extra `names`)."""
    style: Literal["placeholder", "typed"] = "placeholder"
    on_failure: Literal["mask", "refuse"] = "refuse"
    keep: tuple[str, ...] = ()
    """Entity types that are left alone."""
    redact_paths: tuple[str, ...] = (*FORMATS, "/v1/embeddings")
    """Paths whose requests and answers are redacted."""
    pass_paths: tuple[str, ...] = _QUIET
    """Paths that carry no texts of people; GET and HEAD pass untouched."""
    other_paths: Literal["refuse", "redact", "pass"] = "refuse"
    attachments: Literal["refuse", "pass"] = "refuse"
    """Images, sound and files in requests: nothing looks into them."""
    requests: bool = True
    responses: bool = True
    most_body: int = Field(default=10 << 20, gt=0)
    """Largest body in bytes; a larger request is refused, a larger answer is cut off."""
    budget_seconds: int = Field(default=10, gt=0)

    def redactor(self) -> Redactor:
        """Return the redactor that this configuration describes.

        Raises:
            ExtraMissing: names are wanted and a model is not installed.
        """
        recognisers: list[Recogniser] = []
        if self.names:
            from audit.redact.names import Names

            recognisers.append(Names())
        settings = Settings(
            keep=frozenset(self.keep),
            on_failure=self.on_failure,
            budget=float(self.budget_seconds),
            most=self.most_body,
            replacement=typed if self.style == "typed" else placeholder,
        )
        return Redactor(settings, recognisers)


def load(path: Path | None = None) -> GatewayConfig:
    """Return the configuration in `path`, else in the file that the variable names.

    Raises:
        InputMissing: the file is not there.
        ConfigError: the file is not such a configuration.
    """
    name = path or os.environ.get(VARIABLE)
    if not name:
        return GatewayConfig()
    source = Path(name)
    value = strict_yaml.loads(read_bounded(source), source=str(source)).value
    try:
        return GatewayConfig.model_validate(value, strict=False)
    except ValidationError as exc:
        raise ConfigError(f"{source}: {first_problem(exc)}") from exc
