"""Watermark keys, as far as they are public: what a key marks, how, and when it counted."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from audit.documents._base import Document
from audit.documents.digest import Sha256
from audit.documents.nanos import Nanos
from audit.documents.release import ModelId

KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""Names an epoch key without telling it."""

Epoch = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
"""The span of time one epoch key serves, as the operator names it (`2026-W48`)."""


class Scheme(StrEnum):
    """How tokens are chosen by key."""

    AUDIT_G1 = "audit-g1"
    VLLM_GUMBEL = "vllm-gumbel"
    SGLANG_GUMBEL = "sglang-gumbel"


class MarkProfile(Document):
    """The numbers embedder and detector must agree on.

    `context` tokens key each choice; `pilot_permille` of the contexts say only
    that the key was used, the others carry one of `symbols` bytes of the tag.
    """

    scheme: Scheme = Scheme.AUDIT_G1
    context: int = Field(default=4, ge=1, le=16)
    symbols: int = Field(default=6, ge=0, le=16)
    pilot_permille: int = Field(default=500, ge=0, le=1000)

    @model_validator(mode="after")
    def _has_somewhere_to_mark(self) -> Self:
        if self.symbols == 0 and self.pilot_permille != 1000:
            raise ValueError("a profile without payload symbols has pilot_permille 1000")
        return self


def native_profile(scheme: Scheme) -> MarkProfile:
    """Return the profile of a mark that an engine makes by itself: no payload, four tokens."""
    return MarkProfile(scheme=scheme, symbols=0, pilot_permille=1000)


class RegisteredKey(Document):
    """One epoch key: the model it marks and the time in which its mark counts."""

    key_id: KeyId
    epoch: Epoch
    model_id: ModelId
    model_digest: Sha256
    tokenizer_digest: Sha256
    profile: MarkProfile
    valid_from_ns: Nanos
    valid_until_ns: Nanos
    revoked_at_ns: Nanos | None = None
    """From this moment on the key may be in foreign hands; receipts before it still count."""

    @model_validator(mode="after")
    def _validity_is_a_span(self) -> Self:
        if self.valid_until_ns <= self.valid_from_ns:
            raise ValueError("valid_until_ns is not after valid_from_ns")
        return self

    def counts_at(self, ts_ns: int) -> bool:
        """Whether a receipt of time `ts_ns` may rely on this key."""
        trusted = self.revoked_at_ns is None or ts_ns < self.revoked_at_ns
        return trusted and self.valid_from_ns <= ts_ns < self.valid_until_ns


class EngineKey(Document):
    """What an engine that marks by itself needs of one epoch key. It is a secret."""

    format: Literal["audit.engine-key/v1"] = "audit.engine-key/v1"
    key_id: KeyId
    profile: MarkProfile
    pilot: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(repr=False)
    payload: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(repr=False)


class KeyRegistry(Document):
    """Every epoch key there ever was. Retired keys stay, so that old text can be examined."""

    format: Literal["audit.key-registry/v1"] = "audit.key-registry/v1"
    keys: tuple[RegisteredKey, ...]

    @model_validator(mode="after")
    def _keys_have_one_line_each(self) -> Self:
        ids = [key.key_id for key in self.keys]
        if len(set(ids)) != len(ids):
            raise ValueError("a key id appears twice")
        return self

    def find_key(self, key_id: str) -> RegisteredKey | None:
        """Return the line of `key_id`, if there is one."""
        return next((key for key in self.keys if key.key_id == key_id), None)
