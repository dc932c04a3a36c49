"""`carrier-drift`: whatever speaks about the release says what the ledger recorded."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from audit.documents import Carrier, CarrierEvidence, Evidence, Finding, Outcome, Release
from audit.gate.rules._rule import Parameters, Rule, of_kind

WHO = {
    Carrier.LEDGER: "the ledger",
    Carrier.ANNOTATIONS: "the manifest",
    Carrier.CARD: "the model card",
    Carrier.CONFIG: "the configuration",
    Carrier.STATEMENT: "the signed statement",
}
NAMES = frozenset({"model.id", "model.version"})
SAYS_NAMES = {Carrier.ANNOTATIONS, Carrier.CONFIG, Carrier.STATEMENT}
SAYS_FACTS = {Carrier.ANNOTATIONS, Carrier.CARD, Carrier.STATEMENT}


class Carriers(Parameters):
    """Which carriers have to be there; one that is there is compared in any case."""

    required: tuple[Literal["annotations", "card", "config", "statement"], ...] = (
        "annotations",
        "card",
        "config",
    )


def _check(
    release: Release, evidence: Sequence[Evidence], parameters: Carriers
) -> Iterator[Finding]:
    carriers = of_kind(evidence, CarrierEvidence)
    ledger = next((one for one in carriers if one.carrier is Carrier.LEDGER), None)
    if ledger is None:
        yield _finding(f"the ledger does not say what {release.artifact} is")
        return
    there = {one.carrier for one in carriers}
    for name in parameters.required:
        if name not in there:
            yield _finding(f"{WHO[Carrier(name)]} is missing, and has to say what this release is")
    for carrier in carriers:
        if carrier.problem is not None:
            yield _finding(f"{WHO[carrier.carrier]} cannot be gone by: {carrier.problem}")
        elif carrier.carrier is not Carrier.LEDGER:
            yield from _compare(carrier, ledger.facts)


def _compare(carrier: CarrierEvidence, recorded: Mapping[str, str]) -> Iterator[Finding]:
    said, who = carrier.facts, WHO[carrier.carrier]
    for name, value in sorted(said.items()):
        if name not in recorded:
            yield _finding(f"{who} says {name} is {value!r}, which the ledger does not record")
        elif value != recorded[name]:
            yield _finding(f"{who} says {name} is {value!r}, the ledger {recorded[name]!r}")
    for name in sorted(set(recorded) - set(said)):
        if carrier.carrier in (SAYS_NAMES if name in NAMES else SAYS_FACTS):
            yield _finding(f"{who} does not say that {name} is {recorded[name]!r}")


def _finding(message: str) -> Finding:
    return Finding(
        rule=RULE.name,
        outcome=Outcome.DENY,
        message=message,
        hint="package it again from its files: audit release run RELEASE.toml",
    )


RULE = Rule(
    "carrier-drift", "card, annotations and statement agree with the ledger", _check, Carriers
)
