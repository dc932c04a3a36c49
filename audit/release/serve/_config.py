"""How a gated release is served: one file, with what its gateway needs."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from audit.core import strict_yaml
from audit.core.errors import ConfigError
from audit.core.files import read_bounded
from audit.documents import Document, MarkProfile, Scheme, first_problem, native_profile
from audit.gateway import GatewayConfig
from audit.gateway.receipts import ReceiptPolicy


class Caller(Document):
    """Who may ask the detector: a name, and the SHA-256 of the token he shows."""

    name: str = Field(min_length=1, max_length=64)
    token_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class ServeConfig(Document):
    """The file `serve.yaml`; paths are taken from its folder."""

    format: Literal["audit.serve/v1"] = "audit.serve/v1"
    root_key: str = "keys/root.key"
    """A file, or the PKCS#11 URI of a key that never leaves its device."""
    root_pin: str | None = None
    """The file with the device's PIN."""
    receipt_key: str = "keys/receipt.key"
    key_registry: str = "keys.json"
    shelf: str = "receipts.db"
    engine: str | None = Field(default=None, pattern=r"^http://")
    """A llama-server that runs already; None: the model is served inside this process."""
    upstream: str | None = Field(default=None, pattern=r"^https?://")
    """A model server elsewhere that holds the same release: vLLM, SGLang, or any other."""
    marks: Scheme | None = None
    """The mark the upstream makes; None: it gives no hand in sampling."""
    engine_keys: str | None = None
    """A folder that gets each epoch's key for vLLM's plug-in (`marks: audit-g1`)."""
    context: int = Field(default=2048, ge=256)
    max_tokens: int = Field(default=512, ge=1)
    top_p: str = Field(default="0.95", pattern=r"^(0\.[0-9]{1,4}|1)$")
    epoch_days: int = Field(default=7, ge=1, le=366)
    profile: MarkProfile = MarkProfile()
    receipts: ReceiptPolicy = ReceiptPolicy()
    redaction: GatewayConfig = GatewayConfig()
    callers: tuple[Caller, ...] = ()
    questions_per_minute: int = Field(default=30, ge=1)

    @model_validator(mode="after")
    def _engine_and_marks_fit(self) -> Self:
        if self.upstream is None and (self.marks or self.engine_keys):
            raise ValueError("marks and engine_keys are for an upstream")
        if self.upstream is not None and self.engine is not None:
            raise ValueError("name an engine or an upstream, not both")
        if (self.engine_keys is not None) != (self.marks is Scheme.AUDIT_G1):
            raise ValueError("engine_keys names a folder if and only if marks is audit-g1")
        return self

    def mark_profile(self) -> MarkProfile:
        """Return the profile of the marks: ours, or what the engine's own mark is."""
        if self.marks in (None, Scheme.AUDIT_G1):
            return self.profile
        return native_profile(self.marks)


def read_config(path: Path) -> ServeConfig:
    """Return the configuration in a YAML file.

    Raises:
        InputMissing: the file is not there.
        ConfigError: it is not such a configuration.
    """
    value = strict_yaml.loads(read_bounded(path), source=str(path)).value
    try:
        return ServeConfig.model_validate(value, strict=False)
    except ValidationError as exc:
        raise ConfigError(f"{path}: {first_problem(exc)}") from exc
