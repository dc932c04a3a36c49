"""Read a policy: strict YAML, known rules, typed parameters.

* A built-in rule that the policy does not mention holds with its defaults.
* Only `off: <reason>` switches a rule off, and the verdict repeats the reason.
  A policy that leaves no rule on decides nothing, and is refused.
* A name that a rule is told to look for, and that the policy does not define, is refused.
* Witnesses cosign for logs whose own keys the policy names; others are refused.
* The digest in a verdict is over the bytes of the file, comments and all.

Trust: whoever can write the policy file decides what the gate allows.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from audit.core import strict_yaml
from audit.core.errors import ConfigError
from audit.core.strict_yaml import YamlDocument
from audit.documents import Policy, PolicyRef, RuleOff, RuleSetting, first_problem
from audit.gate.rules import RULES, Rule
from audit.ledger import NO_QUORUM, LogPolicy
from audit.ledger import parse_policy as parse_log_policy

MAX_POLICY = 1 << 20
"""Largest policy file that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """A policy that has been read and checked."""

    document: Policy
    ref: PolicyRef
    rules: tuple[tuple[Rule, BaseModel], ...]
    rules_off: tuple[RuleOff, ...]
    log_policy: LogPolicy | None = None
    """Which witnesses have to cosign the ledger's checkpoint; None: none has to."""


def load_policy(data: bytes, *, source: str) -> GatePolicy:
    """Return the policy in the bytes of a YAML file; `source` names it in errors.

    Raises:
        ConfigError: not strict YAML, not a policy, an unknown rule or parameter.
    """
    if len(data) > MAX_POLICY:
        raise ConfigError(f"{source}: {len(data)} bytes; a policy has {MAX_POLICY} at most")
    text = strict_yaml.loads(data, source=source)
    try:
        document = Policy.model_validate(text.value)
    except ValidationError as exc:
        raise _at(exc, text, source, ()) from exc
    settings = {setting.rule: (at, setting) for at, setting in enumerate(document.spec.rules)}
    _refuse_unknown(settings, text, source)
    ref = PolicyRef(
        id=document.metadata.id,
        version=document.metadata.version,
        digest="sha256:" + hashlib.sha256(data).hexdigest(),
    )
    rules, off = [], []
    for name, rule in RULES.items():
        at, setting = settings.get(name, (None, RuleSetting(rule=name)))
        if setting.off is not None:
            off.append(RuleOff(rule=name, reason=setting.off))
            continue
        try:
            rules.append((rule, rule.parameters.model_validate(setting.with_)))
        except ValidationError as exc:
            raise _at(exc, text, source, ("spec", "rules", at or 0, "with")) from exc
    if not rules:
        raise ConfigError(f"{source}: every rule is off, so this policy decides nothing")
    _refuse_strangers(document, rules, source)
    witnesses = _witnesses(document, text, source)
    return GatePolicy(document, ref, tuple(rules), tuple(off), witnesses)


def _witnesses(document: Policy, text: YamlDocument, source: str) -> LogPolicy | None:
    """Return the log policy in a policy, if it has one.

    Raises:
        ConfigError: not a log policy, a log whose key the policy does not name, or no quorum.
    """
    ledger = document.spec.ledger
    if ledger.log_policy is None:
        return None
    where = f"{source}:{text.line_of(('spec', 'ledger', 'log_policy'))}: spec.ledger.log_policy"
    found = parse_log_policy(ledger.log_policy.encode(), source=where)
    if not {str(key) for key in found.logs} <= set(ledger.vkeys) or not found.logs:
        raise ConfigError(
            f"{where}: its logs are not among spec.ledger.vkeys",
            hint="name each log's key in both places",
        )
    if found.quorum == NO_QUORUM:
        raise ConfigError(
            f"{where}: quorum none asks for no witness", hint="name a quorum, or leave it out"
        )
    return found


def _refuse_unknown(
    settings: dict[str, tuple[int, RuleSetting]], text: YamlDocument, source: str
) -> None:
    for name, (at, _) in settings.items():
        if name not in RULES:
            line = text.line_of(("spec", "rules", at, "rule"))
            raise ConfigError(
                f"{source}:{line}: no rule is called {name!r}",
                hint=f"the rules are {', '.join(RULES)}",
            )


def _refuse_strangers(
    document: Policy, rules: Sequence[tuple[Rule, BaseModel]], source: str
) -> None:
    """Refuse a rule that asks for the signature of somebody whom the policy does not name."""
    keys = set(document.spec.signers)
    for rule, parameters in rules:
        for name in getattr(parameters, "any_of", ()):
            if name not in keys:
                raise ConfigError(
                    f"{source}: {rule.name} names the signer {name!r}, whom neither spec.keys nor "
                    "spec.identities does",
                    hint=f"the signers are {', '.join(sorted(keys))}",
                )


def _at(
    exc: ValidationError, text: YamlDocument, source: str, above: tuple[Any, ...]
) -> ConfigError:
    """Return our error for what pydantic found, with the line where it stands."""
    where = (*above, *exc.errors(include_url=False)[0]["loc"])
    line = text.line_of(where)
    prefix = ".".join(str(part) for part in above)
    problem = first_problem(exc)
    return ConfigError(
        f"{source}:{line}: {prefix + '.' if prefix else ''}{problem}",
        hint="see schemas/policy-v1.schema.json and docs/rules.md",
    )
