"""The policy of a gate: whom it trusts, and what must hold.

A policy is read from YAML, where every scalar is text; these documents say
what each text has to be. A built-in rule that a policy does not mention holds
with its defaults; `off` needs a reason, and the verdict repeats it.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PolicyMetadata(_Part):
    """What the policy is called."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    version: str = Field(min_length=1, max_length=64)
    title: dict[Literal["en", "zh"], str] = Field(default_factory=dict)


class TrustedKey(_Part):
    """A public key whose signature over a release counts."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    pem: str


class TrustedIdentity(_Part):
    """Who counts as signer with a certificate: an identity, and the provider that vouches for it.

    Either the whole identity, or a pattern that must match the whole of it.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    identity: str | None = Field(default=None, min_length=1)
    identity_regexp: str | None = Field(default=None, min_length=1)
    issuer: str = Field(min_length=1)

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "TrustedIdentity":
        if (self.identity is None) == (self.identity_regexp is None):
            raise ValueError("name either identity or identity_regexp")
        return self


class TrustedLog(_Part):
    """The logs whose checkpoints count, as C2SP verifier keys `name+hash+base64`.

    Without the other two, any checkpoint that covers the release is enough.
    """

    vkeys: tuple[str, ...] = Field(min_length=1)
    max_checkpoint_age: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,6}[smhd]$")
    """How old the checkpoint that covers the release may be, such as `24h`."""
    log_policy: str | None = Field(default=None, min_length=1)
    """Which witnesses have to cosign it (C2SP tlog-policy), with a quorum."""

    @property
    def max_age_ns(self) -> int | None:
        """The greatest age of a checkpoint, in nanoseconds."""
        age = self.max_checkpoint_age
        return None if age is None else int(age[:-1]) * _UNITS[age[-1]] * 10**9


_NO_REASON = frozenset(
    ["0", "1", "~", "false", "n", "no", "none", "null", "off", "on", "true", "y", "yes"]
)
MIN_REASON = 8


class RuleSetting(_Part):
    """One rule, by name: with parameters, or off with a reason.

    Every scalar is text, so `off: no` would be a rule that is off for the reason
    "no": a word that some reader of YAML takes for a value is no reason.
    """

    rule: str
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    off: str | None = Field(default=None, min_length=1)

    @field_validator("off")
    @classmethod
    def _is_a_reason(cls, reason: str | None) -> str | None:
        if reason is None:
            return None
        said = reason.strip()
        if said.casefold() in _NO_REASON:
            raise ValueError(f"{said!r} is no reason; leave `off` out, or say why the rule is off")
        if len(said) < MIN_REASON or not said.isprintable():
            raise ValueError(f"say why in {MIN_REASON} printable characters or more, on one line")
        return said

    @model_validator(mode="after")
    def _off_has_no_parameters(self) -> "RuleSetting":
        if self.off is not None and self.with_:
            raise ValueError("a rule that is off takes no parameters")
        return self


class PolicySpec(_Part):
    """Trust and rules."""

    keys: tuple[TrustedKey, ...] = ()
    identities: tuple[TrustedIdentity, ...] = ()
    trusted_root: str | None = Field(default=None, min_length=1)
    """A Sigstore trusted root (JSON) for the identities; without it the bundled public one."""
    ledger: TrustedLog
    rules: tuple[RuleSetting, ...] = ()

    @property
    def signers(self) -> tuple[str, ...]:
        """The policy's names for everybody whose signature counts."""
        return (*(one.id for one in self.keys), *(one.id for one in self.identities))

    @model_validator(mode="after")
    def _somebody_is_trusted(self) -> "PolicySpec":
        if not self.signers:
            raise ValueError("name whose signature counts: keys, or identities")
        if self.trusted_root is not None and not self.identities:
            raise ValueError("trusted_root serves identities, and there are none")
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> "PolicySpec":
        for what, names in (
            ("key" if not self.identities else "signer", [*self.signers]),
            ("rule", [rule.rule for rule in self.rules]),
        ):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"{what} {min(twice)!r} is named twice")
        return self


class Policy(_Part):
    """A whole policy file."""

    api_version: Literal["audit.policy/v1"] = Field(alias="apiVersion")
    kind: Literal["Policy"]
    metadata: PolicyMetadata
    spec: PolicySpec
